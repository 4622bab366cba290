package exchange

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/route"
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
	all := a.attemptRecords(true)
	own, q := all[0], record.Request{}
	own.Origin, _ = a.origin()
	q.Origin = own.Origin
	a.fillRequest(&q, "passed", all)
	b.ReportAllocs()
	for b.Loop() {
		x.line(zap.InfoLevel, "attempt finished", &own)
		x.line(zap.InfoLevel, "request finished", &q)
	}
}

// resumeIn is what a line says of the rest of a broken answer.
func resumeIn(line map[string]any) map[string]any {
	rest, _ := line["resume"].(map[string]any)
	return rest
}

// usageIn is the usage in a line.
func usageIn(line observer.LoggedEntry) map[string]any {
	usage, _ := line.ContextMap()["usage"].(map[string]any)
	return usage
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

// What is healed and what clients do wrong is info, a credential that is refused
// is a warning, a request that failed otherwise an error.
func TestLevels(t *testing.T) {
	const revokedKey = `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}`
	last := func(cfg *Config) { cfg.Policies = map[string]route.Settings{"default": {Attempts: 1}} }
	upstream := func(status int, body string) func(*testing.T, rig) {
		return func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			answerWith(a, status, body)
		}
	}
	for _, c := range []struct {
		name             string
		change           func(*Config)
		play             func(*testing.T, rig)
		attempt, request string // levels; "" for no line
	}{
		{"answered", nil, upstream(200, hello+stop), "info", "info"},
		{"healed", nil, upstream(503, overload), "info", ""},
		{"failed", last, upstream(503, overload), "info", "error"},
		{"the quota is used up", last, upstream(429, minute), "info", "error"},
		{"broken off", nil, upstream(200, hello), "info", "error"},
		{"the client's fault", nil, upstream(400, `{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}`), "info", "info"},
		{"a key is refused", nil, upstream(400, revokedKey), "warn", ""},
		{"what the account may not", last, upstream(403, forbidden), "warn", "error"},
		{"unreadable", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			a.RequestHeaders()
			if _, reply := a.RequestBody(t.Context(), []byte("{")); reply == nil {
				t.Fatal("taken")
			}
			a.Close(policies.EndComplete)
		}, "info", "info"},
		{"wrongly configured", func(cfg *Config) { cfg.Backends, cfg.Accounts = nil, nil }, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			if reply := a.RequestHeaders(); reply == nil || reply.Status != 500 {
				t.Fatalf("reply %+v", reply)
			}
			a.Close(policies.EndComplete)
		}, "info", "error"},
		{"the client leaves", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.Close(policies.EndCancelled)
		}, "info", "info"},
		{"a panic", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.Close(policies.EndPanic)
		}, "error", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for least, written := range map[zapcore.Level]func(level string) int{
				zapcore.DebugLevel: func(level string) int { return min(len(level), 1) },
				zapcore.ErrorLevel: func(level string) int { return strings.Count(level, "error") },
			} {
				r := newRig(t, c.change)
				core, logs := observer.New(least)
				r.Exchange.log = zap.New(core)
				c.play(t, r)
				for message, level := range map[string]string{"attempt finished": c.attempt, "request finished": c.request} {
					lines := logs.FilterMessage(message).All()
					if len(lines) != written(level) || len(lines) > 0 && lines[0].Level.String() != level {
						t.Errorf("from %s on: %q was written %d times: %v; want level %q", least, message, len(lines), lines, level)
					}
				}
			}
		})
	}
}

// The line of a request tells the whole way of it.
func TestRequestLineTellsAttempts(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
	a := r.begin(2, first.Memory, "traceparent", traceparent)
	send(t, a, ask)
	answerWith(a, 200, hello+stop)
	line := r.log.FilterMessage("request finished").All()[0].ContextMap()
	attempts, _ := line["attempts"].([]any)
	if line["tried"] != int64(2) || len(attempts) != 2 || line["trace_id"] != "0af7651916cd43dd8448eb211c80319c" ||
		line["status"] != int64(200) || line["reason"] != "ok" || line["backend"] != a.backend.Name || line["account"] != a.account.ID || line["asked_upstream"] != true {
		t.Fatalf("line %v", line)
	}
	for i, want := range []map[string]any{
		{"attempt": int64(1), "verdict": "retry", "reason": heal.ReasonOverloaded, "backend": "a", "account": "a-1", "upstream_status": int64(503)},
		{"attempt": int64(2), "verdict": "pass", "reason": "ok", "backend": a.backend.Name, "account": a.account.ID, "upstream_status": int64(200)},
	} {
		got, _ := attempts[i].(map[string]any)
		for name, v := range want {
			if got[name] != v {
				t.Errorf("attempt %d: %s is %v, want %v", i+1, name, got[name], v)
			}
		}
	}
}
