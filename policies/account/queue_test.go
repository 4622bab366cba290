package account

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func anyone(*Waiter[string]) bool { return true }

// drain pops until no waiter can be served, and joins the values.
func drain(q *Queue[string], can func(*Waiter[string]) bool) string {
	var out []string
	for {
		w := q.Pop(can)
		if w == nil {
			return strings.Join(out, " ")
		}
		out = append(out, w.Value)
	}
}

func TestQueueOrder(t *testing.T) {
	type w = Waiter[string]
	for _, c := range []struct {
		name    string
		waiters []w
		can     string // values that can be served; "" for all
		want    string
	}{
		{"nobody waits", nil, "", ""},
		{"first come first served", []w{{Value: "a1"}, {Value: "a2"}, {Value: "a3"}}, "", "a1 a2 a3"},
		{"retries before new work, in their order", []w{{Value: "a1"}, {Value: "r1", Retry: true}, {Value: "r2", Retry: true}}, "", "r1 r2 a1"},
		{"no retry comes before another tenant's turn", []w{
			{Tenant: "a", Value: "a1", Service: 1}, {Tenant: "b", Value: "b1", Service: 1},
			{Tenant: "b", Value: "br", Service: 1, Retry: true}, {Tenant: "b", Value: "bs", Service: 1, Retry: true},
		}, "", "a1 br bs b1"},
		{"tenants take turns", []w{
			{Tenant: "a", Value: "a1", Service: 1}, {Tenant: "a", Value: "a2", Service: 1}, {Tenant: "a", Value: "a3", Service: 1},
			{Tenant: "b", Value: "b1", Service: 1}, {Tenant: "b", Value: "b2", Service: 1},
		}, "", "a1 b1 a2 b2 a3"},
		{"weights", []w{
			{Tenant: "a", Weight: 3, Value: "a1", Service: 3}, {Tenant: "a", Weight: 3, Value: "a2", Service: 3},
			{Tenant: "a", Weight: 3, Value: "a3", Service: 3}, {Tenant: "a", Weight: 3, Value: "a4", Service: 3},
			{Tenant: "b", Weight: 1, Value: "b1", Service: 2.5}, {Tenant: "b", Value: "b2", Service: 2.5},
		}, "", "a1 b1 a2 a3 b2 a4"},
		{"large requests count for more", []w{
			{Tenant: "a", Value: "a1", Service: 10}, {Tenant: "a", Value: "a2", Service: 10},
			{Tenant: "b", Value: "b1", Service: 4}, {Tenant: "b", Value: "b2", Service: 4}, {Tenant: "b", Value: "b3", Service: 4},
		}, "", "a1 b1 b2 b3 a2"},
		{"who cannot be served is skipped", []w{
			{Tenant: "a", Value: "a1", Service: 1}, {Tenant: "b", Value: "b1", Service: 1}, {Tenant: "b", Value: "b2", Service: 1},
		}, "b1 b2", "b1 b2"},
		{"and holds back its line only", []w{
			{Value: "p1", Line: "pro"}, {Value: "p2", Line: "pro"}, {Value: "f1", Line: "flash"},
		}, "p2 f1", "f1"},
	} {
		q := NewQueue[string](100)
		for i := range c.waiters {
			if !q.Push(&c.waiters[i]) {
				t.Fatalf("%s: the queue is full", c.name)
			}
		}
		got := drain(q, func(w *Waiter[string]) bool {
			return c.can == "" || slices.Contains(strings.Fields(c.can), w.Value)
		})
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A tenant that returns starts at the least of those that wait: it neither
// catches up on what it did not ask for, nor pays for what was free.
func TestQueueReturningTenant(t *testing.T) {
	q := NewQueue[string](100)
	push := func(tenant string, n int) {
		for i := range n {
			q.Push(&Waiter[string]{Tenant: tenant, Service: 1, Value: fmt.Sprint(tenant, i)})
		}
	}
	push("a", 50)
	for range 46 {
		q.Pop(anyone)
	}
	push("b", 4)
	if got, want := drain(q, anyone), "a46 b0 a47 b1 a48 b2 a49 b3"; got != want {
		t.Errorf("while a waits: %s, want %s", got, want)
	}
	q.Charge("a", 1, 1000)
	q.Charge("b", 1, 0)
	push("b", 3)
	push("a", 3)
	if got, want := drain(q, anyone), "b0 a0 b1 a1 b2 a2"; got != want {
		t.Errorf("after a had everything to itself: %s, want %s", got, want)
	}
}

func TestQueueCharge(t *testing.T) {
	q := NewQueue[string](100)
	for i := range 3 {
		q.Push(&Waiter[string]{Tenant: "a", Service: 10, Value: fmt.Sprint("a", i)})
		q.Push(&Waiter[string]{Tenant: "b", Service: 10, Value: fmt.Sprint("b", i)})
	}
	q.Charge("a", 0, 25) // admitted elsewhere
	q.Charge("b", 2, 10) // 5, by its weight
	q.Charge("b", 2, -10)
	if got, want := drain(q, anyone), "b0 b1 b2 a0 a1 a2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestQueueRemove(t *testing.T) {
	q := NewQueue[string](2)
	a, b, c := &Waiter[string]{Tenant: "t", Value: "a"}, &Waiter[string]{Tenant: "t", Value: "b"}, &Waiter[string]{Tenant: "u", Value: "c"}
	if !q.Push(a) || !q.Push(b) || q.Push(c) {
		t.Error("a queue of two does not take two")
	}
	if q.Remove(c) || !q.Remove(a) || q.Remove(a) {
		t.Error("what waits can be removed, once")
	}
	if q.Len("t") != 1 || q.Len("u") != 0 || q.Waiting() != 1 {
		t.Errorf("%d and %d of %d wait", q.Len("t"), q.Len("u"), q.Waiting())
	}
	if !q.Push(c) {
		t.Error("no room after one was removed")
	}
	if got := drain(q, anyone); got != "b c" || q.Waiting() != 0 || len(q.active) != 0 {
		t.Errorf("%s came, and %d wait", got, q.Waiting())
	}
	if q.Remove(b) {
		t.Error("what was admitted could be removed")
	}
	if q.Remove(&Waiter[string]{Tenant: "nobody"}) {
		t.Error("what never waited could be removed")
	}
}

// Any number of tenants may come; those that owe something are kept longest.
func TestQueueBoundsTenants(t *testing.T) {
	q := NewQueue[string](10)
	q.Push(&Waiter[string]{Tenant: "waits"})
	q.Charge("owes", 1, 1000)
	for i := range 3 * mostTenants {
		q.Charge(fmt.Sprint("tenant-", i), 1, 0)
	}
	if n := len(q.tenants); n > mostTenants+1 {
		t.Errorf("%d tenants are remembered", n)
	}
	if q.tenants["owes"] == nil || q.Len("waits") != 1 {
		t.Error("a tenant that owes, or one that waits, had to go first")
	}
	for i := range 3 * mostTenants {
		q.Charge(fmt.Sprint("owing-", i), 1, 1)
	}
	if n := len(q.tenants); n > mostTenants+1 || q.Len("waits") != 1 {
		t.Errorf("%d tenants are remembered, %d of one that waits", n, q.Len("waits"))
	}
}

// The stated bound: over any time in which n tenants always have something
// waiting, each gets its share of what those were served, minus L (1 + (n-2) w/W),
// with the largest request L, its weight w and the weight W of all n.
//
// The proof: let v be the least virtual service of all who wait. It never falls,
// and since only the tenant that has it is served, by at most L/w, each tenant stays
// between v and v + L/w. Let v rise by D over the time in question. A tenant that
// begins as far ahead as it can and ends with the least gets w D - L, and another
// one, with weight u, at most u D + L. Then all get (W D - L) + (n-1) L at most, of
// which w/W is w D + L (n-2) w/W: that is L (1 + (n-2) w/W) more than w D - L.
func TestQueueIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "tenants")
		weights := rapid.SliceOfN(rapid.SampledFrom([]float64{0.5, 1, 2, 3}), n, n).Draw(t, "weights")
		largest := rapid.IntRange(1, 1000).Draw(t, "largest")
		sizes := rapid.Float64Range(0, float64(largest))
		q := NewQueue[string](math.MaxInt)
		name := func(i int) string { return fmt.Sprint("t", i) }
		push := func(i int) {
			q.Push(&Waiter[string]{Tenant: name(i), Weight: weights[i], Service: sizes.Draw(t, "size"), Value: name(i)})
		}
		// What happened before must not count: tenants come with a past.
		for i := range n {
			q.Charge(name(i), weights[i], sizes.Draw(t, "past"))
		}
		from, served, others := make([]float64, n), make([]float64, n), make([]bool, n)
		backlogged := n
		if n > 2 { // the last comes and goes
			backlogged--
			others[n-1] = true
		}
		for i := range backlogged {
			push(i)
			push(i)
		}
		steps := rapid.IntRange(1, 200).Draw(t, "steps")
		mark := rapid.IntRange(0, steps).Draw(t, "mark") // any stretch of time
		for step := range steps {
			if step == mark {
				copy(from, served)
			}
			if others[n-1] && rapid.Bool().Draw(t, "guest") {
				push(n - 1)
			}
			w := q.Pop(func(*Waiter[string]) bool { return true })
			if w == nil {
				t.Fatal("somebody waits and nobody is served")
			}
			i := int(w.Tenant[1] - '0')
			served[i] += w.Service
			if i < backlogged {
				push(i)
			}
		}
		var all, weight float64
		for i := range backlogged {
			all += served[i] - from[i]
			weight += weights[i]
		}
		if mark == steps {
			return
		}
		for i := range backlogged {
			share, bound := all*weights[i]/weight, fairBound(float64(largest), weights[i], weight, backlogged)
			if got := served[i] - from[i]; got < share-bound-1e-6 {
				t.Fatalf("tenant %d got %v of its share %v, less than minus %v", i, got, share, bound)
			}
		}
	})
}

// fairBound is how much less than its share a tenant of this weight may get, if the
// n tenants that wait weigh so much together.
func fairBound(largest, weight, all float64, n int) float64 {
	return largest * (1 + weight*float64(n-2)/all)
}

// Somebody is served whenever the first of a line can be, and within a line
// retries come first and then arrival decides.
func TestQueueWorksAndKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := NewQueue[string](1000)
		waiting := []*Waiter[string]{}
		first := func(w *Waiter[string]) bool { // of its tenant's line
			for _, o := range waiting {
				if o != w && o.Tenant == w.Tenant && o.Line == w.Line && (o.Retry && !w.Retry || o.Retry == w.Retry && o.arrival < w.arrival) {
					return false
				}
			}
			return true
		}
		names := rapid.SampledFrom([]string{"a", "b", "c"})
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				w := &Waiter[string]{
					Tenant: names.Draw(t, "tenant"), Line: names.Draw(t, "line"),
					Retry: rapid.Bool().Draw(t, "retry"), Service: rapid.Float64Range(-10, 100).Draw(t, "service"),
				}
				q.Push(w)
				waiting = append(waiting, w)
			case 2:
				can := map[string]bool{"a": rapid.Bool().Draw(t, "a"), "b": rapid.Bool().Draw(t, "b"), "c": rapid.Bool().Draw(t, "c")}
				servable := slices.ContainsFunc(waiting, func(w *Waiter[string]) bool { return can[w.Line] })
				firsts := slices.DeleteFunc(slices.Clone(waiting), func(w *Waiter[string]) bool { return !first(w) })
				w := q.Pop(func(w *Waiter[string]) bool { return can[w.Line] })
				switch {
				case (w != nil) != servable:
					t.Fatalf("%v was served, servable %v", w, servable)
				case w == nil:
				case !slices.Contains(firsts, w):
					t.Fatalf("%+v was served out of its turn", w)
				}
				waiting = slices.DeleteFunc(waiting, func(o *Waiter[string]) bool { return o == w })
			case 3:
				if len(waiting) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(waiting)-1).Draw(t, "who")
				if !q.Remove(waiting[i]) {
					t.Fatal("a waiter could not be removed")
				}
				waiting = slices.Delete(waiting, i, i+1)
			}
			if q.Waiting() != len(waiting) || q.Len("a")+q.Len("b")+q.Len("c") != len(waiting) {
				t.Fatalf("%d wait, want %d", q.Waiting(), len(waiting))
			}
		}
	})
}

func BenchmarkQueue(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			q := NewQueue[string](10 * n)
			for i := range n {
				q.Push(&Waiter[string]{Tenant: fmt.Sprint("tenant-", i), Service: float64(i % 7)})
				q.Push(&Waiter[string]{Tenant: fmt.Sprint("tenant-", i), Service: float64(i % 5)})
			}
			for b.Loop() {
				q.Push(q.Pop(anyone))
			}
		})
	}
}
