package exchange

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
)

// The two lines of every request are encoded from its records, without a list of
// fields in between: they are written for each request, and other lines are rare.

// line writes a record to the log, if the level is enabled.
func (x *Exchange) line(level zapcore.Level, message string, of zapcore.ObjectMarshaler) {
	if entry := x.log.Check(level, message); entry != nil {
		entry.Write(zap.Inline(of))
	}
}

// identity says in a line whose it is.
type identity attempt

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (l *identity) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	a := (*attempt)(l)
	whose, _ := a.origin()
	whose.AddTo(enc)
	enc.AddInt64("attempt", int64(a.number))
	return nil
}

// logger is for all other log lines; it adds the request's identity to each.
func (a *attempt) logger() *zap.Logger { return a.x.log.With(zap.Inline((*identity)(a))) }

// written reports whether the attempt is logged. Where log sampling is
// configured, one of so many requests is whose first attempt was answered
// without any trouble, and all others are.
func (a *attempt) written() bool {
	return !a.plain() || a.x.cfg.LogSample <= 1 || a.x.random()*float64(a.x.cfg.LogSample) < 1
}

// plain reports whether the attempt was the request's only one, was sent once,
// and its answer came complete and without trouble.
func (a *attempt) plain() bool {
	r := &a.record
	answered := r.verdict == policies.Pass && (r.outcome == "passed" || r.outcome == "local")
	return answered && a.number == 1 && a.hedge.result == "" && a.resumption == nil && a.unreadable == nil && r.err == nil
}

// level is the level of the attempt's line. A healed fault is info, but a
// refused credential is a warning: somebody has to replace it, or pay.
func (a *attempt) level() zapcore.Level {
	switch a.record.reason {
	case heal.ReasonBadKey, heal.ReasonForbidden, heal.ReasonUnpaid:
		return zapcore.WarnLevel
	case heal.ReasonPanic, heal.ReasonProtocol:
		return zapcore.ErrorLevel
	}
	return zapcore.InfoLevel
}

// levelOf is the level of a request's line: error where the client did not get
// an answer that it could have had.
func levelOf(r *record.Request) zapcore.Level {
	switch {
	case r.Outcome == "failed" && r.Status < http.StatusInternalServerError && slices.Contains(heal.ClientsFaults, r.Reason):
	case r.Outcome == "failed", r.Outcome == "broken":
		return zapcore.ErrorLevel
	}
	return zapcore.InfoLevel
}

// client is the address from which the outer listener was reached: the last one
// in the list, after whatever the client itself has sent. "" if it is no
// address.
func (a *attempt) client() string {
	hops := a.in.Headers.Get("x-forwarded-for")
	ip, err := netip.ParseAddr(strings.TrimSpace(hops[strings.LastIndexByte(hops, ',')+1:]))
	if err != nil {
		return ""
	}
	return ip.WithZone("").String()
}
