package account

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestEstimate(t *testing.T) {
	note := func(real ...int64) *Estimator {
		e := NewEstimator()
		for _, n := range real {
			e.Note("t", "m", 4000, 0, n)
		}
		return e
	}
	for _, c := range []struct {
		name        string
		e           *Estimator
		text, media int64
		least, most int64
	}{
		{"nothing known: four bytes a token", note(), 4000, 0, 1000, 1000},
		{"rounded up", note(), 4001, 0, 1001, 1001},
		{"media as the table has them", note(), 4000, 258, 1258, 1258},
		{"right", note(1000, 1000, 1000), 4000, 0, 1000, 1000},
		{"twice as much, once: some way there, and uncertain", note(2000), 4000, 0, 1750, 1900},
		{"twice as much, always", note(2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000), 4000, 0, 1950, 2250},
		{"media are not scaled", note(2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000), 4000, 5000, 6950, 7250},
		{"one odd count does not spoil all", note(1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 900_000), 4000, 0, 1700, 3500},
		{"a count that is not known", note(-1, 0), 4000, 0, 1000, 1000},
	} {
		if got := c.e.Tokens("t", "m", c.text, c.media); got < c.least || got > c.most {
			t.Errorf("%s: %d, want %d to %d", c.name, got, c.least, c.most)
		}
	}
	e := NewEstimator()
	e.Note("t", "m", 4000, 500, 1500)
	if got := e.Tokens("t", "m", 4000, 0); got != 1000 {
		t.Errorf("media counted as text: %d", got)
	}
	e = note(2000)
	if e.Tokens("u", "m", 4000, 0) != 1000 || e.Tokens("t", "n", 4000, 0) != 1000 {
		t.Error("what one tenant asks one model changes the estimate of others")
	}
	for range 20 {
		e = NewEstimator()
		e.Note("t", "m", 200, 0, 10_000)     // short
		e.Note("t", "m", 4000, 9000, 10_000) // mostly media
	}
	if len(e.ratios) != 0 {
		t.Error("a request taught something that says little about text")
	}
}

// Three in four requests have at most what was estimated, whatever their ratio
// and however it varies, and nine in ten find room in what is kept free for them; and
// neither is far over it.
func TestEstimateIsThirdQuartile(t *testing.T) {
	for _, c := range []struct{ mean, spread float64 }{{1, 0.1}, {1, 0.5}, {0.5, 0.1}, {2, 0.3}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			e := NewEstimator()
			enough, roomy, over := 0, 0, 0.
			const requests = 5000
			for i := range requests + 50 {
				real := int64(1000 * c.mean * max(0.2, 1+c.spread*random.NormFloat64()))
				if got := e.Tokens("t", "m", 4000, 0); i >= 50 {
					if got >= real {
						enough++
					}
					if e.Room("t", "m", 4000, 0) >= real {
						roomy++
					}
					over += float64(got) / (1000 * c.mean)
				}
				e.Note("t", "m", 4000, 0, real)
			}
			if share := float64(enough) / requests; share < 0.70 || share > 0.80 {
				t.Errorf("%.2f of the estimates are enough, want three quarters", share)
			}
			if share := float64(roomy) / requests; share < 0.85 || share > 0.94 {
				t.Errorf("%.2f have room, want nine in ten", share)
			}
			if over /= requests; over > 1+c.spread {
				t.Errorf("estimates are %.2f of the mean", over)
			}
		})
	}
}

func TestEstimatorIsBounded(t *testing.T) {
	e := NewEstimator()
	for i := range 2 * mostTrends {
		e.Note("t", fmt.Sprint("model-", i), 4000, 0, 1000)
	}
	if n := len(e.ratios); n > mostTrends || n < mostTrends*9/10 {
		t.Errorf("%d ratios are remembered, the bound is %d", n, mostTrends)
	}
}

func BenchmarkEstimate(b *testing.B) {
	b.ReportAllocs()
	e := NewEstimator()
	e.Note("team-search", "gemini-3-pro", 4000, 0, 1200)
	for b.Loop() {
		e.Tokens("team-search", "gemini-3-pro", 4000, 258)
	}
}
