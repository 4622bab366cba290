package otlp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/heald-proxy/heald/policies/record"
)

// identity is the trace, the id and the parent of a span.
type identity struct {
	trace  trace.TraceID
	span   trace.SpanID
	parent trace.SpanID // of another process or replica; zero for none
	state  trace.TraceState
}

// requestIdentity is that of the span of a request.
func requestIdentity(o *record.Origin) (id identity) {
	name := o.RequestID
	if name == "" {
		name = rand.Text()
	}
	t, badTrace := trace.TraceIDFromHex(o.TraceID)
	p, badParent := trace.SpanIDFromHex(o.ParentSpan)
	if badTrace == nil && badParent == nil {
		id.trace, id.parent = t, p
		id.state, _ = trace.ParseTraceState(o.TraceState) // an invalid one is left out (W3C trace context, 3.3)
	} else {
		id.trace = trace.TraceID(derive("trace", name))
	}
	id.span = trace.SpanID(derive("request", name)[:8])
	return id
}

// attemptIdentity is that of the span of an attempt, below its request's.
func attemptIdentity(a *record.Attempt) identity {
	of := requestIdentity(&a.Origin)
	own, err := trace.SpanIDFromHex(a.Span.ID)
	if err != nil {
		// The time distinguishes attempts with the same number, which exist after
		// a replica died.
		name := fmt.Sprintf("%x %d %d", of.span, a.Number, a.Time.UnixNano())
		own = trace.SpanID(derive("attempt", name)[:8])
	}
	return identity{trace: of.trace, span: own, parent: of.span, state: of.state}
}

// derive makes 16 bytes from a name. They are never all zero, which would be no
// id.
func derive(kind, name string) []byte {
	sum := sha256.Sum256([]byte("heald " + kind + " " + name))
	sum[0] |= 1
	return sum[:16]
}

type identityKey struct{}

// context is the context in which a tracer begins the span.
func (id identity) context() context.Context {
	ctx := context.WithValue(context.Background(), identityKey{}, id)
	if id.parent == (trace.SpanID{}) {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id.trace, SpanID: id.parent, TraceFlags: trace.FlagsSampled, TraceState: id.state, Remote: true,
	}))
}

// ids gives spans the ids from their context.
type ids struct{}

func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id.trace, id.span
}

func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id.span
}
