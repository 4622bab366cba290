package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

func measured(variant string, round, requests int, cpu float64) cell {
	c := cell{Scenario: "sse-10", Variant: variant, Round: round, Requests: requests, Seconds: 2,
		SidecarCPU: cpu, EnvoyCPU: 200, P50: 1, P99: 4, Messages: uint64(14 * requests)}
	if cpu == 0 {
		c.Messages = 0
	}
	return c
}

func TestTable(t *testing.T) {
	list := []scenario{{name: "sse-10"}, {name: "streams", open: true}}
	r := sorted([]cell{
		measured(nameNoop, 0, 1000, 100), measured(nameHeald, 0, 500, 100),
		measured(nameHeald, 1, 400, 120), measured(nameNoop, 1, 1000, 100),
		measured(nameNoop, 2, 2000, 100), measured(nameHeald, 2, 500, 100),
		measured(nameHops, 0, 1000, 0),
		{Scenario: "other", Variant: nameNoop, Requests: 1, Seconds: 1},
	})
	for _, c := range []struct {
		what      string
		got, want spread
	}{
		{"no-op req/s", r.figure("sse-10", nameNoop, figures[0]), spread{500, 500, 1000}},
		{"heald req/s", r.figure("sse-10", nameHeald, figures[0]), spread{250, 200, 250}},
		{"heald both", r.figure("sse-10", nameHeald, bothCPU), spread{0.6, 0.6, 0.8}},
		{"hops sidecar", r.figure("sse-10", nameHops, sidecarCPU), spread{}},
	} {
		checkSpread(t, c.what, c.got, c.want)
	}
	var b strings.Builder
	if err := printFigures(&b, list, []string{nameHops, nameNoop, nameHeald}, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sse-10   hops", "no-op"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &b)
		}
	}
	if f := figuresOf(t, b.String())["sse-10 "+nameHops]; len(f) != len(figures)-2 {
		t.Errorf("hops has neither a sidecar nor messages; got the figures %v:\n%s", f, &b)
	}
	if strings.Contains(b.String(), "streams") {
		t.Errorf("open streams are not driven:\n%s", &b)
	}
}

func checkSpread(t *testing.T, what string, got, want spread) {
	t.Helper()
	if !near(got.median, want.median) || !near(got.low, want.low) || !near(got.high, want.high) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Tables are read in terminals, also with all variants and long figures.
func TestTablesFitIntoHundredColumns(t *testing.T) {
	variants := []string{nameHops, nameProxy, nameNoop, nameHeald, nameBase, nameLean}
	var cells []cell
	for _, s := range driven(scenarios()) {
		for round := range 2 {
			for i, v := range variants {
				cells = append(cells, cell{Scenario: s.name, Variant: v, Round: round, Requests: 1000, Seconds: 1.777, SidecarCPU: float64(1234 * (i*round + 1)),
					EnvoyCPU: 123456.7 * float64(i+round), P50: 1234.5 * float64(i+round+1), P99: 9999.9, Messages: 10_004_000})
			}
		}
	}
	r := &report{Platform: "linux/amd64", Variants: variants, Cells: cells, Streams: []openStreams{
		{nameHeald, 0, memory{70 << 20, 7 << 20, 40 << 20, 8 << 20}},
		{nameHeald, 10_000, memory{1500 << 20, 1400 << 20, 500 << 20, 400 << 20}},
	}}
	var b strings.Builder
	if err := r.print(&b, scenarios()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := len(strings.TrimRight(line, " \n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, want := range []string{"heald / base", "lean / base", "aim: json-small", "500.0 (47.1)", "heald resident at most 350 MiB: 500 MiB, missed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &b)
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
	for v, want := range map[float64]string{0: "-", 0.04567: "0.0457", 1: "1", 2.345: "2.35", 56.78: "56.8", 99.96: "100", 1234.5: "1234"} {
		if got := digits(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}
