package exchange

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

func oneHopRig(t *testing.T) rig {
	return newRig(t, func(c *Config) {
		c.OneHop = true
		c.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 5}}
	})
}

// With one hop a failure is final, whatever would follow it with two, and clients
// are told to repeat what may pass. Nothing is left for a next attempt.
func TestOneHopEndsAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   int
		again  string // x-should-retry
	}{
		{"overloaded", 503, overload, 529, "true"},
		{"rate limit", 429, minute, 429, "true"},
		{"empty", 200, "", 500, "true"},
		{"cut", 200, heartbeat, 500, "true"},
		{"signature", 400, corrupted, 400, "false"},
		{"forbidden", 403, forbidden, 500, "true"}, // another account is ready,
		{"invalid", 400, refusal("Request contains an invalid argument."), 400, "false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := oneHopRig(t)
			a := r.begin(1, "")
			send(t, a, askWhole)
			reply := answerWith(a, c.status, c.body).Reply
			if reply == nil || reply.Verdict != policies.Fail || reply.Status != c.want || reply.Wait != 0 || reply.Memory != "" || reply.Headers.Get("x-should-retry") != c.again {
				t.Errorf("%+v", reply)
			}
		})
	}
}

// A connection that died while it was idle is no exception.
func TestOneHopStaleConnection(t *testing.T) {
	r := oneHopRig(t)
	a := r.begin(1, "")
	send(t, a, ask)
	reply := a.ResponseHeaders(&policies.Response{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}"}).Reply
	if reply == nil || reply.Verdict != policies.Fail || reply.Headers.Get("x-should-retry") != "true" {
		t.Errorf("%+v", reply)
	}
}

// What a client says of earlier attempts is not believed.
func TestOneHopBelievesNoClient(t *testing.T) {
	two := newRig(t, nil)
	first := two.begin(1, "")
	send(t, first, ask)
	memory := answerWith(first, 403, forbidden).Reply.Memory
	r := oneHopRig(t)
	a := r.begin(9, memory, policies.HeaderSet, "attempts=7,hedge=1s,resume=text,memory=store", policies.HeaderUnreached, "3")
	send(t, a, ask)
	if memory == "" || a.number != 1 || a.memory.Known() != 0 || a.lost != 0 || a.settings.Attempts != 1 || a.account.ID != "a-1" {
		t.Errorf("attempt %d, knows %d, %d lost, %d attempts, asks %s", a.number, a.memory.Known(), a.lost, a.settings.Attempts, a.account.ID)
	}
	a.Close(policies.EndCancelled)
	// Metadata of the filter is the owner's, but cannot do what nobody would obey.
	b := r.begin(1, "")
	b.in.Settings = policies.Headers{{Name: policies.HeaderSet, Value: "attempts=7,hedge=1s,resume=text,memory=store,ping=9s"}}
	f := send(t, b, ask)
	if s := b.settings; s.Attempts != 1 || s.Hedges() || s.Resumes() || s.StoresMemory() || s.Ping != 9*time.Second {
		t.Errorf("%+v", s)
	}
	if slices.ContainsFunc(f.Set, func(h policies.Header) bool { return h.Name == policies.HeaderHedge }) {
		t.Error("it is sent twice")
	}
	b.Close(policies.EndCancelled)
}

// A fault of heald's own is not marked either.
func TestOneHopRefuses(t *testing.T) {
	r := oneHopRig(t)
	reply := r.Refuse(r.begin(1, "").in, &policies.Fault{Verdict: policies.Retry, Reason: heal.ReasonPanic, Err: errors.New("internal error")})
	if reply.Verdict != policies.Fail || reply.Status != 500 || reply.Headers.Get("x-should-retry") != "true" {
		t.Errorf("%+v", reply)
	}
	if !r.OneHop() || newRig(t, nil).OneHop() {
		t.Error("the mode is not told")
	}
}
