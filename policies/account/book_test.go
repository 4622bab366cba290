package account

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// coolings is a book as one account after the other would write it.
type coolings struct{ book }

func newCooling() *coolings { return &coolings{newBook()} }

// Cool keeps an account back for a model, or with "" for all, after an attempt
// that has just begun.
func (p *coolings) Cool(id, model string, d Cooldown) {
	p.cool(time.Now(), Subject{OfAccount, id, model}, &d, p.last)
}

// Good is a success of an attempt that has just begun.
func (p *coolings) Good(id, model string) {
	p.lift(Subject{OfAccount, id, model}, p.last)
	p.lift(Subject{OfAccount, id, ""}, p.last)
}

// left is how long the account c rests for the model m.
func (p *coolings) left() time.Duration {
	now := time.Now()
	return max(p.remaining(now, Subject{OfAccount, "c", "m"}, ""), p.remaining(now, Subject{OfAccount, "c", ""}, ""))
}

func keep(ds ...time.Duration) Cooldown { return Cooldown{For: ds} }

// A cooldown grows with failures in a row, and those of requests that ran at
// the same time are one.
func TestCooldownGrows(t *testing.T) {
	for _, c := range []struct {
		name string
		down Cooldown
		play string // f failure, s success, w waits until ready, h an hour passes
		want time.Duration
	}{
		{"first", keep(time.Minute, time.Hour), "f", time.Minute},
		{"second in a row", keep(time.Minute, time.Hour), "fwf", time.Hour},
		{"the last goes for all further", keep(time.Minute, time.Hour), "fwfwfwf", time.Hour},
		{"together", keep(time.Minute, time.Hour), "fff", time.Minute},
		{"a success ends the row", keep(time.Minute, time.Hour), "fwsf", time.Minute},
		{"within: a success does not", Cooldown{For: []time.Duration{time.Minute, time.Hour}, Within: 3 * time.Hour}, "fwsf", time.Hour},
		{"within: exactly as far apart as may be", Cooldown{For: []time.Duration{time.Minute, 2 * time.Hour}, Within: 3 * time.Hour}, "fhhhf", 2 * time.Hour},
		{"within: too far apart", Cooldown{For: []time.Duration{time.Minute, time.Hour}, Within: 3 * time.Hour}, "fhhhhf", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newCooling()
				for _, what := range c.play {
					switch what {
					case 'f':
						p.Cool("c", "m", c.down)
					case 's':
						p.Good("c", "m")
					case 'w':
						time.Sleep(p.left())
					case 'h':
						time.Sleep(time.Hour)
					}
				}
				if got := p.left(); got != c.want {
					t.Errorf("kept back for %v, want %v", got, c.want)
				}
			})
		})
	}
}

// Rows of different causes are different rows: two outages and then a refusal
// are one refusal.
func TestCooldownsOfDifferentCauses(t *testing.T) {
	outage := Cooldown{Cause: "outage", For: []time.Duration{8 * time.Second}}
	refused := Cooldown{Cause: "refused", For: []time.Duration{time.Minute, time.Minute, 1000 * time.Hour}, Within: 3 * time.Hour}
	synctest.Test(t, func(t *testing.T) {
		p := newCooling()
		play := func(want time.Duration, downs ...Cooldown) {
			t.Helper()
			for _, d := range downs {
				time.Sleep(p.left())
				p.Cool("c", "", d)
			}
			if got := p.left(); got != want {
				t.Errorf("kept back for %v, want %v", got, want)
			}
		}
		play(time.Minute, outage, outage, refused)
		p.Good("c", "m")
		play(time.Minute, outage, refused)
		time.Sleep(2 * time.Hour)
		play(8*time.Second, outage)
		p.Good("c", "m")
		play(1000*time.Hour, refused) // the third within three hours
	})
	synctest.Test(t, func(t *testing.T) {
		p := newCooling()
		for range 5 { // never three within three hours
			p.Cool("c", "", refused)
			if got := p.left(); got != time.Minute {
				t.Errorf("kept back for %v, want a minute", got)
			}
			time.Sleep(100 * time.Minute)
		}
	})
}

// 10,000 are kept. One more makes room at once: what is over goes first, then
// what is of models, and a tenth is free afterwards.
func TestBookMakesRoom(t *testing.T) {
	const most = 10_000
	synctest.Test(t, func(t *testing.T) {
		p := newCooling()
		for i := range most - 1 {
			d := time.Hour
			if i%4 == 0 {
				d = time.Minute
			}
			p.Cool("a", fmt.Sprint("model-", i), keep(d))
		}
		p.Cool("b", "", keep(time.Hour))
		if n := len(p.subjects); n != most {
			t.Fatalf("%d are kept, want %d", n, most)
		}
		time.Sleep(time.Minute) // those of a minute are over, to the instant
		p.Cool("a", "one more", keep(time.Hour))
		if n := len(p.subjects); n != most*9/10 {
			t.Errorf("%d are kept after making room, want %d", n, most*9/10)
		}
		for i := range most - 1 {
			if i%4 != 0 && p.remaining(time.Now(), Subject{OfAccount, "a", fmt.Sprint("model-", i)}, "") == 0 {
				t.Fatalf("the cooldown of model %d had to go though others were over", i)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newCooling()
		for i := range most {
			p.Cool(fmt.Sprint("account-", i), "", keep(time.Hour))
		}
		p.Cool("one more", "", keep(time.Hour))
		if n := len(p.subjects); n != most*9/10 {
			t.Errorf("%d of accounts are kept after making room, want %d", n, most*9/10)
		}
	})
}

// A row has 16 failures at most; a success or time leaves nothing behind.
func TestCooldownsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newCooling()
		var steps []time.Duration
		for i := range 20 {
			steps = append(steps, time.Duration(i+1)*time.Minute)
		}
		for i := range 20 {
			p.Cool("c", "m", keep(steps...))
			if got, want := p.left(), steps[min(i, 15)]; got != want {
				t.Errorf("failure %d: kept back for %v, want %v", i+1, got, want)
			}
			time.Sleep(p.left())
		}
		p.Cool("c", "", keep(time.Hour))
		p.Good("c", "m")
		for _, t1 := range p.subjects {
			if c := t1.causes[""]; !c.Until.IsZero() || c.Hits != nil || !t1.until.IsZero() {
				t.Errorf("after a success there is still %+v", c)
			}
		}
		p.Cool("c", "m", Cooldown{For: steps, Within: time.Hour})
		p.Good("c", "m")
		if c := p.subjects[Subject{OfAccount, "c", "m"}].causes[""]; len(c.Hits) != 1 || p.left() > 0 {
			t.Errorf("a success ends a cooldown, and keeps its row: %+v", c)
		}
	})
}

// A later failure never shortens a cooldown.
func TestCooldownsAreNotShortened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newCooling()
		p.Cool("c", "m", keep(time.Hour))
		p.Cool("c", "m", keep(time.Minute))
		p.Cool("c", "", keep(time.Second))
		if got := p.left(); got != time.Hour {
			t.Errorf("kept back for %v, want an hour", got)
		}
		p.Cool("c", "", keep(2*time.Hour))
		if got := p.left(); got != 2*time.Hour {
			t.Errorf("kept back for %v, want two hours", got)
		}
	})
}

// An attempt that began before the subject was kept back belongs to the same
// failure, however late it fails.
func TestLateFailuresAreTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newCooling()
		d, s := keep(time.Minute, time.Hour), Subject{OfAccount, "c", "m"}
		before := p.last
		p.Cool("c", "m", d)
		time.Sleep(2 * time.Minute)
		p.cool(time.Now(), s, &d, before)
		if got := p.left(); got != time.Minute {
			t.Errorf("kept back for %v, want a minute: it is the first failure", got)
		}
	})
}
