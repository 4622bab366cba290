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
		{"untried beats cool", "x", []string{"b"}, []string{"a"}, "a"},
		{"all cooling: the first to recover", "x", nil, []string{"b", "a"}, "b"},
		{"other backend's are not touched", "y", nil, []string{"a", "b"}, "c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pool(t)
				for i, id := range c.cool {
					p.Cool(id, "m", time.Duration(i+1)*time.Minute)
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
		p.Cool("a", "m", time.Minute)
		if got := p.Choose("x", "other", nil); got.ID != "a" {
			t.Errorf("a cooldown for one model kept the account from another: %s", got.ID)
		}
		time.Sleep(time.Minute) // synctest's clock
		if got := p.Choose("x", "m", nil); got.ID != "a" {
			t.Errorf("chose %s after the cooldown, want a", got.ID)
		}
		p.Cool("a", "", time.Hour)
		p.Good("a", "m")
		if got := p.Choose("x", "m", nil); got.ID != "a" {
			t.Errorf("chose %s after a success, want a", got.ID)
		}
	})
}

func TestCoolingIsBounded(t *testing.T) {
	p := pool(t)
	for i := range 2 * coolingLimit {
		p.Cool("a", fmt.Sprint("model-", i), time.Hour)
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
	for _, want := range []string{"accounts[0].id", "accounts[2].id", "accounts[3] (b)"} {
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
