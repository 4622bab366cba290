package account

import (
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

// A limit that names another model which is asked for here is that model's; one of
// a model that nobody asks for is another name of the one that was asked.
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

// Where capacity is shared, a refusal lowers how many run at once, and nobody is
// kept back.
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
