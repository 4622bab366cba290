package account

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func pool(t *testing.T) *Pool {
	t.Helper()
	p, err := NewPool([]Account{
		{ID: "a", Backend: "x", Secret: NewSecret("ka")},
		{ID: "b", Backend: "x", Secret: NewSecret("kb")},
		{ID: "c", Backend: "y", Secret: NewSecret("kc")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func keep(ds ...time.Duration) Cooldown { return Cooldown{For: ds} }

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name    string
		backend string
		tried   []string
		cool    []string
		want    string
	}{
		{"first in order", "x", nil, nil, "a"},
		{"tried is passed over", "x", []string{"a"}, nil, "b"},
		{"all tried starts again", "x", []string{"a", "b"}, nil, "a"},
		{"cooling is passed over", "x", nil, []string{"a"}, "b"},
		{"tried but ready beats cooling", "x", []string{"b"}, []string{"a"}, "b"},
		{"all cooling, untried or not: the first to recover", "x", []string{"b"}, []string{"b", "a"}, "b"},
		{"all cooling: the first to recover", "x", nil, []string{"b", "a"}, "b"},
		{"other backend's are not touched", "y", nil, []string{"a", "b"}, "c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pool(t)
				for i, id := range c.cool {
					p.Cool(id, "m", keep(time.Duration(i+1)*time.Minute))
				}
				if got := p.Choose(c.backend, "m", c.tried); got.ID != c.want {
					t.Errorf("chose %s, want %s", got.ID, c.want)
				}
			})
		})
	}
	if got := pool(t).Choose("nowhere", "m", nil); got != nil {
		t.Errorf("chose %s for a backend without accounts", got.ID)
	}
}

func TestCooldownEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		p.Cool("a", "m", keep(time.Minute))
		if got := p.Choose("x", "other", nil); got.ID != "a" {
			t.Errorf("a cooldown for one model kept the account from another: %s", got.ID)
		}
		time.Sleep(time.Minute) // synctest's clock
		if got := p.Choose("x", "m", nil); got.ID != "a" {
			t.Errorf("chose %s after the cooldown, want a", got.ID)
		}
		p.Cool("a", "", keep(time.Hour))
		p.Good("a", "m")
		if got := p.Choose("x", "m", nil); got.ID != "a" {
			t.Errorf("chose %s after a success, want a", got.ID)
		}
	})
}

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
		{"within: too far apart", Cooldown{For: []time.Duration{time.Minute, time.Hour}, Within: 3 * time.Hour}, "fhhhhf", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pool(t)
				for _, what := range c.play {
					switch what {
					case 'f':
						p.Cool("c", "m", c.down)
					case 's':
						p.Good("c", "m")
					case 'w':
						time.Sleep(p.Ready("y", "m"))
					case 'h':
						time.Sleep(time.Hour)
					}
				}
				if got := p.Ready("y", "m"); got != c.want {
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
		p := pool(t)
		play := func(want time.Duration, downs ...Cooldown) {
			t.Helper()
			for _, d := range downs {
				time.Sleep(p.Ready("y", "m"))
				p.Cool("c", "", d)
			}
			if got := p.Ready("y", "m"); got != want {
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
		p := pool(t)
		for range 5 { // never three within three hours
			p.Cool("c", "", refused)
			if got := p.Ready("y", "m"); got != time.Minute {
				t.Errorf("kept back for %v, want a minute", got)
			}
			time.Sleep(100 * time.Minute)
		}
	})
}

// Clients may ask for any number of models: what is known of accounts stays.
func TestAccountsStayWhenModelsCrowd(t *testing.T) {
	p := pool(t)
	p.Cool("b", "", keep(time.Hour))
	for i := range 2 * coolingLimit {
		p.Cool("a", fmt.Sprint("model-", i), keep(time.Hour))
	}
	if !p.Cooling("b", "m") {
		t.Error("an account's cooldown had to go for those of models")
	}
}

func TestReadyAndUntried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		p.Cool("a", "m", keep(time.Hour))
		if got := p.Ready("x", "m"); got != 0 {
			t.Errorf("ready in %v though b is", got)
		}
		if p.Untried("x", "m", []string{"b"}) {
			t.Error("a cooling account counts as one that could be tried")
		}
		if !p.Untried("x", "other", []string{"b"}) {
			t.Error("an account that cools down for another model does not count")
		}
		p.Cool("b", "", keep(time.Minute))
		if got := p.Ready("x", "m"); got != time.Minute {
			t.Errorf("ready in %v, want a minute", got)
		}
	})
}

func TestCoolingIsBounded(t *testing.T) {
	p := pool(t)
	for i := range 2 * coolingLimit {
		p.Cool("a", fmt.Sprint("model-", i), keep(time.Hour))
	}
	if n := len(p.cooling); n > coolingLimit {
		t.Errorf("%d cooldowns kept, limit %d", n, coolingLimit)
	}
}

func TestNewPoolNamesEveryFault(t *testing.T) {
	_, err := NewPool([]Account{{Backend: "x"}, {ID: "a", Secret: NewSecret("k")}, {ID: "a", Secret: NewSecret("k")}, {ID: "b"}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"accounts[0].id", "accounts[2].id", "accounts[3].secret"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestSecretNeverPrints(t *testing.T) {
	s := NewSecret("hunter2")
	text, _ := s.MarshalText()
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s", s, s, s, s), string(text), fmt.Sprintf("%+v", Account{Secret: s})} {
		if strings.Contains(got, "hunter2") {
			t.Errorf("printed %q", got)
		}
	}
}

func TestHeader(t *testing.T) {
	a := Account{Secret: NewSecret("k")}
	if n, v := a.Header(); n != "x-goog-api-key" || v != "k" {
		t.Errorf("got %s: %s", n, v)
	}
	a.Scheme = Bearer
	if n, v := a.Header(); n != "authorization" || v != "Bearer k" {
		t.Errorf("got %s: %s", n, v)
	}
}
