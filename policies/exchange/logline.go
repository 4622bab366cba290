package exchange

import (
	"net/netip"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// The two lines of every request are encoded from the attempt itself, without a
// list of fields in between: they are written for each request, and other lines
// are rare.
type (
	attemptLine attempt // "attempt finished"
	requestLine attempt // "request finished"
	identity    attempt // whose a line is
)

// logger is for the other lines: each of its lines says whose it is.
func (a *attempt) logger() *zap.Logger { return a.x.log.With(zap.Inline((*identity)(a))) }

// written reports whether the log gets the lines of the attempt: where the
// owner has them sampled, one of so many requests whose first attempt was
// answered without any trouble, and everything else.
func (a *attempt) written() bool {
	return !a.plain() || a.x.cfg.LogSample <= 1 || a.x.random()*float64(a.x.cfg.LogSample) < 1
}

// plain reports whether the attempt was the request's only one and was sent
// once, and its answer came whole and as it should.
func (a *attempt) plain() bool {
	r := &a.record
	answered := r.verdict == policies.Pass && r.outcome == "passed"
	return answered && a.number == 1 && a.hedge.result == "" && a.resumption == nil && a.unreadable == nil && r.err == nil
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (l *identity) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	a := (*attempt)(l)
	enc.AddString("request_id", a.requestID())
	enc.AddString("dialect", a.dialect.Name())
	enc.AddInt64("attempt", int64(a.number))
	switch {
	case a.caller.KeyID != "":
		enc.AddString("tenant", a.caller.Tenant.Name)
		enc.AddString("key_id", a.caller.KeyID)
	case a.record.tenant != "":
		enc.AddString("tenant", a.record.tenant)
	}
	return nil
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (l *attemptLine) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	_ = (*identity)(l).MarshalLogObject(enc) // is always nil
	a, r := (*attempt)(l), &l.record
	enc.AddString("verdict", r.verdict.String())
	enc.AddString("reason", r.reason)
	enc.AddDuration("held", r.held)
	if r.headers > 0 {
		enc.AddDuration("headers", r.headers)
	}
	if r.content > 0 {
		enc.AddDuration("content", r.content)
	}
	if a.hedge.result != "" {
		enc.AddString("hedged", a.hedge.result)
	}
	if a.backend != nil {
		enc.AddString("backend", a.backend.Name)
		enc.AddString("model", a.model)
	}
	if a.account != nil {
		enc.AddString("account", a.account.ID)
	}
	if r.status != 0 {
		enc.AddInt64("status", int64(r.status))
	}
	if r.waited > 0 {
		enc.AddDuration("waited", r.waited)
	}
	if r.wait > 0 {
		enc.AddDuration("wait", r.wait)
	}
	if a.memory.Repairs != 0 {
		enc.AddString("repairs", a.memory.Repairs.String())
	}
	if a.unreadable != nil {
		enc.AddString("unreadable", a.x.forLog(a.unreadable.Error()))
	}
	if r.err != nil {
		enc.AddString("error", a.x.forLog(r.err.Error()))
	}
	if r.outcome == "" && a.resumption != nil {
		a.resumption.addRequests(enc, a.x)
		a.addUsage(enc)
	}
	return nil
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (l *requestLine) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	_ = (*identity)(l).MarshalLogObject(enc) // is always nil
	a := (*attempt)(l)
	enc.AddString("outcome", a.record.outcome)
	enc.AddString("path", a.x.paths.text(a.x, a.in.Path))
	if client := a.client(); client != "" {
		enc.AddString("client", client)
	}
	enc.AddDuration("duration", a.elapsed())
	if a.record.ended != "" {
		enc.AddString("broken_by", a.record.ended)
	}
	if r := a.resumption; r != nil {
		enc.AddBool("resumed", r.result == heal.ReasonResumed)
		enc.AddString("reason", r.result)
		r.addRequests(enc, a.x)
	}
	if a.req != nil {
		enc.AddString("requested_model", policies.Clean(a.req.Model))
		enc.AddBool("stream", a.req.Stream)
	}
	a.addUsage(enc)
	if w := a.warning(); w != "" {
		enc.AddString("warning", w)
	}
	return nil
}

// client is the address from which the outer listener was reached: it stands
// last, whatever the client itself has sent. "" if it is no address.
func (a *attempt) client() string {
	hops := a.in.Headers.Get("x-forwarded-for")
	ip, err := netip.ParseAddr(strings.TrimSpace(hops[strings.LastIndexByte(hops, ',')+1:]))
	if err != nil {
		return ""
	}
	return ip.WithZone("").String()
}

// addUsage is what the log tells of the usage.
func (a *attempt) addUsage(enc zapcore.ObjectEncoder) {
	u := a.usage()
	if !u.Known {
		return
	}
	enc.AddInt64("input_tokens", int64(u.Input))
	enc.AddInt64("cached_tokens", int64(u.Cached))
	enc.AddInt64("output_tokens", int64(u.Output))
	enc.AddInt64("thought_tokens", int64(u.Thoughts))
}

// addRequests is what the log tells of the requests for the rest.
func (r *resumption) addRequests(enc zapcore.ObjectEncoder, x *Exchange) {
	enc.AddString("resume_cause", r.cause)
	enc.AddInt64("resume_requests", int64(r.asked))
	enc.AddString("resume_backend", r.asker.backend.Name)
	enc.AddString("resume_account", r.asker.account.ID)
	if r.err != nil {
		enc.AddString("resume_error", x.forLog(r.err.Error()))
	}
}
