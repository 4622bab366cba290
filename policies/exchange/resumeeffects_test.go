package exchange

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// long is the beginning of a document that is worth resuming, and tail the part
// of it that continuations repeat.
var (
	long = strings.Repeat("All work and no play. ", 100) + "And an e"
	tail = long[len(long)-150:]
)

const tenSeconds = `{"error":{"code":429,"message":"Resource has been exhausted.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"10s"}]}}`

// A document that somebody else completed proves nothing of who broke it off,
// and its headers tell who completed it.
func TestResumedDocumentIsNoProofOfWhoBrokeOff(t *testing.T) {
	const model = "gemini-3.5-flash"
	for _, c := range []struct {
		name     string
		breakOff func(*broken)
		cooling  string
		asked    string
		by       string
	}{
		{"a rate limit, the rest from another account", func(b *broken) { b.upstream("data: "+tenSeconds+"\r\n\r\n", false) }, "a-1", atA2, "a a-2"},
		{"an outage, the rest from another backend", func(b *broken) {
			b.rig.fail("a", model, true) // by others' requests meanwhile
			b.refuse = []restRefusal{{status: 503, body: unreached}}
			b.upstream("", true)
		}, ":a", atB1, "b b-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, askWhole, resumeSet, saidFrame(long, 9))
				c.breakOff(b)
				b.eachRest(func(b *broken) {
					if !b.rig.out(c.cooling, model) {
						t.Errorf("%s is not kept back", c.cooling)
					}
					b.rest(saidFrame(tail+"nd.", 2), stop)
					b.restEnds()
				})
				if got := b.places[len(b.places)-1]; got != c.asked || b.head == nil {
					t.Fatalf("asked %s, head %+v", b.places, b.head)
				}
				if !b.rig.out(c.cooling, model) {
					t.Errorf("%s is asked again, since another one answered", c.cooling)
				}
				if got := b.head.Set.Get(policies.HeaderBackend) + " " + b.head.Set.Get(policies.HeaderAccount); got != c.by {
					t.Errorf("the headers name %s, want %s", got, c.by)
				}
			})
		})
	}
}

// What a refusal says of an account or a backend goes for later requests, as it
// does for attempts: compressed or not, by the provider itself or relayed. An
// error that is not worded as the provider's own says nothing of it.
func TestRestFailuresHaveEffects(t *testing.T) {
	for _, c := range []struct {
		name    string
		refuse  restRefusal
		cooling string
		want    bool
	}{
		{"rate limit", restRefusal{status: 429, body: minute}, "a-1", true},
		{"rate limit, compressed", restRefusal{status: 429, body: zipped(t, tenSeconds)}, "a-1", true},
		{"rate limit, relayed", restRefusal{status: 500, body: `{"error":{"code":500,"message":"upstream failed","upstreamResponse":` + tenSeconds + `}}`}, "a-1", true},
		{"rate limit until a date on the provider's own clock", restRefusal{status: 429, body: `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}`, header: http.Header{
			"Date": {"Sat, 01 Jan 2000 05:00:00 GMT"}, "Retry-After": {"Sat, 01 Jan 2000 05:00:10 GMT"},
		}}, "a-1", true},
		{"nobody there", restRefusal{status: 503, body: unreached}, ":a", true},
		{"no route to it", restRefusal{status: 404}, "a-1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
				b.refuse = []restRefusal{c.refuse}
				b.upstream("", true)
				b.eachRest(func(b *broken) {
					if got := b.rig.out(c.cooling, "gemini-3.5-flash"); got != c.want {
						t.Errorf("%s cools down: %t, want %t", c.cooling, got, c.want)
					}
					if left := b.rig.remaining(c.cooling, "gemini-3.5-flash"); left > 10*time.Second {
						t.Errorf("%s cools down for %s", c.cooling, left)
					}
					b.rest(saidFrame(beginning+"wn.", 3), stop)
					b.restEnds()
				})
			})
		})
	}
}

// zipped is s as gzip.
func zipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A backend that is silent when it is asked for the rest, or breaks off twice,
// is held back, as it is after attempts. That the answer has no more time is not
// its fault.
func TestRestThatDoesNotComeHoldsTheBackendBack(t *testing.T) {
	silent := func(b *broken) { b.pass(11 * time.Second) }
	for _, c := range []struct {
		name, set string
		rest      func(*broken)
		want      bool
	}{
		{"silence", resumeSet, silent, true},
		{"silence at the end of the whole answer's time", resumeSet + ",max_stream=9s", silent, false},
		{"silence at the deadline", resumeSet + ",deadline=9s", silent, false},
		{"breaks off each time", resumeSet, func(b *broken) { b.restEnds() }, true},
		{"silence after text, once", resumeSet, func(b *broken) {
			b.rest(saidFrame(beginning+"wn", 3))
			if b.calls == 1 {
				b.pass(21 * time.Second)
				return
			}
			b.rest(stop)
			b.restEnds()
		}, false},
		{"other words", resumeSet, func(b *broken) { b.rest(saidFrame("Sorry!", 3)) }, false},
		{"refusals that are not the provider's", resumeSet, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, ask, c.set, saidFrame(beginning, 9))
				if c.rest == nil {
					b.refuse = []restRefusal{{status: 503}, {status: 503}, {status: 503}}
				}
				b.upstream("", true)
				b.eachRest(c.rest)
				if got := b.rig.held("a", "gemini-3.5-flash"); got != c.want || b.places[0] != atA1 {
					t.Errorf("held back: %t, want %t; asked %s", got, c.want, b.places)
				}
			})
		})
	}
}

// What the rest of an answer has used is settled once, with the answer, although
// its request had a reservation of its own.
func TestRestIsSettledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 1_000_000
		r, store := budgeted(t, nil)
		of := tenant.Tenant{Name: "a", Keys: keysOf("client-secret"), Limits: tenant.Limits{"tokens/total": limit}}
		r.UseTenants(callers(t, of))
		b := breakingIn(t, r, "/v1/messages", askWhole, resumeSet, saidFrame(long, 9))
		b.upstream("data: "+tenSeconds+"\r\n\r\n", false)
		b.eachRest(func(b *broken) {
			b.rest(saidFrame(tail+"nd.", 2), stop)
			b.restEnds()
		})
		if got := b.places[len(b.places)-1]; got != atA2 || b.head == nil {
			t.Fatalf("asked %s, head %+v", b.places, b.head)
		}
		b.attempt.Close(policies.EndComplete)
		u := b.attempt.billed()
		left := limit - u.Input - u.Output
		for _, c := range []struct {
			amount int64
			room   bool
		}{{left + 1, false}, {left, true}} {
			want := of.Want(tenant.Estimate{Tokens: c.amount}, time.Now())
			if taken, err := store.Take(t.Context(), &state.Want{Tenant: want}); err != nil || (taken.Tenant == "") != c.room {
				t.Errorf("%d more, of %+v used: %+v, %v", c.amount, u, taken, err)
			}
		}
	})
}
