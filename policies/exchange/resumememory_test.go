package exchange

import (
	"strings"
	"testing"
	"testing/synctest"
)

// The body of a request for the rest is as long as the client's, and stands
// beside it in memory until the rest has come.
func TestRestBodyIsCounted(t *testing.T) {
	for path, body := range bigBodies() {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.inFlight = &InFlight{}
				b := breakingIn(t, r, path, body, resumeSet, saidFrame(beginning, 9))
				before := r.inFlight.held.Load()
				b.upstream("", true)
				b.eachRest(func(b *broken) {
					during := r.inFlight.held.Load() - before
					if sent := int64(len(b.asked)); sent < int64(len(body)/2) || during < sent-grain || during > sent+2*grain {
						t.Errorf("a body of %d bytes is being sent, and %d more are counted", sent, during)
					}
					b.rest(saidFrame(beginning+"wn.", 3))
					if b.calls > 1 { // the first one breaks off as well
						b.rest(stop)
					}
					b.restEnds()
				})
				if held := r.inFlight.held.Load(); held != 0 || !b.ended || b.calls != 2 {
					t.Errorf("ended %t after %d calls, %d bytes are still counted", b.ended, b.calls, held)
				}
			})
		})
	}
}

// Where there is no room for the request, it is not made.
func TestRestWithoutRoom(t *testing.T) {
	for name, set := range map[string]string{"stream": `"stream":true`, "document": `"stream":false`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.inFlight = &InFlight{}
				body := strings.Replace(bigBodies()["/v1/messages"], `"stream":true`, set, 1)
				b := breakingIn(t, r, "/v1/messages", body, resumeSet, saidFrame(long, 9))
				r.inFlight.SetLimit(r.inFlight.held.Load() + int64(len(body)))
				b.upstream("", true)
				synctest.Wait()
				if b.calls != 0 || !b.ended || r.inFlight.held.Load() != 0 {
					t.Fatalf("%d calls, ended %t, %d bytes counted", b.calls, b.ended, r.inFlight.held.Load())
				}
				line := b.rig.log.FilterMessage("attempt finished").All()[0].ContextMap()
				if name == "stream" {
					line = b.rig.log.FilterMessage("request finished").All()[0].ContextMap()
				}
				if resumeIn(line)["error"] != errNoRoom.Error() {
					t.Errorf("log line %v", line)
				}
			})
		})
	}
}
