package simulate

import (
	"testing"
	"time"
)

func TestUpperBound(t *testing.T) {
	one := func(change func(s *Scenario)) *Scenario {
		s := Named("x3-known")
		s.Length = 2 * time.Minute
		s.Projects = []Project{{Name: "a", Limits: Limits{RPM: 60}}}
		change(s)
		return s
	}
	for _, c := range []struct {
		name   string
		s      *Scenario
		lo, hi int64 // of requests
	}{
		{"two minutes of 60", one(func(*Scenario) {}), 120, 120},
		{"light load is all answered but for the last second's", one(func(s *Scenario) { s.Load = 0.5 }), 50, 66},
		{"a cap of the day", one(func(s *Scenario) { s.Projects[0].Limits.RPD = 70 }), 70, 70},
		{"a day that ends in between", one(func(s *Scenario) {
			s.Projects[0].Limits.RPD = 50
			s.Start = 8*time.Hour - time.Minute
		}), 100, 100},
		{"an outage of the first minute", one(func(s *Scenario) { s.Projects[0].Outage = Period{0, time.Minute} }), 60, 60},
		{"a limit that drops", one(func(s *Scenario) {
			s.Projects[0].Dropped, s.Projects[0].DropAt = Limits{RPM: 10}, time.Minute
		}), 70, 70},
		{"two models", one(func(s *Scenario) { s.Models = []string{"a", "b"} }), 240, 240},
		{"too slow to be in time", one(func(s *Scenario) {
			s.Projects[0].Slow, s.Projects[0].SlowBy = Period{0, time.Hour}, 1e6
		}), 0, 0},
	} {
		got := UpperBound(c.s, c.s.Workload())
		if got.Requests < c.lo || got.Requests > c.hi {
			t.Errorf("%s: bound %d, want %d to %d", c.name, got.Requests, c.lo, c.hi)
		}
	}
}

// Tokens and time have bounds of their own.
func TestUpperBoundOfTokensAndTime(t *testing.T) {
	s := Named("x3-known")
	s.Length, s.Load = 2*time.Minute, 3
	s.Projects = []Project{{Name: "a", Limits: Limits{TPM: 250_000}}}
	if got := UpperBound(s, s.Workload()).Tokens; got != 500_000 {
		t.Errorf("bound of %d tokens, want two minutes' 500,000", got)
	}
	s.Projects = []Project{{Name: "a", Capacity: []int{2, 1}}}
	// 2 at once for a minute and for the 30 s in which answers may go on, then 1.
	if got := UpperBound(s, s.Workload()).Held; got > 210_000 || got < 180_000 {
		t.Errorf("bound of %d ms, want about 210,000", got)
	}
}

func TestAmountOf(t *testing.T) {
	bound := Amount{Requests: 100, Tokens: 1000, Held: 0}
	if got := (Amount{50, 900, 7}).of(bound); got != 0.9 {
		t.Errorf("%v of the bound, want 0.9: tokens are nearest", got)
	}
	if got := bound.least(Amount{200, 1000, 0}); got != 0.5 {
		t.Errorf("%v of the load can be served, want 0.5: requests are shortest", got)
	}
}
