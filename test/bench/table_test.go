package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	list := []scenario{{name: "sse-10"}}
	measured := func(variant string, round, requests int, cpu float64) cell {
		return cell{Scenario: "sse-10", Variant: variant, Round: round, Requests: requests, Seconds: 2,
			SidecarCPU: cpu, EnvoyCPU: 200, P50: 1, P99: 4, Messages: uint64(14 * requests)}
	}
	cells := []cell{
		measured(nameNoop, 0, 1000, 100), measured(nameHeald, 0, 500, 100),
		measured(nameHeald, 1, 400, 120), measured(nameNoop, 1, 1000, 100),
		measured(nameNoop, 2, 2000, 100), measured(nameHeald, 2, 500, 100),
		{Scenario: "other", Variant: nameNoop, Requests: 1, Seconds: 1},
	}
	rows := summarize(list, cells)
	if len(rows) != 1 {
		t.Fatalf("got %d rows, want 1", len(rows))
	}
	r := rows[0]
	for _, c := range []struct {
		what      string
		got, want spread
	}{
		{"no-op req/s", r.noop[0], spread{500, 500, 1000}},
		{"heald req/s", r.heald[0], spread{250, 200, 250}},
		// 500/1000, 400/1000, 500/2000: of each round, not of the medians.
		{"ratio req/s", r.ratio[0], spread{0.4, 0.25, 0.5}},
		{"ratio sidecar CPU", r.ratio[1], spread{3, 2, 4}},
		{"ratio messages", r.ratio[5], spread{1, 1, 1}},
	} {
		if !near(c.got.median, c.want.median) || !near(c.got.low, c.want.low) || !near(c.got.high, c.want.high) {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
	var b strings.Builder
	if err := printTable(&b, rows); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sse-10  no-op", "0.4 (0.25..0.5)", "3 (2..4)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &b)
		}
	}
}

// near allows for what floating-point division loses.
func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[99-i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		name   string
		values []time.Duration
		q      float64
		want   time.Duration
	}{
		{"none", nil, 0.5, 0},
		{"one", []time.Duration{7}, 0.99, 7},
		{"half of two", []time.Duration{9, 3}, 0.5, 3},
		{"p50", hundred, 0.5, 50},
		{"p99", hundred, 0.99, 99},
		{"all", hundred, 1, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := quantile(c.values, c.q); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.04567: "0.0457", 1: "1", 2.345: "2.35", 56.78: "56.8", 99.96: "100", 1234.5: "1234"} {
		if got := digits(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}
