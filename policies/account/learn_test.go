package account

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

var perMinute = Quota{ID: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", Value: "2"}

// A limit that a refusal names is kept from then on, without configuration.
func TestNamedLimitsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		l := leaseOf(p, "a", "m")
		l.Note(Effects{Limits: []Quota{perMinute}})
		l.Done(Outcome{Result: Failed, Sent: true})
		time.Sleep(61 * time.Second) // the refused one counts
		for range 2 {
			if got, l := acquired(t, p, plan("m", "x"), Want{}); got != "a" {
				t.Fatalf("refused: %s", got)
			} else {
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
			}
		}
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "rate_limit" {
			t.Errorf("%s was asked a third time in a minute of two", got)
		}
		if got, _ := acquired(t, p, plan("other", "x"), Want{}); got != "a" {
			t.Errorf("%s: the limit is of one model", got)
		}
	})
}

// A limit that names another model which is asked for here is that model's; one
// of a model that is not in use is another name of the requested one.
func TestNamedLimitsAreOfTheirModel(t *testing.T) {
	for name, want := range map[string]struct{ asked, named string }{
		"other": {"a", "rate_limit"},
		"m-001": {"rate_limit", "a"},
		"m":     {"rate_limit", "a"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := withStore(t, one(0, state.Rates{}))
			leaseOf(p, "a", "other").Done(Outcome{Result: Neutral})
			limit := perMinute
			limit.Dimensions = map[string]string{"model": name, "location": "global"}
			l := leaseOf(p, "a", "m")
			l.Note(Effects{Limits: []Quota{limit}})
			l.Done(Outcome{Result: Failed, Sent: true})
			ask := func(model string) (got string) {
				for range 3 {
					var l Lease
					if got, l = acquired(t, p, plan(model, "x"), Want{}); l != nil {
						l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
					}
				}
				return got
			}
			if got := ask("m"); got != want.asked {
				t.Errorf("%s: %s for the model that was asked, want %s", name, got, want.asked)
			}
			if got := ask("other"); got != want.named {
				t.Errorf("%s: %s for the other model, want %s", name, got, want.named)
			}
		})
	}
}

// A limit of 0 is no quota at all: the group is out for the model.
func TestAbsentModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		none := perMinute
		none.Value = "0"
		l := leaseOf(p, "a", "m")
		l.Note(Effects{Limits: []Quota{none}})
		l.Done(Outcome{Result: Failed, Sent: true})
		time.Sleep(48 * time.Hour)
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "quota" {
			t.Errorf("%s was asked for a model without quota", got)
		}
		if got, _ := acquired(t, p, plan("other", "x"), Want{}); got != "a" {
			t.Errorf("%s for another model", got)
		}
	})
}

// If capacity is shared, a refusal lowers how many run at once, and no account
// is kept back.
func TestSharedCapacity(t *testing.T) {
	list := []Account{{ID: "a", Backend: "x", Place: "vertex/global", Project: "p", Secret: NewSecret("s")}}
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		var held []Lease
		for range 10 {
			_, l := acquired(t, p, plan("m", "x"), Want{})
			held = append(held, l)
		}
		time.Sleep(time.Second)
		held[0].Note(Effects{NoCapacity: true})
		held[0].Done(Outcome{Result: Failed, Sent: true})
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "capacity" {
			t.Errorf("%s: a tenth attempt was let in, of seven", got)
		}
		for _, l := range held[1:] {
			l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
		}
		for range 7 {
			if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "a" {
				t.Fatalf("%s, of seven", got)
			}
		}
	})
}

// Days end at midnight in California, summer or winter.
func TestDayEnds(t *testing.T) {
	for _, c := range []struct{ now, want string }{
		{"2026-11-30T00:00:00Z", "2026-11-30T08:00:00Z"},
		{"2026-11-30T08:00:00Z", "2026-12-01T08:00:00Z"},
		{"2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"},
		{"2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"}, // the clock is put forward that day
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		if got := DayEnds(now).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s: the day ends %s, want %s", c.now, got, c.want)
		}
	}
}

// The store has counted nothing of the minute that hits a limit which is
// unknown yet: when the cooldown ends that goes with the refusal, the group
// gets no second minute before the first one is over.
func TestMinuteBeforeLimitCounts(t *testing.T) {
	limit := perMinute
	for _, c := range []struct {
		name   string
		quota  Quota
		tokens int64
		again  int // how many requests fit into the next minute
	}{
		{"requests", Quota{ID: "GenerateRequestsPerMinutePerProjectPerModel", Value: "10"}, 100, 10},
		{"tokens", Quota{ID: "GenerateContentInputTokensPerModelPerMinute", Value: "1000"}, 100, 10},
		{"larger than the limit", Quota{ID: "GenerateContentInputTokensPerModelPerMinute", Value: "1000"}, 2000, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := withStore(t, one(0, state.Rates{}))
				want := Want{Tokens: c.tokens}
				for i := range 11 {
					_, l := acquired(t, p, plan("m", "x"), want)
					out := Outcome{Result: Succeeded, Sent: true, Tokens: c.tokens}
					if i == 10 {
						l.Note(Effects{Limits: []Quota{c.quota}})
						out = Outcome{Result: Failed, Sent: true, Tokens: -1}
					}
					l.Done(out)
				}
				for range 3 { // for the rest of the minute
					time.Sleep(20 * time.Second)
					if got, _ := acquired(t, p, plan("m", "x"), want); got != "rate_limit" {
						t.Fatalf("%s was asked again in the minute that hit the limit", got)
					}
				}
				time.Sleep(time.Second)
				for i := range c.again {
					got, l := acquired(t, p, plan("m", "x"), want)
					if got != "a" {
						t.Fatalf("request %d of the next minute: %s", i, got)
					}
					l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: c.tokens})
				}
				if got, _ := acquired(t, p, plan("m", "x"), want); got != "rate_limit" {
					t.Errorf("%s was asked once more than the limit", got)
				}
				time.Sleep(2 * time.Minute)
				if p.quotas[state.GroupModel{Group: p.members["x"][0].group, Model: "m"}].uncounted.ends.After(time.Now()) {
					t.Error("the store still does not know all")
				}
			})
		})
	}
	// What was not sent, or was smaller than guessed, has room again.
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		_, unsent := acquired(t, p, plan("m", "x"), Want{})
		unsent.Done(Outcome{})
		_, l := acquired(t, p, plan("m", "x"), Want{})
		l.Note(Effects{Limits: []Quota{limit}}) // two a minute
		l.Done(Outcome{Result: Failed, Sent: true, Tokens: -1})
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "a" {
			t.Errorf("%s: one of two is left", got)
		}
	})
}

// ofReplicas is a store that knows of so many replicas.
type ofReplicas struct {
	state.Store
	n int
}

func (s ofReplicas) Snapshot(ctx context.Context) (*state.Snapshot, error) {
	all, err := s.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	out := *all
	out.Replicas = s.n
	return &out, nil
}

// Replicas that learn a limit from each other stay within it together, also before
// the store knows what they had sent.
func TestReplicasShareAnUncountedMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deps := Deps{Store: ofReplicas{store(t), 2}, Shared: true}
		a, b := accounts(t, one(0, state.Rates{}), deps), accounts(t, one(0, state.Rates{}), deps)
		told(a)
		told(b)
		sent := 0
		send := func(p *Accounts) bool {
			got, l := acquired(t, p, plan("m", "x"), Want{})
			if got == "a" {
				sent++
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
			}
			return got == "a"
		}
		for range 7 {
			send(a)
		}
		for range 3 {
			send(b)
		}
		l := leaseOf(a, "a", "m")
		l.Note(Effects{Limits: []Quota{{ID: perMinute.ID, Value: "10"}}})
		l.Done(Outcome{Sent: true, Result: Failed, Tokens: -1})
		told(b)
		if send(a) || sent > 12 {
			t.Errorf("%d were sent of 10 a minute", sent)
		}
		for send(b) {
		}
		if sent != 12 { // two more than the limit at most: b has an even part
			t.Errorf("%d were sent, want 12", sent)
		}
		// A replica that starts later finds a store that has counted.
		time.Sleep(2 * time.Minute)
		c := accounts(t, one(0, state.Rates{}), deps)
		told(c)
		if sent = 0; !send(c) || c.quotas[state.GroupModel{Group: a.byID["a"].group, Model: "m"}].uncounted.ends.After(time.Now()) {
			t.Error("a limit of long ago keeps a new replica back")
		}
	})
}
