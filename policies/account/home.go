package account

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

const (
	// homeBound is the load, as a share of the pool's mean, over which a group
	// takes no more conversations (Mirrokni, Thorup, Zadimoghaddam: Consistent
	// Hashing with Bounded Loads). Attempts at once vary by chance: with a mean of
	// 4, more than 1.25 times as many run in 21 % of the time, more than twice as
	// many in 2 %. A conversation that leaves its home pays for the whole prompt
	// again, and for what the other group caches of it. In the simulation 2
	// instead of 1.25 cuts that from 60 to 41 % of the input's price at 0.9 of the
	// capacity, and 3 cuts nothing more. A home whose quota is nearly used has
	// lost most of its points anyway.
	homeBound = 2
	// fewAtOnce is the mean load, in attempts, below which no group counts as
	// crowded: with two attempts at ten groups, the group that has both is at ten
	// times the mean, but has little to do.
	fewAtOnce = 4
)

// Home returns the index of the group that is a conversation's home, where its
// prompt is cached; −1 if there are no groups, which are given by their
// [GroupKey]. It needs no state: every replica finds the same one. Each group
// draws a number from the session and its name, and the highest wins (rendezvous
// hashing), so that a group which comes or goes moves only the conversations that
// it gets or had.
//
// load is the load of group i as a share of the pool's mean, where 1 is the
// mean; see [LoadShare]. A group over 2 passes conversations on to their next
// choice. If all are over it, the first choice stands. For a group that must
// not be a home, as one that is too slow, load returns infinity.
func Home(session uint64, groups []uint64, load func(i int) float64) int {
	// best is the highest of those that are not over the bound, first that of
	// all. load is asked only of what could be best: of few.
	best, first := -1, -1
	var bestDraw, firstDraw uint64
	for i, key := range groups {
		draw := mix(session ^ key)
		if first < 0 || draw > firstDraw {
			first, firstDraw = i, draw
		}
		if (best < 0 || draw > bestDraw) && load(i) <= homeBound {
			best, bestDraw = i, draw
		}
	}
	if best < 0 {
		return first
	}
	return best
}

// GroupKey is a group's key for [Home], the same in all processes and releases.
func GroupKey(name string) uint64 { return xxhash.Sum64String(name) }

// LoadShare is the load of a group for [Home]: its attempts in use, against the
// mean of the pool. Where the pool has little to do, it is below the bound.
func LoadShare(inUse, pool, groups int) float64 {
	return float64(inUse) / max(float64(pool)/float64(max(groups, 1)), fewAtOnce)
}

// SessionKey is a conversation's key for [Home]. It is the same in all processes
// and releases, and depends on where one part ends and the next begins. The
// tenant is always the first part, so that nobody can take the place of
// another's conversation.
func SessionKey(parts ...string) uint64 {
	var d xxhash.Digest
	d.Reset()
	for _, p := range parts {
		var length [8]byte
		for i := range length {
			length[i] = byte(len(p) >> (8 * i))
		}
		_, _ = d.Write(length[:])
		_, _ = d.WriteString(p)
	}
	return d.Sum64()
}

// mix makes every bit of the result depend on every bit of x: two sessions that
// are close must not rank the groups alike.
func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9)
	x = hi ^ lo
	hi, lo = bits.Mul64(x^0x94d049bb133111eb, 0xd6e8feb86659fd93)
	return hi ^ lo
}
