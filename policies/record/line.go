package record

import (
	"time"

	"go.uber.org/zap/zapcore"
)

// A line of the log has the fields of the record under the names of its JSON, so
// that whoever knows one knows the other, and reads it back. It leaves out what
// is a sum or a version of a list, and what is unknown.

// fields adds known values to a line.
type fields struct{ zapcore.ObjectEncoder }

func (f fields) text(name, value string) {
	if value != "" {
		f.AddString(name, value)
	}
}

func (f fields) number(name string, value int) {
	if value != 0 {
		f.AddInt64(name, int64(value))
	}
}

func (f fields) flag(name string, value bool) {
	if value {
		f.AddBool(name, true)
	}
}

// duration adds whole milliseconds of what took time at all.
func (f fields) duration(name string, d Duration) {
	if d > 0 {
		f.AddInt64(name, time.Duration(d).Milliseconds())
	}
}

// wait adds a wait. Taking a free slot takes microseconds, and is none.
func (f fields) wait(d Duration) {
	if d >= Duration(time.Millisecond) {
		f.duration("waited_ms", d)
	}
}

func (f fields) cost(nano *int64) {
	if nano != nil {
		f.AddInt64("cost_nano", *nano)
	}
}

func (f fields) usage(u *Usage) {
	if u != nil {
		_ = f.AddObject("usage", u) // is always nil
	}
}

func (f fields) resume(r *Resume) {
	if r != nil {
		_ = f.AddObject("resume", r) // is always nil
	}
}

// AddTo adds the request's identity to a log line.
func (o *Origin) AddTo(enc zapcore.ObjectEncoder) {
	f := fields{enc}
	f.AddString("request_id", o.RequestID)
	f.text("trace_id", o.TraceID)
	f.text("tenant", o.Tenant)
	f.text("key_id", o.KeyID)
	f.AddString("api", o.API)
	f.text("path", o.Path)
	f.text("operation", string(o.Operation))
}

// AttemptLine is the line "attempt finished" of an attempt whose record is one of a
// Request's: that has no origin, and less of the error.
type AttemptLine struct {
	Origin  *Origin
	Attempt *Attempt
	Error   string
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (l *AttemptLine) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	l.Attempt.addLine(enc, l.Origin, l.Error)
	return nil
}

// MarshalLogObject implements [zapcore.ObjectMarshaler]: it is the line "attempt
// finished".
func (a *Attempt) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	a.addLine(enc, &a.Origin, a.Error)
	return nil
}

func (a *Attempt) addLine(enc zapcore.ObjectEncoder, origin *Origin, err string) {
	f := fields{enc}
	origin.AddTo(enc)
	a.addSummary(f)
	f.AddBool("asked_upstream", a.Asked)
	f.flag("unsettled", a.Unsettled)
	f.text("group", a.Group)
	f.text("tier_asked", a.TierAsked)
	f.text("tier_served", a.TierServed)
	f.usage(a.Usage)
	f.cost(a.Cost)
	f.flag("cost_estimated", a.Estimated)
	f.text("repairs", a.Repairs)
	f.text("hedged", a.Hedged)
	f.text("unreadable", a.Unreadable)
	f.text("memory", a.Memory)
	f.text("error", err)
	f.resume(a.Resume)
	f.duration("began_ms", a.Began)
	f.wait(a.Waited)
	f.duration("headers_ms", a.Headers)
	f.duration("content_ms", a.Content)
	f.duration("held_ms", a.Held)
	f.duration("wait_ms", a.Wait)
	f.AddInt64("duration_ms", time.Duration(a.Duration).Milliseconds())
}

// addSummary adds the fields that both lines have of an attempt.
func (a *Attempt) addSummary(f fields) {
	f.AddInt64("attempt", int64(a.Number))
	f.AddString("verdict", a.Verdict)
	f.text("reason", a.Reason)
	f.text("backend", a.Backend)
	f.text("account", a.Account)
	f.text("model", a.Model)
	f.number("upstream_status", a.Status)
}

// MarshalLogObject implements [zapcore.ObjectMarshaler]: it is the line "request
// finished". Backend and account are those of its last attempt, all attempts are
// listed where there was more than one.
func (r *Request) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	f := fields{enc}
	r.AddTo(enc)
	f.AddString("outcome", r.Outcome)
	f.text("reason", r.Reason)
	f.number("status", r.Status)
	f.text("broken_by", r.BrokenBy)
	f.text("stop_reason", r.StopReason)
	f.flag("aborted", r.Aborted)
	f.AddBool("asked_upstream", r.Asked)
	f.text("alias", r.Alias)
	f.text("model", r.Model)
	if last := r.Last(); last != nil {
		f.text("backend", last.Backend)
		f.text("account", last.Account)
	}
	f.AddBool("stream", r.Stream)
	f.text("client", r.Client)
	f.text("replica", r.Replica)
	f.AddInt64("tried", int64(r.Tried))
	if len(r.Attempts) > 1 {
		_ = f.AddArray("attempts", (*attempts)(&r.Attempts)) // is always nil
	}
	f.resume(r.Resume)
	f.usage(r.Usage)
	f.cost(r.Cost)
	f.flag("estimated", r.Estimated)
	f.text("warnings", r.Warnings)
	f.wait(r.Waited)
	f.duration("first_byte_ms", r.FirstByte)
	f.duration("first_content_ms", r.FirstContent)
	f.AddInt64("duration_ms", time.Duration(r.Duration).Milliseconds())
	return nil
}

// attempts are those of a request.
type attempts []Attempt

// MarshalLogArray implements [zapcore.ArrayMarshaler].
func (l *attempts) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	for i := range *l {
		_ = enc.AppendObject((*toldAttempt)(&(*l)[i])) // is always nil
	}
	return nil
}

// toldAttempt is an attempt in the line of its request.
type toldAttempt Attempt

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (a *toldAttempt) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	f := fields{enc}
	(*Attempt)(a).addSummary(f)
	f.duration("began_ms", a.Began)
	f.wait(a.Waited)
	f.duration("held_ms", a.Held)
	return nil
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (u *Usage) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddInt64("input", u.Input)
	enc.AddInt64("cached", u.Cached)
	enc.AddInt64("output", u.Output)
	enc.AddInt64("thinking", u.Thinking)
	fields{enc}.flag("estimated", u.Estimated)
	return nil
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (r *Resume) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	f := fields{enc}
	f.AddString("result", r.Result)
	f.AddString("cause", r.Cause)
	f.AddInt64("requests", int64(r.Requests))
	f.text("backend", r.Backend)
	f.text("account", r.Account)
	f.text("error", r.Error)
	return nil
}
