package collector

import "testing"

func TestPercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name               string
		live, roots, limit int64 // MiB
		want               int
	}{
		{"nothing is live yet", 0, 0, 512, 400},
		{"a small share of the limit", 8, 1, 512, 400},
		{"the last at which it may be 400", 51, 0, 512, 400},
		{"a fifth of the limit", 102, 0, 512, 150},
		{"a quarter, as with Go's own", 128, 0, 512, 100},
		{"a third", 170, 0, 512, 50},
		{"memory is short", 300, 0, 512, 25},
		{"more than there is", 1000, 0, 512, 25},
		{"stacks of many streams count", 20, 82, 512, 150},
		{"a small limit", 8, 0, 64, 300},
		{"no limit, little live", 8, 1, 0, 400},
		{"no limit, more live", 50, 0, 0, 150},
		{"no limit to keep", 4000, 0, 0, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Percent(Reading{Live: uint64(c.live * mib), Roots: uint64(c.roots * mib)}, c.limit*mib)
			if got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// Whatever is live: more of it never makes GOGC larger, and until the next
// collection the heap stays within half of the limit, as long as GOGC can see
// to that.
func TestPercentStaysInTheBudget(t *testing.T) {
	for _, limit := range []int64{64 << 20, 128 << 20, 1 << 30} {
		before := Most
		for live := int64(1 << 20); live < limit; live += 1 << 20 {
			percent := Percent(Reading{Live: uint64(live)}, limit)
			if percent > before || percent < Least || percent > Most {
				t.Fatalf("%d MiB of %d: %d after %d", live>>20, limit>>20, percent, before)
			}
			if peak := live + live/100*int64(percent); percent > Least && peak > limit/2 {
				t.Fatalf("%d MiB of %d: %d lets the heap grow to %d MiB", live>>20, limit>>20, percent, peak>>20)
			}
			before = percent
		}
	}
}
