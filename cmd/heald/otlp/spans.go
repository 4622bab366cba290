package otlp

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
)

// attributes are those of one span; empty ones are left out.
type attributes []attribute.KeyValue

func (l *attributes) text(k attribute.Key, v string) {
	if v != "" {
		*l = append(*l, k.String(valid(v)))
	}
}

// valid is a text as protobuf takes it. Clients and providers choose some texts, and
// one that is no UTF-8 would cost all spans of the call.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func (l *attributes) number(k attribute.Key, v int) {
	if v != 0 {
		*l = append(*l, k.Int(v))
	}
}

func (l *attributes) seconds(k attribute.Key, v record.Duration) {
	if v != 0 {
		*l = append(*l, k.Float64(time.Duration(v).Seconds()))
	}
}

func (l *attributes) flag(k attribute.Key, v bool) {
	if v {
		*l = append(*l, k.Bool(true))
	}
}

func (l *attributes) origin(o *record.Origin) {
	l.text(operationName, operation(o.Operation))
	l.text(requestID, o.RequestID)
	l.text(tenant, o.Tenant)
	l.text(keyID, o.KeyID)
	l.text(api, o.API)
	l.text(path, o.Path)
}

func (l *attributes) cost(nano *int64, guessed bool, version string) {
	if nano != nil {
		*l = append(*l, costNano.Int64(*nano))
	}
	l.flag(estimated, guessed)
	l.text(priceVersion, version)
}

// operation is the name of an operation; "" where it was not found out.
func operation(o record.Operation) string {
	switch o {
	case record.Embed:
		return embeddings
	case record.Count:
		return operationOfTokens
	case record.List:
		return operationOfModels
	case record.Generate:
		return generateContent
	}
	return ""
}

// name is that of a span: the operation and, if there is one, the model. Where
// nobody found out what was asked for, it is the reason why not, or the API.
func name(o *record.Origin, model, reason string) string {
	is := operation(o.Operation)
	switch {
	case is == "":
		return cmp.Or(reason, o.API, "request")
	case model == "":
		return is
	}
	return is + " " + model
}

// provider is the name of the provider of a backend's kind; "" if nothing was
// sent.
func provider(kind string) string {
	switch kind {
	case "ai_studio":
		return providerGemini
	case "vertex":
		return providerVertex
	}
	return ""
}

// attempt makes the span of an attempt.
func (s *Sink) attempt(a *record.Attempt) {
	var l attributes
	l.origin(&a.Origin)
	l.text(providerName, provider(a.Kind))
	l.text(requestModel, a.Model)
	l.number(attempt, a.Number)
	l.text(backend, a.Backend)
	l.text(account, a.Account)
	l.text(group, a.Group)
	l.text(tierAsked, a.TierAsked)
	l.text(tierServed, a.TierServed)
	l.text(verdict, a.Verdict)
	l.text(reason, a.Reason)
	l.number(upstream, a.Status)
	l.text(repairs, a.Repairs)
	l.text(hedged, a.Hedged)
	l.seconds(waited, a.Waited)
	l.seconds(held, a.Held)
	l.seconds(timeToHeaders, a.Headers)
	l.seconds(timeToFirstChunk, a.Content)
	if u := a.Usage; u != nil {
		l = append(l, inputTokens.Int64(u.Input), cacheReadTokens.Int64(u.Cached), outputTokens.Int64(u.Output), reasoningTokens.Int64(u.Thinking))
	}
	l.cost(a.Cost, a.Estimated, a.PriceVersion)
	passed := a.Verdict == "pass"
	if !passed {
		l.text(errorType, a.Reason)
	}
	kind := trace.SpanKindClient
	if !a.Asked {
		kind = trace.SpanKindInternal // nobody was called
	}
	s.span(attemptIdentity(a), name(&a.Origin, a.Model, a.Reason), kind, a.Time, a.Duration, func(span trace.Span) {
		tell(span, a.Time, events(a))
		end(span, passed, a.Reason, a.Error)
	}, l)
}

// request makes the span of a request. Its tokens are those of its attempts.
func (s *Sink) request(r *record.Request) {
	var l attributes
	l.origin(&r.Origin)
	l.text(requestModel, r.Alias)
	l.text(responseModel, r.Model)
	l.flag(requestStream, r.Stream)
	if r.StopReason != "" {
		l = append(l, finishReasons.StringSlice([]string{valid(r.StopReason)}))
	}
	l.seconds(timeToFirstChunk, r.FirstByte)
	l.seconds(firstContent, r.FirstContent)
	l.text(outcome, r.Outcome)
	l.text(reason, r.Reason)
	l.number(status, r.Status)
	l.flag(aborted, r.Aborted)
	l.text(brokenBy, r.BrokenBy)
	l.text(replica, r.Replica)
	l.text(warnings, r.Warnings)
	l.number(tried, r.Tried)
	l.seconds(waited, r.Waited)
	good := r.Outcome == "passed" || r.Outcome == "local"
	if !good {
		l.text(errorType, r.Reason)
	}
	// The status of a server's span is not set for what the client did wrong
	// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status), nor
	// where it left.
	good = good || r.Outcome == "canceled" || r.Outcome == "failed" && r.Status < http.StatusInternalServerError && slices.Contains(heal.ClientsFaults, r.Reason)
	if q := r.Resume; q != nil {
		l.text(resumed, q.Result)
		l.number(restRequests, q.Requests)
	}
	said := ""
	if last := r.Last(); last != nil {
		said = last.Error
	}
	if r.BrokenBy != "" && r.Resume != nil {
		said = cmp.Or(said, r.Resume.Error)
	}
	s.span(requestIdentity(&r.Origin), name(&r.Origin, r.Alias, r.Reason), trace.SpanKindServer, r.Time, r.Duration, func(span trace.Span) { end(span, good, r.Reason, said) }, l)
}

// end sets how the span ended: the text of the failure, or its reason.
func end(span trace.Span, good bool, reason, said string) {
	if !good {
		span.SetStatus(codes.Error, valid(cmp.Or(said, reason)))
	}
}
