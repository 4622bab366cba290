package hedge

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestBudget(t *testing.T) {
	var b Budget
	requests, sent := 0, 0
	for range 1000 {
		b.Earn()
		requests++
		if b.Take() {
			sent++
		}
		if sent*10 > requests {
			t.Fatalf("%d duplicates after %d requests", sent, requests)
		}
	}
	if sent != 100 {
		t.Errorf("%d duplicates of 1000 requests, want 100", sent)
	}
}

// What was not sent pays for another one.
func TestBudgetGiveBack(t *testing.T) {
	var b Budget
	for range 10 {
		b.Earn()
	}
	for range 3 {
		if !b.Take() || b.Take() {
			t.Fatal("ten requests must pay for one duplicate, and for no second one")
		}
		b.GiveBack()
	}
}

// A quiet day does not pay for a storm.
func TestBudgetSaves(t *testing.T) {
	var b Budget
	for range 2 * saved * share {
		b.Earn()
	}
	b.GiveBack()
	n := 0
	for b.Take() {
		n++
	}
	if n != saved {
		t.Errorf("%d duplicates were saved up, want %d", n, saved)
	}
}

func TestBudgetConcurrently(t *testing.T) {
	var b Budget
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				b.Earn()
				if b.Take() {
					sent.Add(1)
				}
			}
		})
	}
	wg.Wait()
	for b.Take() {
		sent.Add(1)
	}
	if sent.Load() != 400 {
		t.Errorf("%d duplicates of 4000 requests, want 400", sent.Load())
	}
}
