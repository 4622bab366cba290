package exchange

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
)

// The sums of a request are those of all its attempts, wherever they were made,
// also in its line.
func TestSumsOfAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to *told
		replica := func() rig {
			r := newRig(t, nil)
			if to == nil {
				to = &told{}
			}
			r.recorder, r.prices = to, price.New(price.Config{})
			return r
		}
		empty := `data: {"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":27,"totalTokenCount":27}}` + "\n\n"
		one, other := replica(), replica()
		a := one.begin(1, "")
		send(t, a, ask)
		b := other.begin(2, answerWith(a, 429, minute).Reply.Memory)
		send(t, b, ask)
		c := one.begin(3, answerWith(b, 200, empty).Reply.Memory)
		send(t, c, ask)
		answerWith(c, 200, hello+stop)
		var input, cost int64
		var waited record.Duration
		for _, a := range to.attempts {
			waited += a.Waited
			if a.Usage != nil {
				input, cost = input+a.Usage.Input, cost+*a.Cost
			}
		}
		q := to.request()
		if input != 30 || q.Usage == nil || q.Usage.Input != 30 || q.Cost == nil || *q.Cost != cost || q.PriceVersion == "" || q.Waited != waited || q.Estimated {
			t.Errorf("usage %+v, cost %v of %d, waited %v of %v, estimated %t", q.Usage, q.Cost, cost, time.Duration(q.Waited), time.Duration(waited), q.Estimated)
		}
		if second := q.Attempts[1]; len(q.Attempts) != 3 || second.Status != 200 || second.Usage.Input != 27 || second.Cost == nil || q.Attempts[0].Status != 429 || q.Attempts[0].Usage != nil {
			t.Errorf("%+v", q.Attempts)
		}
		line := one.log.FilterMessage("request finished").All()[0].ContextMap()
		if usage, _ := line["usage"].(map[string]any); usage["input"] != int64(30) || line["cost_nano"] != cost {
			t.Errorf("%v", line)
		}
		told := line["attempts"].([]any)[1].(map[string]any)
		if told["upstream_status"] != int64(200) {
			t.Errorf("%v", told)
		}
	})
}

// So are those of an attempt that was lost, with its own number, if this replica
// has seen its end; it goes on with the request.
func TestSumsWithALostAttempt(t *testing.T) {
	r, to := newRecorded(t, nil)
	_, ends := r.loses(t, ask)
	ends()
	second := r.begin(2, "")
	send(t, second, ask)
	third := r.begin(3, answerWith(second, 503, overload).Reply.Memory)
	send(t, third, ask)
	answerWith(third, 200, hello+stop)
	lost, q := to.attempts[0], to.request()
	if lost.Usage == nil || q.Tried != 3 || len(q.Attempts) != 3 || q.Usage.Input != 3+lost.Usage.Input || !q.Estimated || *q.Cost != *lost.Cost+*to.last().Cost {
		t.Fatalf("lost %+v, %+v", lost.Usage, q)
	}
	for i, want := range []string{"canceled", "upstream_overloaded", "ok"} {
		if got := q.Attempts[i]; got.Number != i+1 || got.Reason != want || !got.Asked || got.Unsettled != (i == 0) || got.Account == "" {
			t.Errorf("%+v", got)
		}
	}
	if q.Attempts[0].Status != 200 {
		t.Errorf("%+v", q.Attempts[0])
	}
}

// Of attempts that the memory had no room for there are still the sums.
func TestSumsOfDroppedAttempts(t *testing.T) {
	r, to := newRecorded(t, func(cfg *Config) { cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 3}} })
	cost := int64(70)
	m := heal.Memory{Tenant: "default", Started: r.clock.Now(), Dropped: 1, Before: heal.Used{Known: true, Input: 5, Priced: true, Cost: cost}}
	a := r.begin(2, m.Seal(r.key, r.clock, "id-1"))
	send(t, a, ask)
	answerWith(a, 200, hello+stop)
	if q := to.request(); len(q.Attempts) != 1 || q.Usage.Input != 8 || *q.Cost != *to.last().Cost+cost {
		t.Errorf("%+v of %+v", q.Usage, q.Attempts)
	}
}
