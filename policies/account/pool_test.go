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

// ready is how long it takes until an account of the backend is ready.
func ready(p *Pool, backend string) time.Duration {
	d, _ := p.Ready(backend, "m", nil)
	return d
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name    string
		backend string
		tried   []string
		spent   []string
		cool    []string
		want    string
	}{
		{"first in order", "x", nil, nil, nil, "a"},
		{"tried is passed over", "x", []string{"a"}, nil, nil, "b"},
		{"all tried starts again", "x", []string{"a", "b"}, nil, nil, "a"},
		{"cooling is passed over", "x", nil, nil, []string{"a"}, "b"},
		{"tried but ready beats cooling", "x", []string{"b"}, nil, []string{"a"}, "b"},
		{"all cooling, untried or not: the first to recover", "x", []string{"b"}, nil, []string{"b", "a"}, "b"},
		{"all cooling: the first to recover", "x", nil, nil, []string{"b", "a"}, "b"},
		{"other backend's are not touched", "y", nil, nil, []string{"a", "b"}, "c"},
		{"what is spent comes last", "x", []string{"a", "b"}, []string{"a"}, nil, "b"},
		{"what is spent comes last, though all else cools down", "x", []string{"a", "b"}, []string{"a"}, []string{"b"}, "b"},
		{"all spent: the first", "x", []string{"a", "b"}, []string{"a", "b"}, nil, "a"},
		{"all spent: the first to recover", "x", []string{"a", "b"}, []string{"a", "b"}, []string{"b", "a"}, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pool(t)
				for i, id := range c.cool {
					p.Cool(id, "m", keep(time.Duration(i+1)*time.Minute))
				}
				if got := p.Choose(c.backend, "m", c.tried, c.spent); got.ID != c.want {
					t.Errorf("chose %s, want %s", got.ID, c.want)
				}
			})
		})
	}
	if got := pool(t).Choose("nowhere", "m", nil, nil); got != nil {
		t.Errorf("chose %s for a backend without accounts", got.ID)
	}
}

func TestCooldownEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		p.Cool("a", "m", keep(time.Minute))
		if got := p.Choose("x", "other", nil, nil); got.ID != "a" {
			t.Errorf("a cooldown for one model kept the account from another: %s", got.ID)
		}
		time.Sleep(time.Minute) // synctest's clock
		if got := p.Choose("x", "m", nil, nil); got.ID != "a" {
			t.Errorf("chose %s after the cooldown, want a", got.ID)
		}
		p.Cool("a", "", keep(time.Hour))
		p.Good("a", "m")
		if got := p.Choose("x", "m", nil, nil); got.ID != "a" {
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
		{"within: exactly as far apart as may be", Cooldown{For: []time.Duration{time.Minute, 2 * time.Hour}, Within: 3 * time.Hour}, "fhhhf", 2 * time.Hour},
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
						time.Sleep(ready(p, "y"))
					case 'h':
						time.Sleep(time.Hour)
					}
				}
				if got := ready(p, "y"); got != c.want {
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
				time.Sleep(ready(p, "y"))
				p.Cool("c", "", d)
			}
			if got := ready(p, "y"); got != want {
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
			if got := ready(p, "y"); got != time.Minute {
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
		if got := ready(p, "x"); got != 0 {
			t.Errorf("ready in %v though b is", got)
		}
		if p.Untried("x", "m", []string{"b"}) {
			t.Error("a cooling account counts as one that could be tried")
		}
		if !p.Untried("x", "other", []string{"b"}) {
			t.Error("an account that cools down for another model does not count")
		}
		p.Cool("b", "", keep(time.Minute))
		if got := ready(p, "x"); got != time.Minute {
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

// 10,000 are kept. One more makes room at once: what is over goes first, then
// what is of models, and a tenth is free afterwards.
func TestCoolingMakesRoom(t *testing.T) {
	const most = 10_000
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		for i := range most - 1 {
			d := time.Hour
			if i%4 == 0 {
				d = time.Minute
			}
			p.Cool("a", fmt.Sprint("model-", i), keep(d))
		}
		p.Cool("b", "", keep(time.Hour))
		if n := len(p.cooling); n != most {
			t.Fatalf("%d are kept, want %d", n, most)
		}
		time.Sleep(time.Minute) // those of a minute are over, to the instant
		p.Cool("a", "one more", keep(time.Hour))
		if n := len(p.cooling); n != most*9/10 {
			t.Errorf("%d are kept after making room, want %d", n, most*9/10)
		}
		for i := range most - 1 {
			if i%4 != 0 && !p.Cooling("a", fmt.Sprint("model-", i)) {
				t.Fatalf("the cooldown of model %d had to go though others were over", i)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		for i := range most {
			p.Cool(fmt.Sprint("account-", i), "", keep(time.Hour))
		}
		p.Cool("one more", "", keep(time.Hour))
		if n := len(p.cooling); n != most*9/10 {
			t.Errorf("%d of accounts are kept after making room, want %d", n, most*9/10)
		}
	})
}

// A row has 16 failures at most; a success or time leaves nothing behind.
func TestCooldownsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		var steps []time.Duration
		for i := range 20 {
			steps = append(steps, time.Duration(i+1)*time.Minute)
		}
		for i := range 20 {
			p.Cool("c", "m", keep(steps...))
			if got, want := ready(p, "y"), steps[min(i, 15)]; got != want {
				t.Errorf("failure %d: kept back for %v, want %v", i+1, got, want)
			}
			time.Sleep(ready(p, "y"))
		}
		p.Cool("c", "", keep(time.Hour))
		p.Good("c", "m")
		if len(p.cooling) != 0 {
			t.Errorf("after a success there is still %v", p.cooling)
		}
		p.Cool("c", "m", Cooldown{For: steps, Within: time.Hour})
		p.Good("c", "m")
		if len(p.cooling) != 1 || p.Cooling("c", "m") {
			t.Errorf("a success ends a cooldown, and keeps its row: %v", p.cooling)
		}
	})
}

// A later failure never shortens a cooldown.
func TestCooldownsAreNotShortened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		p.Cool("c", "m", keep(time.Hour))
		p.Cool("c", "m", keep(time.Minute))
		p.Cool("c", "", keep(time.Second))
		if got := ready(p, "y"); got != time.Hour {
			t.Errorf("kept back for %v, want an hour", got)
		}
		p.Cool("c", "", keep(2*time.Hour))
		if got := ready(p, "y"); got != 2*time.Hour {
			t.Errorf("kept back for %v, want two hours", got)
		}
	})
}

func TestNewPoolSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name     string
		accounts []Account
		want     string // "" for no fault
	}{
		{"no id", []Account{{Secret: NewSecret("k")}}, "accounts[0].id: is empty; give each account"},
		{"a key", []Account{{ID: "AIzaSyA1234567890abcdefghijklmnopqrstuv", Secret: NewSecret("k")}}, "accounts[0].id: looks like a credential: ids are shown in logs and to clients, in x-heald-account; give each account"},
		{"an address", []Account{{ID: "a@b", Secret: NewSecret("k")}}, "accounts[0].id: looks like an e-mail address: ids are shown to clients, in x-heald-account; give each account"},
		{"twice", []Account{{ID: "a", Secret: NewSecret("k")}, {ID: "a", Secret: NewSecret("l")}}, `accounts[1].id: "a" is used twice: logs and memory could not tell them apart; give each account`},
		{"no secret", []Account{{ID: "a"}}, "accounts[0].secret: the credential is empty; check the variable or file it comes from"},
		{"none", []Account{{ID: "a", Secret: NewSecret("k")}}, ""},
	} {
		_, err := NewPool(c.accounts)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	p := pool(t)
	if a := p.Choose("x", "m", nil, nil); a.Scheme != APIKey {
		t.Errorf("the scheme is %q where none is given", a.Scheme)
	}
	p, err := NewPool([]Account{{ID: "a", Backend: "x", Scheme: Bearer, Secret: NewSecret("k")}})
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Choose("x", "m", nil, nil); a.Scheme != Bearer {
		t.Errorf("the scheme is %q, want bearer", a.Scheme)
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

// What an attempt may still ask, without the accounts that are spent.
func TestReadyWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool(t)
		p.Cool("b", "m", Cooldown{Cause: "rate", For: []time.Duration{time.Minute}})
		for _, c := range []struct {
			without []string
			want    time.Duration
			ok      bool
		}{{nil, 0, true}, {[]string{"a"}, time.Minute, true}, {[]string{"a", "b"}, 0, false}} {
			if got, ok := p.Ready("x", "m", c.without); got != c.want || ok != c.ok {
				t.Errorf("without %v: %v %v, want %v %v", c.without, got, ok, c.want, c.ok)
			}
		}
		if got := p.RemainingOf("rate", "b", "m"); got != time.Minute {
			t.Errorf("kept back for %v, want a minute", got)
		}
		if got := p.RemainingOf("outage", "b", "m"); got != 0 {
			t.Errorf("kept back for another cause: %v", got)
		}
	})
}
