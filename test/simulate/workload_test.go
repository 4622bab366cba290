package simulate

import (
	"math"
	"slices"
	"testing"
	"time"
)

// A scenario's requests depend on nothing but its seed, and are as many as its
// load says.
func TestWorkload(t *testing.T) {
	for _, scenario := range Scenarios {
		s := Named(scenario.Name)
		requests := s.Workload()
		if !slices.EqualFunc(requests, s.Workload(), func(a, b *Request) bool { return *a == *b }) {
			t.Errorf("%s: two draws differ", s.Name)
		}
		// Sizes with an exponent of 1.5 have no variance, and conversations few
		// beginnings, of which the last are cut off.
		tolerance := 0.05
		if s.Sizes.Conversations {
			tolerance = 0.5
		}
		want := s.Load * s.perSecond() * s.Length.Seconds()
		if got := float64(len(requests)); math.Abs(got/want-1) > tolerance {
			t.Errorf("%s: %v requests, want about %.0f", s.Name, got, want)
		}
		for i, r := range requests {
			if r.ID != i || i > 0 && r.At < requests[i-1].At || r.At >= s.Length || r.Replica >= s.replicas() {
				t.Fatalf("%s: request %d: %+v", s.Name, i, r)
			}
		}
	}
}

func TestBurst(t *testing.T) {
	s := Named("bursts")
	var burst, rest float64
	for _, r := range s.Workload() {
		if r.At%time.Minute < 10*time.Second {
			burst += 1. / 10
		} else {
			rest += 1. / 50
		}
	}
	if got := burst / rest; got < 4.5 || got > 5.5 {
		t.Errorf("%.2f times the rate in bursts, want 3 : 0.6", got)
	}
}

func TestConversations(t *testing.T) {
	s := Named("conversations")
	last := map[int]*Request{}
	for _, r := range s.Workload() {
		if before := last[r.Conversation]; before != nil {
			if r.Prefix != before.Input+before.Output || r.Input <= r.Prefix || r.Tenant != before.Tenant {
				t.Fatalf("turn %+v after %+v", r, before)
			}
		} else if r.Prefix != 0 {
			t.Fatalf("first turn %+v has a past", r)
		}
		last[r.Conversation] = r
	}
}
