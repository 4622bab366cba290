package state

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
)

// Model names come from clients, so what is learned is bounded.
func TestLearnedIsBounded(t *testing.T) {
	var l Learned
	for n := range 2500 {
		l.Add("a", fmt.Sprint(n), heal.OmitIDs, heal.OmitIDs, uint64(n), nil)
		if l.Of("a", fmt.Sprint(n), nil) != heal.OmitIDs {
			t.Fatalf("the %dth is forgotten at once", n)
		}
		if known, _ := l.Len(); known > 1000 {
			t.Fatalf("%d models are remembered", known)
		}
	}
}

// So is what only the texts of errors said.
func TestHeardIsBounded(t *testing.T) {
	var l Learned
	for n := range 2500 {
		l.Add("a", fmt.Sprint(n), heal.OmitIDs, 0, uint64(n), nil)
		if _, heard := l.Len(); heard > 1000 {
			t.Fatalf("%d words are remembered", heard)
		}
	}
	if known, _ := l.Len(); known > 0 {
		t.Errorf("%d are believed of one request each", known)
	}
}

// A text is believed once a second request met it, a field that upstream names at
// once; schemas are remembered one by one; and what is said of a request alone is
// not remembered.
func TestLearned(t *testing.T) {
	var l Learned
	one, two := SchemaSum{1}, SchemaSum{2}
	of := func(s SchemaSum) func() SchemaSum { return func() SchemaSum { return s } }
	learn := func(r, structured heal.Repairs, request uint64) {
		l.Add("a", "m", r, structured, request, of(one))
	}
	check := func(what, backend, model string, s SchemaSum, want heal.Repairs) {
		t.Helper()
		if got := l.Of(backend, model, of(s)); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	learn(heal.OmitIDs|heal.StripSignatures, 0, 1)
	learn(heal.OmitIDs|heal.StripSignatures, 0, 1)
	check("heard of one request", "a", "m", one, 0)
	learn(heal.OmitIDs|heal.StripSignatures, 0, 2)
	check("heard of two", "a", "m", one, heal.OmitIDs)
	learn(heal.OmitPenalties, heal.OmitPenalties, 1)
	check("named", "a", "m", one, heal.OmitIDs|heal.OmitPenalties)
	learn(heal.RelaxSchema, 0, 1)
	learn(heal.RelaxSchema, 0, 2)
	check("the schemas", "a", "m", one, heal.OmitIDs|heal.OmitPenalties|heal.RelaxSchema)
	check("other schemas", "a", "m", two, heal.OmitIDs|heal.OmitPenalties)
	check("another backend", "b", "m", one, 0)
	check("another model", "a", "n", one, 0)
}

// What is learned ends a quarter of an hour after a request was last refused
// without it, and not before. Then one request is enough to learn it again.
func TestLearnedEnds(t *testing.T) {
	schemas := func() SchemaSum { return SchemaSum{1} }
	for _, repair := range LearnedRepairs {
		synctest.Test(t, func(t *testing.T) {
			var l Learned
			var told []LearnedResult
			l.Tell = func(c LearnedChange) {
				l.Len() // it is told without the lock
				if c.Backend != "a" || c.Model != "m" || c.Repair != repair || c.Why == "" {
					t.Errorf("%+v", c)
				}
				told = append(told, c.Result)
			}
			known := func(what string, want bool) {
				t.Helper()
				if got := l.Of("a", "m", schemas) == repair; got != want {
					t.Errorf("%s, %s: known %t", repair, what, got)
				}
			}
			l.Add("a", "m", repair, 0, 1, schemas)
			l.Add("a", "m", repair, 0, 2, schemas)
			time.Sleep(10 * time.Minute)
			l.Add("a", "m", repair, 0, 3, schemas) // refused without it anyway
			time.Sleep(15*time.Minute - time.Nanosecond)
			known("just before its end", true)
			if list := l.List(); len(list) != 1 || list[0] != (LearnedRepair{"a", "m", repair, 1}) {
				t.Errorf("%s: %+v", repair, list)
			}
			time.Sleep(time.Nanosecond)
			known("at its end", false)
			if list := l.List(); len(list) > 0 {
				t.Errorf("%s: %+v", repair, list)
			}
			l.Add("a", "m", repair, 0, 4, schemas)
			known("refused again", true)
			time.Sleep(15 * time.Minute)
			l.Add("a", "m", repair, 0, 5, schemas) // no request in between
			time.Sleep(time.Minute)
			known("refused after its end", true)
			if want := []LearnedResult{RepairLearned, RepairEnded, RepairLearned, RepairEnded, RepairLearned}; !slices.Equal(told, want) {
				t.Errorf("%s: told %v, want %v", repair, told, want)
			}
		})
	}
}

// What may have broken an answer is forgotten, with what was heard of it, unless it
// was learned only after the request was sent.
func TestUnlearn(t *testing.T) {
	schemas := func() SchemaSum { return SchemaSum{1} }
	for _, repair := range LearnedRepairs {
		synctest.Test(t, func(t *testing.T) {
			var l Learned
			var told []LearnedChange
			l.Tell = func(c LearnedChange) { told = append(told, c) }
			before := time.Now()
			time.Sleep(time.Second)
			l.Add("a", "m", repair, 0, 1, schemas)
			l.Add("a", "m", repair, 0, 2, schemas)
			others := heal.OmitIDs
			if repair == others {
				others = heal.OmitPenalties
			}
			l.Add("a", "m", others, others, 1, schemas)
			l.Unlearn("a", "m", repair, before, "empty", schemas)
			if got := l.Of("a", "m", schemas); got != repair|others {
				t.Errorf("%s: a request of before has changed it: %s", repair, got)
			}
			l.Unlearn("b", "m", repair, time.Now(), "empty", schemas)
			l.Unlearn("a", "m", repair, time.Now(), "empty", schemas)
			l.Unlearn("a", "m", repair, time.Now(), "empty", schemas)
			if got := l.Of("a", "m", schemas); got != others {
				t.Errorf("%s: still %s", repair, got)
			}
			if last := told[len(told)-1]; len(told) != 3 || last != (LearnedChange{"a", "m", repair, RepairUnlearned, "empty"}) {
				t.Errorf("%s: told %+v", repair, told)
			}
			l.Add("a", "m", repair, 0, 3, schemas)
			if got := l.Of("a", "m", schemas); got != others {
				t.Errorf("%s: one request has taught it again", repair)
			}
		})
	}
}

// Where there is no room, what was not confirmed for the longest time goes first.
func TestLearnedMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Learned
		var told []LearnedChange
		l.Tell = func(c LearnedChange) {
			if c.Result != RepairLearned {
				told = append(told, c)
			}
		}
		add := func(n int) { l.Add("a", fmt.Sprint(n), heal.OmitIDs, heal.OmitIDs, uint64(n), nil) }
		for n := range learnedLimit {
			add(n)
			time.Sleep(time.Millisecond)
		}
		add(0)
		add(learnedLimit)
		if known, _ := l.Len(); known != learnedLimit || len(told) != 1 || told[0].Model != "1" || told[0].Result != RepairEnded {
			t.Errorf("%d are known, %+v", known, told)
		}
		if l.Of("a", "0", nil) == 0 || l.Of("a", "1", nil) != 0 {
			t.Error("the wrong one is forgotten")
		}
	})
}
