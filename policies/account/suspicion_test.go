package account

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestSuspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := NewPool([]Account{{ID: "x", Backend: "b", Secret: NewSecret("s")}})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct {
			after   time.Duration
			good    string // a model that was served before
			id      string
			model   string
			cause   string
			request RequestSum
			want    bool
		}{
			{0, "", "x", "m", "403", 1, false},
			{0, "", "x", "m", "403", 1, false}, // the same request, however often
			{0, "", "x", "m", "400", 2, false}, // another cause
			{0, "", "x", "n", "403", 2, false}, // another model
			{0, "", "y", "m", "403", 2, false}, // another account
			{time.Minute, "", "x", "m", "403", 2, true},
			{time.Minute, "", "x", "m", "403", 3, true},
			{0, "n", "x", "m", "403", 4, true},  // another model was served
			{0, "m", "x", "m", "403", 5, false}, // this one was
			{suspicionTime + 1, "", "x", "m", "403", 6, false},
			{suspicionTime - 1, "", "x", "m", "403", 7, true},
			{0, "", "x", "", "key", 1, false},
			{0, "n", "x", "", "key", 2, false}, // any model served is enough for the whole account
		} {
			time.Sleep(c.after)
			if c.good != "" {
				p.Good("x", c.good)
			}
			if got := p.Suspect(c.id, c.model, c.cause, c.request); got != c.want {
				t.Errorf("row %d: %v, want %v", i, got, c.want)
			}
		}
		for i := range 2*mostSuspicions + 5 {
			p.Suspect("x", strconv.Itoa(i), "403", 1)
		}
		if len(p.suspicions) > mostSuspicions {
			t.Errorf("%d suspicions are kept", len(p.suspicions))
		}
	})
}
