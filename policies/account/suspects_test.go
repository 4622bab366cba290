package account

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestSuspects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := suspects{}
		of := func(id, model string) Subject { return Subject{OfAccount, id, model} }
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
				all.acquit(of("x", c.good), of("x", ""))
			}
			if got := all.again(time.Now(), of(c.id, c.model), c.cause, c.request); got != c.want {
				t.Errorf("row %d: %v, want %v", i, got, c.want)
			}
		}
	})
}

// A failure is remembered for 15 minutes from the first time, however often the
// same request repeats it.
func TestSuspicionsEnd(t *testing.T) {
	const long = 15 * time.Minute
	s := Subject{OfAccount, "a", "m"}
	for _, c := range []struct {
		name string
		wait time.Duration
		want bool
	}{
		{"at the end", long, true},
		{"after it", long + 1, false},
	} {
		all, began := suspects{}, time.Now()
		all.again(began, s, "403", 1)
		if all.again(began.Add(10*time.Minute), s, "403", 1) {
			t.Error("the same request proved something")
		}
		if got := all.again(began.Add(c.wait), s, "403", 2); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// 10,000 suspicions are kept; one more ends them all.
func TestSuspicionsMakeRoom(t *testing.T) {
	all, now := suspects{}, time.Now()
	for i := range 10_000 {
		all.again(now, Subject{OfAccount, "a", strconv.Itoa(i)}, "403", 1)
	}
	if n := len(all); n != 10_000 {
		t.Errorf("%d are kept, want 10,000", n)
	}
	all.again(now, Subject{OfAccount, "a", "one more"}, "403", 1)
	if n := len(all); n != 1 {
		t.Errorf("%d are kept after making room, want 1", n)
	}
}
