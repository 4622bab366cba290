package otlpreceiver

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// Span is a span that came, in plain Go.
type Span struct {
	Trace, ID, Parent string // in hexadecimal; Parent "" for none
	State             string // tracestate
	Name              string
	Kind              tracepb.Span_SpanKind
	Begin, End        time.Time
	Error             bool
	Status            string // its words
	Attributes        map[string]any
	Events            []Event
	// Resource are the attributes of the sender, Service its service.name.
	Resource map[string]any
	Service  string
}

// Event is one of a span.
type Event struct {
	Name       string
	Time       time.Time
	Attributes map[string]any
}

func spansOf(in *collector.ExportTraceServiceRequest) []Span {
	var out []Span
	for _, of := range in.GetResourceSpans() {
		resource := plain(of.GetResource().GetAttributes())
		service, _ := resource["service.name"].(string)
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{
					Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
					State: s.GetTraceState(), Name: s.GetName(), Kind: s.GetKind(), Begin: at(s.GetStartTimeUnixNano()), End: at(s.GetEndTimeUnixNano()),
					Error: s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR, Status: s.GetStatus().GetMessage(),
					Attributes: plain(s.GetAttributes()), Resource: resource, Service: service,
				}
				for _, e := range s.GetEvents() {
					span.Events = append(span.Events, Event{e.GetName(), at(e.GetTimeUnixNano()), plain(e.GetAttributes())})
				}
				out = append(out, span)
			}
		}
	}
	return out
}

func at(nanos uint64) time.Time { return time.Unix(0, int64(nanos)).UTC() }

func plain(l []*common.KeyValue) map[string]any {
	out := map[string]any{}
	for _, kv := range l {
		switch v := kv.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[kv.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[kv.GetKey()] = v.IntValue
		case *common.AnyValue_DoubleValue:
			out[kv.GetKey()] = v.DoubleValue
		case *common.AnyValue_BoolValue:
			out[kv.GetKey()] = v.BoolValue
		case *common.AnyValue_ArrayValue:
			var all []string
			for _, one := range v.ArrayValue.GetValues() {
				all = append(all, one.GetStringValue())
			}
			out[kv.GetKey()] = strings.Join(all, ",")
		}
	}
	return out
}

func lower(h http.Header) map[string][]string {
	out := map[string][]string{}
	for name, values := range h {
		out[strings.ToLower(name)] = values
	}
	return out
}

func tlsOf(ctx context.Context) (tls.ConnectionState, bool) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return tls.ConnectionState{}, false
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	return info.State, ok
}

func commonName(s tls.ConnectionState) string {
	if len(s.PeerCertificates) == 0 {
		return ""
	}
	return s.PeerCertificates[0].Subject.CommonName
}
