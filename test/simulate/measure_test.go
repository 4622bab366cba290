package simulate

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestFairShares(t *testing.T) {
	for _, c := range []struct {
		name    string
		weights []float64
		wanted  []float64
		part    float64
		want    []float64
	}{
		{"all can be served", []float64{1, 1}, []float64{10, 30}, 1, []float64{10, 30}},
		{"alike", []float64{1, 1}, []float64{130, 70}, 0.5, []float64{50, 50}},
		{"by weight", []float64{1, 3}, []float64{130, 90}, 100. / 220, []float64{25, 75}},
		{"what one leaves goes to the others", []float64{1, 1, 2}, []float64{10, 100, 100}, 100. / 210, []float64{10, 30, 60}},
	} {
		var tenants []Tenant
		for _, w := range c.weights {
			tenants = append(tenants, Tenant{Weight: w})
		}
		got := fairShares(tenants, c.wanted, c.part)
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFairness(t *testing.T) {
	tenants := []Tenant{{Name: "a", Weight: 1}, {Name: "b", Weight: 3}}
	for _, c := range []struct {
		name        string
		served      []float64
		part        float64
		jain, worst float64
	}{
		{"by weight", []float64{25, 75}, 0.5, 1, 1},
		{"without weights", []float64{50, 50}, 0.5, 0.8, 2. / 3},
		{"nobody is backlogged", []float64{100, 80}, 1, 0, 0.8},
	} {
		jain, worst := fairness(tenants, c.served, []float64{100, 100}, c.part)
		if math.Abs(jain-c.jain) > 1e-9 || math.Abs(worst-c.worst) > 1e-9 {
			t.Errorf("%s: Jain %.3f, worst %.3f; want %.3f, %.3f", c.name, jain, worst, c.jain, c.worst)
		}
	}
}

func TestMeasure(t *testing.T) {
	s := Named("steady")
	r := &Request{Input: 10_000, Prefix: 5000, Output: 100}
	told := []Told{
		{Request: r, Answered: true, Content: 2 * time.Second, Waited: time.Second, Attempts: 2, RateLimited: 1, Billed: 5500, Cached: 5000},
		{Request: r, Answered: true, Content: 40 * time.Second, Waited: 39 * time.Second, Attempts: 1, Billed: 10_000},
		{Request: r, Attempts: 1, Failed: 1},
		{Request: r, TurnedAway: 4},
	}
	got := Measure(s, told, Amount{Requests: 2, Tokens: 100_000, Held: 1})
	want := Result{
		Scenario: "steady", Seed: 1, Requests: 4, Good: 0.25, OfBound: 0.5, RateLimited: 250, Failed: 250,
		WaitP50: 39, WaitP99: 39, Cached: 0.25, Extra: 4500. / 11_000, Worst: got.Worst,
	}
	if got != want {
		t.Errorf("measured\n%+v, want\n%+v", got, want)
	}
}
