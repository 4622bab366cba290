package account

import (
	"testing"
	"testing/synctest"
	"time"
)

// What a client is told after a refused attempt: when an account may be asked
// again, as far as that is known.
func TestNextReady(t *testing.T) {
	limited := func(d time.Duration) Effects {
		return Effects{Cooldowns: []Cooldown{{Scope: OfGroup, OfModel: true, Cause: "limited", Kind: RateLimit, For: []time.Duration{d}}}}
	}
	ofDay := Effects{Cooldowns: []Cooldown{{Scope: OfGroup, OfModel: true, Cause: "day", Kind: QuotaSpent, For: []time.Duration{7 * time.Hour}, Stated: 4 * time.Second, Probes: true}}}
	for _, c := range []struct {
		name     string
		accounts []Account
		backends []string
		before   func(p *Accounts)
		note     Effects
		want     time.Duration
	}{
		{"nothing is known", two[:1], []string{"x"}, nil, Effects{}, 0},
		{"a cooldown", two[:1], []string{"x"}, nil, limited(20 * time.Second), 20 * time.Second},
		{"another account is ready", two[:2], []string{"x"}, nil, limited(20 * time.Second), 0},
		{"another account rests for less", two[:2], []string{"x"}, func(p *Accounts) {
			keepBack(p, "b", "m", Cooldown{Cause: "limited", Kind: RateLimit, For: []time.Duration{5 * time.Second}})
		}, limited(20 * time.Second), 5 * time.Second},
		{"another backend is ready", two, []string{"x", "y"}, func(p *Accounts) {
			keepBack(p, "b", "m", Cooldown{Cause: "limited", Kind: RateLimit, For: []time.Duration{time.Minute}})
		}, limited(20 * time.Second), 0},
		{"the quota of a day, not its next probe", two[:1], []string{"x"}, nil, ofDay, 7 * time.Hour},
		{"its own slot is free then", []Account{{ID: "a", Backend: "x", Slots: 1, Secret: NewSecret("s")}}, []string{"x"}, nil, Effects{}, 0},
		{"its backend failed, and is the only one", two[:1], []string{"x"}, nil, Effects{Failed: "test", Certain: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := withStore(t, c.accounts)
				if c.before != nil {
					c.before(p)
				}
				_, l := acquired(t, p, plan("m", c.backends[0]), Want{})
				l.Note(c.note)
				if got := over(l.NextReady(plan("m", c.backends...), &Want{})); got != c.want {
					t.Errorf("in %v, want %v", got, c.want)
				}
				in := l.(*lease).member.inUse
				l.Done(Outcome{Sent: true, Tokens: -1})
				if after := l.(*lease).member.inUse; in != 1 || after != 0 {
					t.Errorf("%d slots in use, %d afterwards", in, after)
				}
			})
		})
	}
}

// An attempt that was a probe seems to keep others from what it has found out:
// its end is what counts, and comes once.
func TestNextReadyAfterAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, two[:1])
		keepBack(p, "a", "m", Cooldown{Cause: "day", Kind: QuotaSpent, For: []time.Duration{7 * time.Hour}, Stated: time.Second, Probes: true})
		time.Sleep(2 * time.Second)
		_, l := acquired(t, p, plan("m", "x"), Want{})
		if l == nil || !l.(*lease).Probing() {
			t.Fatal("it is no probe")
		}
		l.Note(Effects{Cooldowns: []Cooldown{{Cause: "day", Kind: QuotaSpent, For: []time.Duration{3 * time.Hour}, Probes: true}}})
		if got := over(l.NextReady(plan("m", "x"), &Want{})); got < 3*time.Hour || got > 7*time.Hour {
			t.Errorf("in %v", got)
		}
		before := p.book.shape
		l.Done(Outcome{Sent: true, Tokens: -1})
		if l.(*lease).Probing() || p.book.shape != before {
			t.Error("its probe ended twice")
		}
	})
}

// over is how long it takes until an account is ready; 0 if unknown.
func over(u *Unavailable) time.Duration {
	if u == nil {
		return 0
	}
	return u.Over
}
