package account

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// world is a pool in virtual time with what its provider would allow.
type world struct {
	p      *Accounts
	held   []*lease
	banned map[string]time.Time // by group, for every model
	starts map[string][]time.Time
	since  map[string]uint64 // the book's number then
	probes map[string]int    // under way, by group
	failed string
}

// step is one thing that happens; the numbers say what of it.
type step struct{ kind, which, number int }

// Always: accounts that are kept back get at most one probe at a time, no limit
// is exceeded, no ready account is left unused, and at rest nothing is
// reserved.
func TestSchedulerProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var list []Account
		for i := range rapid.IntRange(1, 6).Draw(rt, "accounts") {
			a := Account{ID: fmt.Sprint("a", i), Backend: fmt.Sprint("b", i%2), Place: "ai_studio", Secret: NewSecret("s")}
			a.Project = rapid.SampledFrom([]string{"", "p", "q"}).Draw(rt, "project")
			a.Slots = rapid.IntRange(0, 2).Draw(rt, "slots")
			a.Rates.Requests = int64(rapid.SampledFrom([]int{0, 0, 3, 10}).Draw(rt, "rpm"))
			list = append(list, a)
		}
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{rapid.IntRange(0, 9).Draw(rt, "kind"), rapid.IntRange(0, 100).Draw(rt, "which"), rapid.IntRange(0, 90_000).Draw(rt, "number")}
		}), 1, 80).Draw(rt, "steps")
		var failed string
		synctest.Test(t, func(t *testing.T) { failed = runWorld(t, list, steps) })
		if failed != "" {
			rt.Fatal(failed)
		}
	})
}

// runWorld plays the steps, and returns what went wrong.
func runWorld(t *testing.T, list []Account, steps []step) string {
	s := memory.New()
	defer s.Close()
	p := accounts(t, list, Deps{Store: s})
	defer p.Close()
	w := &world{p: p, banned: map[string]time.Time{}, starts: map[string][]time.Time{}, probes: map[string]int{}, since: map[string]uint64{}}
	for _, step := range steps {
		switch step.kind {
		case 0, 1, 2, 3, 4:
			w.acquire(step)
		case 5, 6:
			w.end(step, Effects{Answered: true}, Outcome{Result: Succeeded, Sent: true, Tokens: -1})
		case 7:
			w.end(step, Effects{Cooldowns: []Cooldown{ban}}, Outcome{Result: Failed, Sent: true, Tokens: -1})
		case 8:
			w.end(step, Effects{}, Outcome{})
		case 9:
			time.Sleep(time.Duration(step.number) * time.Millisecond)
			synctest.Wait()
		}
		w.check()
	}
	for len(w.held) > 0 {
		w.end(step{}, Effects{}, Outcome{})
	}
	synctest.Wait()
	for _, m := range p.byID {
		if m.inUse != 0 {
			w.fail("%s has %d attempts at rest", m.ID, m.inUse)
		}
	}
	time.Sleep(time.Second) // the last snapshot is over
	snapshot, _ := s.Snapshot(context.Background())
	for id, n := range snapshot.InUse {
		if n != 0 {
			w.fail("the store counts %d of %s at rest", n, id)
		}
	}
	return w.failed
}

// ban rests a whole group, and may be probed.
var ban = Cooldown{Scope: OfGroup, Cause: "c", Kind: QuotaSpent, For: []time.Duration{10 * time.Minute}, Probes: true}

func (w *world) fail(format string, args ...any) {
	if w.failed == "" {
		w.failed = fmt.Sprintf(format, args...)
	}
}

func (w *world) acquire(step step) {
	at := []Candidate{{Backend: "b0", Model: "m"}, {Backend: "b1", Model: "m", Priority: step.which % 2}}
	l, err := w.p.Acquire(context.Background(), at, Want{Request: RequestSum(len(w.held)), Tokens: 10})
	now := time.Now()
	var u *Unavailable
	if errors.As(err, &u) {
		if id := w.ready(now); id != "" {
			w.fail("refused with %v, though %s is ready", err, id)
		}
		return
	}
	got := l.(*lease)
	id, group := got.member.ID, got.member.group
	if w.banned[group].After(now) {
		if !got.Probing() {
			w.fail("%s was asked while %s rests", id, group)
		}
		if w.probes[group]++; w.probes[group] > 1 {
			w.fail("%d probes of %s at once", w.probes[group], group)
		}
	}
	w.starts[group] = append(w.starts[group], now)
	w.held = append(w.held, got)
}

// ready is an account that could be asked, by the provider's rules; "" if none.
func (w *world) ready(now time.Time) string {
	for _, m := range w.p.byID {
		if (m.Slots == 0 || m.inUse < m.Slots) && !w.banned[m.group].After(now) && !w.full(m.group, now) && w.p.lane(m.Backend, "m").outage.held() == notHeld {
			return m.ID
		}
	}
	return ""
}

// full reports whether a group has used its minute, which those of one second
// leave together.
func (w *world) full(group string, now time.Time) bool {
	limit := w.p.rates[group].Requests
	return limit > 0 && w.within(group, now, state.Minute+time.Second) >= limit
}

// within is how many requests a group had in the last so much time.
func (w *world) within(group string, now time.Time, last time.Duration) (n int64) {
	for _, at := range w.starts[group] {
		if now.Sub(at) < last {
			n++
		}
	}
	return n
}

func (w *world) check() {
	for _, m := range w.p.byID {
		if m.Slots > 0 && m.inUse > m.Slots || m.inUse < 0 {
			w.fail("%s has %d attempts of %d slots", m.ID, m.inUse, m.Slots)
		}
		if limit := w.p.rates[m.group].Requests; limit > 0 {
			// Whatever is exactly state.Minute old may be out: the provider counts a minute.
			if n := w.within(m.group, time.Now(), time.Minute); n > limit {
				w.fail("%s had %d requests in a minute, limit %d", m.group, n, limit)
			}
		}
	}
}

// end ends an attempt. One that was not sent gives its request back.
func (w *world) end(step step, e Effects, o Outcome) {
	if len(w.held) == 0 {
		return
	}
	i := step.which % len(w.held)
	l := w.held[i]
	w.held = append(w.held[:i], w.held[i+1:]...)
	group := l.member.group
	if l.Probing() {
		w.probes[group]--
	}
	if l.Note(e); len(e.Cooldowns) > 0 {
		w.banned[group], w.since[group] = time.Now().Add(ban.For[0]), w.p.book.last
	} else if e.Answered && l.known >= w.since[group] {
		delete(w.banned, group) // it began when the group was kept back already
	}
	if l.Done(o); !o.Sent {
		for j, at := range w.starts[group] {
			if at.Equal(l.began) {
				w.starts[group] = append(w.starts[group][:j], w.starts[group][j+1:]...)
				break
			}
		}
	}
}
