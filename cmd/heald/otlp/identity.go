package otlp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/heald-proxy/heald/policies/record"
)

// identity is where a span belongs.
type identity struct {
	trace  trace.TraceID
	span   trace.SpanID
	parent trace.SpanID // of another process or replica; zero for none
}

// requestIdentity is that of the span of a request. sampled is false if the
// client's trace is not.
func requestIdentity(o *record.Origin) (id identity, sampled bool) {
	name := o.RequestID
	if name == "" {
		name = rand.Text()
	}
	t, badTrace := trace.TraceIDFromHex(o.TraceID)
	p, badParent := trace.SpanIDFromHex(o.ParentSpan)
	if badTrace == nil && badParent == nil {
		id.trace, id.parent = t, p
	} else {
		id.trace = trace.TraceID(derive("trace", name))
	}
	id.span = trace.SpanID(derive("request", name)[:8])
	return id, id.parent == (trace.SpanID{}) || o.Sampled
}

// attemptIdentity is that of the span of an attempt, below its request's.
func attemptIdentity(a *record.Attempt) (id identity, sampled bool) {
	of, sampled := requestIdentity(&a.Origin)
	// The time tells attempts apart that have the same number, after a replica
	// died.
	name := fmt.Sprintf("%x %d %d", of.span, a.Number, a.Time.UnixNano())
	return identity{trace: of.trace, span: trace.SpanID(derive("attempt", name)[:8]), parent: of.span}, sampled
}

// derive makes 16 bytes out of a name. They are never all zero, which would be no
// id.
func derive(kind, name string) []byte {
	sum := sha256.Sum256([]byte("heald " + kind + " " + name))
	sum[0] |= 1
	return sum[:16]
}

type identityKey struct{}

// context is one in which a tracer begins the span.
func (id identity) context() context.Context {
	ctx := context.WithValue(context.Background(), identityKey{}, id)
	if id.parent == (trace.SpanID{}) {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id.trace, SpanID: id.parent, TraceFlags: trace.FlagsSampled, Remote: true,
	}))
}

// ids gives spans the ids that their context says.
type ids struct{}

func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id.trace, id.span
}

func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id.span
}
