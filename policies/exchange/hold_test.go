package exchange

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// A provider that hangs may go on sending heartbeats.
func TestHeartbeatsAreNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "")
		send(t, a, ask)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello), false)
		for began := time.Now(); !act.End; {
			if time.Since(began) > 6*time.Minute {
				t.Fatal("heartbeats keep a stalled stream open")
			}
			time.Sleep(10 * time.Second)
			a.ResponseBody([]byte(heartbeat), false)
			act = a.Wake()
		}
		if a.record.ended != heal.ReasonStreamStalled {
			t.Errorf("ended by %q", a.record.ended)
		}
	})
}

// A document is held whole, so it is bounded: by the request's deadline, and in
// size.
func TestHeldDocumentIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "")
		f := send(t, a, askWhole)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := policies.Action{Wake: f.Wake}
		began := time.Now()
		for act.Step != policies.Answer {
			if time.Since(began) > 11*time.Minute {
				t.Fatal("held past the deadline")
			}
			a.ResponseBody([]byte(hello), false)
			time.Sleep(max(act.Wake, time.Minute))
			act = a.Wake()
		}
		if act.Reply.Reason != heal.ReasonDeadline || act.Reply.Verdict != policies.Fail {
			t.Errorf("%+v", act.Reply)
		}
	})
	a := newRig(t, nil).begin(1, "")
	send(t, a, askWhole)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.answer.in = answerLimit
	if act := a.ResponseBody([]byte(hello), false); act.Step != policies.Answer || act.Reply.Verdict != policies.Fail || !strings.Contains(string(act.Reply.Body), "ask for a stream") {
		t.Errorf("too long a document: %+v", act)
	}
}

// A replica that has to go says so where somebody is reading.
func TestEndNow(t *testing.T) {
	a := newRig(t, nil).begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	if act := a.EndNow(); act.Step != policies.Hold {
		t.Errorf("while it is held: %+v", act)
	}
	a.ResponseBody([]byte(hello), false)
	act := a.EndNow()
	a.Close(policies.EndComplete)
	if !act.End || !strings.Contains(string(act.Body), "event: error") || a.record.ended != heal.ReasonStreamShutdown {
		t.Errorf("%+v %s, ended by %q", act, act.Body, a.record.ended)
	}
	if act := a.EndNow(); act.Step != policies.Hold {
		t.Errorf("after the end: %+v", act)
	}
}
