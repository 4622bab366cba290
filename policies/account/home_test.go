package account

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func groupKeys(n int) (out []uint64) {
	for i := range n {
		out = append(out, GroupKey(fmt.Sprint("vertex/europe-west4/project-", i)))
	}
	return out
}

func idle(int) float64 { return 0 }

// Sessions' homes are part of what replicas of different releases agree on.
func TestHomeIsStable(t *testing.T) {
	key := SessionKey("default", "session-1")
	if got := key; got != 0x1a1f541634c2665f {
		t.Errorf("the key is %#x", got)
	}
	if got := Home(key, groupKeys(10), idle); got != 9 {
		t.Errorf("the home is %d", got)
	}
	if got := Home(key, nil, idle); got != -1 {
		t.Errorf("the home among no groups is %d", got)
	}
}

func TestSessionKeyKeepsPartsApart(t *testing.T) {
	seen := map[uint64][]string{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}} {
		k := SessionKey(parts...)
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q have one key", parts, other)
		}
		seen[k] = parts
	}
}

// A group that goes moves its own conversations only, whatever the order of
// the groups; one that comes gets what it has from all others.
func TestHomeMovesOnlyWhatItMust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := groupKeys(rapid.IntRange(2, 30).Draw(t, "groups"))
		overloaded := rapid.SliceOfN(rapid.Bool(), len(groups), len(groups)).Draw(t, "overloaded")
		load := map[uint64]float64{}
		for i, g := range groups {
			if overloaded[i] {
				load[g] = 2
			}
		}
		loads := func(groups []uint64) func(int) float64 {
			return func(i int) float64 { return load[groups[i]] }
		}
		session := rapid.Uint64().Draw(t, "session")
		home := groups[Home(session, groups, loads(groups))]
		gone := rapid.IntRange(0, len(groups)-1).Draw(t, "gone")
		rest := slices.Delete(slices.Clone(groups), gone, gone+1)
		rest = rapid.Permutation(rest).Draw(t, "order")
		got := rest[Home(session, rest, loads(rest))]
		if groups[gone] != home && got != home {
			t.Errorf("the home moved from %x to %x as %x went", home, got, groups[gone])
		}
		if load[home] > homeBound && slices.Contains(overloaded, false) {
			t.Errorf("%x is over the bound, and others are not", home)
		}
	})
}

// Conversations that come one after the other fill no group over the bound.
func TestHomeBoundsLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := groupKeys(rapid.IntRange(1, 20).Draw(t, "groups"))
		seed := rapid.Uint64().Draw(t, "seed")
		inUse := make([]int, len(groups))
		const conversations = 2000
		for c := range conversations {
			i := Home(SessionKey(fmt.Sprint(seed, c)), groups, func(i int) float64 { return LoadShare(inUse[i], c, len(groups)) })
			inUse[i]++
		}
		mean := float64(conversations) / float64(len(groups))
		if most := slices.Max(inUse); float64(most) > homeBound*max(mean, fewAtOnce)+1 {
			t.Errorf("%d at one group, where the mean is %v", most, mean)
		}
	})
}

// Without bounds groups get like shares, and neighbors' keys do not go together.
func TestHomeSpreads(t *testing.T) {
	groups := groupKeys(10)
	count := make([]int, 10)
	for c := range uint64(10_000) {
		count[Home(c, groups, idle)]++
	}
	for i, n := range count {
		if n < 850 || n > 1150 { // five standard deviations
			t.Errorf("group %d has %d of 10,000 conversations", i, n)
		}
	}
}

func TestHomeWhereAllAreOverTheBound(t *testing.T) {
	groups := groupKeys(5)
	over := func(int) float64 { return math.Inf(1) }
	for session := range uint64(50) {
		if got, want := Home(session, groups, over), Home(session, groups, idle); got != want {
			t.Errorf("session %d: %d, want its first choice %d", session, got, want)
		}
	}
}

func TestLoadShare(t *testing.T) {
	for _, c := range []struct {
		inUse, pool, groups int
		want                float64
	}{
		{0, 0, 0, 0}, {2, 2, 10, 0.5}, {5, 6, 10, 1.25}, {6, 6, 10, 1.5}, {100, 1000, 10, 1}, {150, 1000, 10, 1.5},
	} {
		if got := LoadShare(c.inUse, c.pool, c.groups); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func BenchmarkHome(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			groups := groupKeys(n)
			var session uint64
			for b.Loop() {
				session++
				Home(session, groups, func(i int) float64 { return LoadShare(i, 10*n, n) })
			}
		})
	}
}

func BenchmarkSessionKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		SessionKey("team-search", "0b9e5b6e-2f1d-4f7e-9d57-6a4a1c3b2f10")
	}
}

// A home with somewhat more than the mean keeps its conversations: that is chance.
func TestHomeIsKeptDespiteChance(t *testing.T) {
	groups := groupKeys(8)
	for session := range uint64(100) {
		home := Home(session, groups, func(int) float64 { return 1 })
		for load, stays := range map[float64]bool{1.3: true, 1.9: true, 2.1: false} {
			got := Home(session, groups, func(i int) float64 {
				if i == home {
					return load
				}
				return 1
			})
			if (got == home) != stays {
				t.Errorf("session %d: at %v times the mean load its home is %x, was %x", session, load, groups[got], groups[home])
			}
		}
	}
}
