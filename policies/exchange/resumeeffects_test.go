package exchange

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/heald-proxy/heald/policies"
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
			b.rig.outages.begin(outageKey{"a", model}) // by others' requests meanwhile
			b.refuse = []restRefusal{{status: 503, body: unreached}}
			b.upstream("", true)
		}, backendKey("a"), atB1, "b b-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, askWhole, resumeSet, saidFrame(long, 9))
				c.breakOff(b)
				b.eachRest(func(b *broken) {
					if !b.rig.pool.Cooling(c.cooling, model) {
						t.Fatalf("%s does not cool down", c.cooling)
					}
					b.rest(saidFrame(tail+"nd.", 2), stop)
					b.restEnds()
				})
				if got := b.places[len(b.places)-1]; got != c.asked || b.head == nil {
					t.Fatalf("asked %s, head %+v", b.places, b.head)
				}
				if !b.rig.pool.Cooling(c.cooling, model) {
					t.Errorf("%s is asked again, since another one answered", c.cooling)
				}
				if strings.HasPrefix(c.cooling, ":") && !b.rig.outages.held(outageKey{"a", model}) {
					t.Error("a is no longer held back, since b answered")
				}
				if got := b.head.Set.Get(policies.HeaderBackend) + " " + b.head.Set.Get(policies.HeaderAccount); got != c.by {
					t.Errorf("the headers name %s, want %s", got, c.by)
				}
			})
		})
	}
}
