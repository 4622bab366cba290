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

// A failure is remembered for 15 minutes from the first time, however often the
// same request repeats it.
func TestSuspicionsEnd(t *testing.T) {
	const long = 15 * time.Minute
	for _, c := range []struct {
		name string
		wait time.Duration
		want bool
	}{
		{"at the end", long, true},
		{"after it", long + 1, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := pool(t)
			p.Suspect("a", "m", "403", 1)
			time.Sleep(10 * time.Minute)
			if p.Suspect("a", "m", "403", 1) {
				t.Error("the same request proved something")
			}
			time.Sleep(c.wait - 10*time.Minute)
			if got := p.Suspect("a", "m", "403", 2); got != c.want {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		})
	}
}

// 10,000 suspicions are kept; one more ends them all.
func TestSuspicionsMakeRoom(t *testing.T) {
	p := pool(t)
	for i := range 10_000 {
		p.Suspect("a", strconv.Itoa(i), "403", 1)
	}
	if n := len(p.suspicions); n != 10_000 {
		t.Errorf("%d are kept, want 10,000", n)
	}
	p.Suspect("a", "one more", "403", 1)
	if n := len(p.suspicions); n != 1 {
		t.Errorf("%d are kept after making room, want 1", n)
	}
}
