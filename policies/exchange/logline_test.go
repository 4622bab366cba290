package exchange

import (
	"errors"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
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

// An answer that broke off and was resumed has its lines, although the client got
// all of it from the first attempt.
func TestLogSampleKeepsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning[:20], 4), saidFrame(beginning[20:], 9))
		b.rig.cfg.LogSample, b.rig.random = 100, func() float64 { return 0.99 }
		breaks[heal.ReasonStreamError](b)
		b.rest(saidFrame(beginning[:30], 3), saidFrame(beginning[30:]+"wn", 8))
		b.rest(saidFrame(" west.", 11), stop)
		b.restEnds()
		for _, line := range []string{"attempt finished", "request finished"} {
			if n := b.rig.log.FilterMessage(line).Len(); n != 1 {
				t.Errorf("%q: %d lines", line, n)
			}
		}
	})
}

// So has each other answer that came at the first attempt, but not as it should.
func TestLogSampleKeepsTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(*attempt)
		lines   int
	}{
		"none":       {func(*attempt) {}, 0},
		"sent twice": {func(a *attempt) { a.hedge.result = hedgeWon }, 1},
		"unreadable": {func(a *attempt) { a.unreadable = errors.New("checksum") }, 1},
		"an error":   {func(a *attempt) { a.record.err = errors.New("no count") }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) { cfg.LogSample = 100 })
			a := r.begin(1, "")
			send(t, a, ask)
			r.random = func() float64 { return 0.99 }
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello+stop), true)
			c.trouble(a)
			a.Close(policies.EndComplete)
			if got := r.log.FilterMessage("request finished").Len(); got != c.lines {
				t.Errorf("%d lines, want %d", got, c.lines)
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
