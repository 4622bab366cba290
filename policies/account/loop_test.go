package account

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// spot is an account for a model.
type spot struct{ id, model string }

// chase is one request that fails wherever it goes.
type chase struct {
	p      *Accounts
	plan   []Candidate
	found  map[spot]Avoidance
	rests  map[string]bool // groups, for all models
	visits map[spot]int
}

// Whatever backends, accounts and chains there are and however they fail: a
// request asks no account again for a model that is spent for it, none that
// rests, one that it has tried only where nothing of the same rank is left that
// it has not, and at last it is refused. Then nothing is left.
func TestChainsNeverLoop(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var list []Account
		for i := range rapid.IntRange(1, 7).Draw(rt, "accounts") {
			list = append(list, Account{
				ID: fmt.Sprint("a", i), Backend: rapid.SampledFrom([]string{"x", "y", "z"}).Draw(rt, "backend"),
				Project: rapid.SampledFrom([]string{"", "", "p", "q"}).Draw(rt, "project"), Secret: NewSecret("s"),
			})
		}
		var at []Candidate
		for _, model := range []string{"pro", "lite", "nano"}[:rapid.IntRange(1, 3).Draw(rt, "models")] {
			for _, b := range rapid.Permutation([]string{"x", "y", "z"}).Draw(rt, "backends")[:rapid.IntRange(1, 3).Draw(rt, "of them")] {
				at = append(at, Candidate{Backend: b, Model: model, Priority: rapid.IntRange(0, 1).Draw(rt, "priority")})
			}
		}
		ends := rapid.SliceOfN(rapid.IntRange(0, 3), 50, 50).Draw(rt, "ends")
		failures := rapid.SliceOfN(rapid.SampledFrom(list), 0, 5).Draw(rt, "of other requests")
		var failed error
		synctest.Test(t, func(t *testing.T) {
			c := chase{accounts(t, list, Deps{}), at, map[spot]Avoidance{}, map[string]bool{}, map[spot]int{}}
			for _, a := range failures { // so that what was tried may look better than what was not
				leaseOf(c.p, a.ID, "pro").Done(Outcome{Result: Failed, Sent: true, Tokens: -1})
			}
			failed = c.run(ends)
		})
		if failed != nil {
			rt.Fatal(failed)
		}
	})
}

// run goes on until nothing is left.
func (c *chase) run(ends []int) error {
	w := Want{Tokens: 10, NoProbe: true, Avoid: func(id, model string) Avoidance { return c.found[spot{id, model}] }}
	for _, end := range ends {
		l, err := c.p.Acquire(context.Background(), c.plan, w)
		if u := (*Unavailable)(nil); errors.As(err, &u) {
			if left := c.left(func(*member, Candidate) bool { return true }); left != "" {
				return fmt.Errorf("refused (%w), though %s was left", err, left)
			}
			return nil
		}
		got := l.(*lease)
		s := spot{got.member.ID, got.lane.model}
		switch tried := c.found[s]; {
		case tried == Spent || c.rests[got.member.group]:
			return fmt.Errorf("%v was asked again", s)
		case tried == Tried:
			if fresh := c.left(func(m *member, of Candidate) bool { return c.isRank(of, got) && c.untried(m.group, of.Model) }); fresh != "" {
				return fmt.Errorf("%v was asked again, though %s had not been asked", s, fresh)
			}
		}
		if c.visits[s]++; c.visits[s] > 2 {
			return fmt.Errorf("%v was asked %d times", s, c.visits[s])
		}
		switch {
		case end == 0:
			l.Note(Effects{Cooldowns: []Cooldown{{Scope: OfGroup, Cause: "c", Kind: RateLimit, For: []time.Duration{time.Hour}}}})
			c.rests[got.member.group] = true
		case end == 1 && c.found[s] == Fresh:
			c.found[s] = Tried
		default:
			c.found[s] = Spent
		}
		l.Done(Outcome{Result: Neutral, Sent: true, Tokens: -1})
		time.Sleep(time.Second)
	}
	return fmt.Errorf("no end after %d attempts", len(ends))
}

// left is an account that may be asked for one of the candidates which are looked
// for; "" if none may.
func (c *chase) left(among func(*member, Candidate) bool) string {
	for _, of := range c.plan {
		for _, m := range c.p.members[of.Backend] {
			if c.found[spot{m.ID, of.Model}] != Spent && !c.rests[m.group] && among(m, of) {
				return fmt.Sprint(m.ID, " for ", of.Model)
			}
		}
	}
	return ""
}

// isRank reports whether a candidate is in the tier of a lease: next to its own, with
// the same priority.
func (c *chase) isRank(of Candidate, l *lease) bool {
	var tier []Candidate
	has := false
	for _, o := range c.plan {
		if len(tier) > 0 && (o.Model != tier[0].Model || o.Priority != tier[0].Priority) {
			if has {
				break
			}
			tier = nil
		}
		tier = append(tier, o)
		has = has || o.Backend == l.lane.backend && o.Model == l.lane.model
	}
	for _, o := range tier {
		if o == of {
			return true
		}
	}
	return false
}

// untried reports whether the request has asked no account of a group for a
// model.
func (c *chase) untried(group, model string) bool {
	for _, m := range c.p.byID {
		if m.group == group && c.found[spot{m.ID, model}] != Fresh {
			return false
		}
	}
	return true
}
