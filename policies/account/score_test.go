package account

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestScore(t *testing.T) {
	for _, c := range []struct {
		name string
		fit  Fit
		want float64
	}{
		{"free and well", Fit{Health: 100}, 100},
		{"half used", Fit{Use: 0.5, Health: 100}, 85},
		{"full", Fit{Use: 1, Health: 100}, 40},
		{"over its limit counts as full", Fit{Use: 3, Health: 100}, 40},
		{"below nothing counts as free", Fit{Use: -1, Health: 100}, 100},
		{"no number counts as free", Fit{Use: math.NaN(), Health: 100}, 100},
		{"failing", Fit{Health: 0}, 60},
		{"cached", Fit{Use: 0.5, Health: 100, Cached: 1}, 112},
		{"more than all is cached", Fit{Use: 0.5, Health: 100, Cached: 2}, 112},
		{"asked last", Fit{Use: 0.5, Health: 100, Recent: 1}, 79},
		{"one attempt ago", Fit{Use: 0.5, Health: 100, Recent: 0.5}, 82},
		{"tried", Fit{Health: 100, Tried: true}, 40},
	} {
		if got := Score(&c.fit); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// More room, better health, more cache never make a score worse, and having
// been tried never makes it better.
func TestScoreOrder(t *testing.T) {
	fit := rapid.Custom(func(t *rapid.T) Fit {
		return Fit{
			Use: rapid.Float64Range(0, 1).Draw(t, "use"), Health: rapid.Float64Range(0, 100).Draw(t, "health"),
			Cached: rapid.Float64Range(0, 1).Draw(t, "cached"), Tried: rapid.Bool().Draw(t, "tried"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := fit.Draw(t, "a"), fit.Draw(t, "b")
		better := Fit{
			Use: min(a.Use, b.Use), Health: max(a.Health, b.Health),
			Cached: max(a.Cached, b.Cached), Tried: a.Tried && b.Tried,
		}
		if got := Score(&better); got < max(Score(&a), Score(&b))-1e-9 {
			t.Errorf("%+v scores %v, less than %+v or %+v", better, got, a, b)
		}
		if a.Tried = false; Score(&a) <= Score(&Fit{Use: a.Use, Health: a.Health, Cached: a.Cached, Tried: true}) {
			t.Errorf("%+v is not better than the same, tried", a)
		}
	})
}

func TestLargerUse(t *testing.T) {
	for _, c := range []struct {
		name             string
		use, used, limit int64 // use in eighths
		want             float64
	}{
		{"no limit", 2, 7, 0, 0.25},
		{"a larger one", 2, 6, 8, 0.75},
		{"a smaller one", 7, 6, 8, 0.875},
		{"too much", 0, 105, 10, 10.5},
	} {
		if got := LargerUse(float64(c.use)/8, c.used, c.limit); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	b.ReportAllocs()
	var sum float64
	for b.Loop() {
		use := LargerUse(LargerUse(LargerUse(LargerUse(0, 4, 10), 31_000, 250_000), 41, 1000), 3, 8)
		sum += Score(&Fit{Use: use, Health: 80, Cached: 0.5})
	}
	_ = sum
}
