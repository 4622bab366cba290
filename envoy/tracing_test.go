package envoy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy"
	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/test/otlpreceiver"
)

// The file has the parts about traces switched off, and taking the # away makes a
// configuration of them.
func TestTraced(t *testing.T) {
	b, err := bootstrap.Parse(envoy.Traced())
	if err != nil {
		t.Fatal(err)
	}
	with := 0
	for _, c := range b.GetStaticResources().GetClusters() {
		if c.GetName() == "otlp" {
			with++
		}
	}
	if with != 1 || strings.Count(string(envoy.Traced()), "\n") != strings.Count(string(envoy.Config), "\n") {
		t.Errorf("%d clusters otlp", with)
	}
	if strings.Contains(string(envoy.Traced()), "#tracing:") || !strings.Contains(string(envoy.Config), "          #tracing:\n") {
		t.Error("the parts are not what they are said to be")
	}
}

// What Envoy's spans look like, and what heald and the provider see of them: one
// span of the request; heald gets its id, and that of a span of its own for each
// attempt, below which Envoy has one more.
func TestTraces(t *testing.T) {
	const trace, client = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	each(t, func(t *testing.T, binary string) {
		for name, collector := range map[string]func(*otlpreceiver.Receiver) string{
			"gRPC": func(r *otlpreceiver.Receiver) string { return r.GRPC },
			"HTTP": func(r *otlpreceiver.Receiver) string { return "http://" + r.HTTP },
		} {
			t.Run(name, func(t *testing.T) {
				r := otlpreceiver.Start(t, otlpreceiver.Options{})
				var seen []http.Header
				backends := provider(t, func(w http.ResponseWriter, r *http.Request) {
					seen = append(seen, r.Header)
					_, _ = io.WriteString(w, "good")
				})
				s, address := newSidecar(t, mark, pass)
				g := start(t, binary, bootstrap.Params{OTLP: collector(r), Sampling: 100, Sidecars: []string{address}, Backends: backends})
				for _, h := range []map[string]string{
					{"traceparent": "00-" + trace + "-" + client + "-00"}, // not sampled
					{"traceparent": "00-" + trace + "-" + client + "-01", "tracestate": "a=b", policies.HeaderTraceparent: "a stranger"},
				} {
					s.mu.Lock()
					s.seen = nil
					s.mu.Unlock()
					if a := g.post(t, h); a.status != http.StatusOK {
						t.Fatalf("got %v", a)
					}
					flag := h["traceparent"][len(h["traceparent"])-3:]
					attempts := s.attempts()
					if len(attempts) != 2 {
						t.Fatalf("%d attempts", len(attempts))
					}
					for _, got := range attempts {
						if !strings.HasPrefix(got["traceparent"], "00-"+trace+"-") || !strings.HasSuffix(got["traceparent"], flag) ||
							got["traceparent"] == got[policies.HeaderTraceparent] || got[policies.HeaderTraceparent] != attempts[0][policies.HeaderTraceparent] {
							t.Errorf("heald sees %s and %s", got["traceparent"], got[policies.HeaderTraceparent])
						}
						if got["tracestate"] != h["tracestate"] {
							t.Errorf("heald sees tracestate %q", got["tracestate"])
						}
					}
				}
				if len(seen) != 4 {
					t.Fatalf("the provider was asked %d times", len(seen))
				}
				for _, h := range seen {
					for name := range h {
						if !slices.Contains(allowed, name) {
							t.Errorf("the provider sees %s: %q", name, h[name])
						}
					}
				}
				spans := ofEnvoy(t, r, 3)
				for _, s := range spans {
					for name, v := range s.Attributes {
						if strings.Contains(fmt.Sprint(v), "secret") { // the query has one
							t.Errorf("the collector sees %s: %v", name, v)
						}
					}
				}
				outer := spans[slices.IndexFunc(spans, func(s otlpreceiver.Span) bool { return s.Parent == client })]
				attempts := s.attempts()
				if outer.Trace != trace || outer.Name != "POST /v1/messages" || outer.Attributes["http.url"] != "/v1/messages" || !strings.Contains(attempts[0][policies.HeaderTraceparent], outer.ID) {
					t.Errorf("%+v", outer)
				}
				for _, a := range attempts {
					below := slices.IndexFunc(spans, func(s otlpreceiver.Span) bool { return strings.Contains(a["traceparent"], "-"+s.Parent+"-") })
					if below < 0 || spans[below].Trace != trace || spans[below].Attributes["upstream_cluster"] != "fake" {
						t.Errorf("no span of Envoy's is below %s: %+v", a["traceparent"], spans)
					}
				}
			})
		}
	})
}

// ofEnvoy waits for so many spans of requests. Those that are not sampled would
// have come before.
func ofEnvoy(t *testing.T, r *otlpreceiver.Receiver, n int) []otlpreceiver.Span {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	requests := func(all []otlpreceiver.Span) []otlpreceiver.Span {
		return slices.DeleteFunc(slices.Clone(all), func(s otlpreceiver.Span) bool { return strings.HasPrefix(s.Name, "async ") })
	}
	all, err := r.Wait(ctx, func(all []otlpreceiver.Span) bool { return len(requests(all)) >= n })
	if got := requests(all); err == nil && len(got) == n {
		return got
	}
	t.Fatalf("%v: %+v", err, all)
	return nil
}
