package exchange

import (
	"testing"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
)

// The two lines of a request that went well.
func BenchmarkLogLines(b *testing.B) {
	x := newBenchExchange(b)
	a := sendRequest(b, x, benchBody(b, x, 1000, true)).(*attempt)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream,
		Headers: policies.Headers{{Name: ":status", Value: "200"}, {Name: "content-type", Value: "text/event-stream"}}})
	chunks := benchChunks(3)
	for i, c := range chunks {
		a.ResponseBody(c, i == len(chunks)-1)
	}
	b.ReportAllocs()
	for b.Loop() {
		a.x.log.Info("attempt finished", zap.Inline((*attemptLine)(a)))
		a.x.log.Info("request finished", zap.Inline((*requestLine)(a)))
	}
}

// Of requests that went well, one of so many gets its lines; what did not go
// well always does, and so does a retry that did.
func TestLogSample(t *testing.T) {
	for _, c := range []struct {
		name           string
		sample         int
		random         float64
		attempt        int
		status         int
		answer         string
		attempts, ends int // lines
	}{
		{"not set", 0, 0.99, 1, 200, hello + stop, 1, 1},
		{"all", 1, 0.99, 1, 200, hello + stop, 1, 1},
		{"the one of ten", 10, 0.09, 1, 200, hello + stop, 1, 1},
		{"one of the other nine", 10, 0.1, 1, 200, hello + stop, 0, 0},
		{"the second attempt", 10, 0.99, 2, 200, hello + stop, 1, 1},
		{"an empty answer, to be repeated", 10, 0.99, 1, 200, "", 1, 0},
		{"broken off", 10, 0.99, 1, 200, hello, 1, 1},
		{"refused", 10, 0.99, 1, 400, `{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}`, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) { cfg.LogSample = c.sample })
			a := r.begin(c.attempt, "")
			send(t, a, ask)
			r.random = func() float64 { return c.random }
			answerWith(a, c.status, c.answer)
			if got := r.log.FilterMessage("attempt finished").Len(); got != c.attempts {
				t.Errorf("%d lines of the attempt, want %d", got, c.attempts)
			}
			if got := r.log.FilterMessage("request finished").Len(); got != c.ends {
				t.Errorf("%d lines of the request, want %d", got, c.ends)
			}
		})
	}
}

// The line of a request says what the client asked for and where it is, and no
// more of what it sent: no query, which may hold a key.
func TestRequestLineSaysWhoAsked(t *testing.T) {
	for _, c := range []struct{ hops, want string }{
		{"", ""}, {"192.0.2.1", "192.0.2.1"}, {"198.51.100.7, 192.0.2.1", "192.0.2.1"}, {"192.0.2.1,2001:db8::1", "2001:db8::1"}, {"192.0.2.1, <script>", ""},
	} {
		r := newRig(t, nil)
		a := r.begin(1, "", "x-forwarded-for", c.hops)
		send(t, a, ask)
		answerWith(a, 200, hello+stop)
		line := r.log.FilterMessage("request finished").All()[0].ContextMap()
		if client, _ := line["client"].(string); client != c.want {
			t.Errorf("%q: client %q, want %q", c.hops, client, c.want)
		}
		if line["path"] != "/v1/messages" {
			t.Errorf("path %v", line["path"])
		}
	}
}
