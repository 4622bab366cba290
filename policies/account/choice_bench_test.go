package account

import (
	"fmt"
	"testing"
	"time"
)

// The cost of ranking all groups for one request: the home, and each group's
// health and score. The aim is 5 µs for 100.
func BenchmarkChoice(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			names, healths := groupKeys(n), make([]Health, n)
			now := time.Now()
			for i := range healths {
				healths[i].Note(now, Result(1+i%2), time.Duration(i+1)*time.Millisecond)
			}
			now = now.Add(time.Second)
			var session uint64
			for b.Loop() {
				session++
				home := Home(session, names, func(i int) float64 { return LoadShare(i%7, 3*n, n) })
				best, bestScore := -1, 0.
				for i := range healths {
					fit := Fit{
						Use:    LargerUse(LargerUse(LargerUse(LargerUse(0, int64(i+1), 2000), int64(1000*i+1000), 2_000_000), int64(i+1), 10_000), int64(i%7+1), 8),
						Health: healths[i].Score(now, 50*time.Millisecond),
					}
					if i == home {
						fit.Cached = 0.9
					}
					if s := Score(&fit); best < 0 || s > bestScore {
						best, bestScore = i, s
					}
				}
			}
		})
	}
}
