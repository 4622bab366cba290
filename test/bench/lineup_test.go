package main

import (
	"strings"
	"testing"
	"time"
)

func TestVariants(t *testing.T) {
	for _, c := range []struct {
		name   string
		lineup lineup
		want   string
	}{
		{"usual", lineup{}, "hops proxy no-op heald"},
		{"all", lineup{base: "b", lean: "--lean"}, "hops proxy no-op heald base lean"},
		{"heald is always there", lineup{base: "b", only: "base"}, "heald base"},
		{"in the order of the tables", lineup{only: "heald,hops"}, "hops heald"},
		{"not asked for", lineup{only: "lean"}, ""},
		{"unknown", lineup{only: "heald,nginx"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			names, err := c.lineup.names()
			if got := strings.Join(names, " "); got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q and error %v, want %q", got, err, c.want)
			}
		})
	}
}

// Neighbors take turns, so that what the first one leaves behind (a busy
// processor, a full cache) falls on both, and each has every place.
func TestTurns(t *testing.T) {
	a, b, c, d := &variant{}, &variant{}, &variant{}, &variant{}
	all := []*variant{a, b, c, d}
	place := map[*variant]map[int]bool{}
	before := 0
	for k := range 2 * len(all) {
		order := turn(all, k)
		at := map[*variant]int{}
		for i, v := range order {
			at[v] = i
			if place[v] == nil {
				place[v] = map[int]bool{}
			}
			place[v][i] = true
		}
		if len(at) != len(all) {
			t.Fatalf("turn %d has %d of the variants", k, len(at))
		}
		if at[b] < at[c] {
			before++
		}
	}
	if before != len(all) {
		t.Errorf("of two neighbors the one was first %d times of %d", before, 2*len(all))
	}
	for i, v := range all {
		if len(place[v]) != len(all) {
			t.Errorf("variant %d had only the places %v", i, place[v])
		}
	}
}

// A run takes no longer because there are more variants in it.
func TestCellTime(t *testing.T) {
	usual := options{rounds: 6}
	for variants := 2; variants <= 6; variants++ {
		cells := 6 * 6 * variants
		if d := usual.cellTime(6, variants); d <= 0 || time.Duration(cells)*d > allCells {
			t.Errorf("%d variants: %s a cell, in %d cells", variants, d, cells)
		}
	}
	set := options{rounds: 6, duration: time.Hour}
	if d := set.cellTime(6, 4); d != time.Hour {
		t.Errorf("got %s instead of what is set", d)
	}
	few := options{rounds: 1}
	if d := few.cellTime(1, 2); d != 2*time.Second {
		t.Errorf("got %s for one scenario", d)
	}
}
