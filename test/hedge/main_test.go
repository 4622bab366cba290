package main

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// The draws have the quantiles they are said to have.
func TestDraws(t *testing.T) {
	for _, c := range correlations {
		r, err := simulate(draws(100_000, c.value), "off")
		if err != nil || r.duplicates != 0 {
			t.Fatalf("%d duplicates, %v", r.duplicates, err)
		}
		for q, want := range map[float64]float64{.5: median.Seconds(), .99: slowest99.Seconds()} {
			if got := quantile(r.took, q).Seconds(); math.Abs(got/want-1) > .05 {
				t.Errorf("correlation %g: quantile %g is %.2fs, want %.2fs", c.value, q, got, want)
			}
		}
	}
}

// What CONFIGURATION and OPERATING say of it: the slowest become quicker, for no more
// than a tenth of duplicates, unless the prompt is the cause.
func TestSimulate(t *testing.T) {
	for _, row := range []struct {
		correlation        float64
		policy             string
		p99, slack         float64
		duplicates, atMost float64 // percent
	}{
		{0, "p90", 5.6, .6, 9, 10},
		{.5, "p90", 7.7, .8, 9, 10},
		{1, "p90", 12, .6, 9, 10},
		{0, "p95", 6.9, .7, 4, 6},
		{.5, "p95", 8.8, .9, 4, 6},
		{1, "p95", 12, .6, 4, 6},
	} {
		r, err := simulate(draws(30_000, row.correlation), row.policy)
		if err != nil {
			t.Fatal(err)
		}
		p99, share := quantile(r.took, .99).Seconds(), 100*float64(r.duplicates)/float64(r.requests)
		if math.Abs(p99-row.p99) > row.slack {
			t.Errorf("%s, correlation %g: p99 is %.2fs, want about %.1fs", row.policy, row.correlation, p99, row.p99)
		}
		if share < row.duplicates || share > row.atMost {
			t.Errorf("%s, correlation %g: %.2f %% duplicates, want %g to %g", row.policy, row.correlation, share, row.duplicates, row.atMost)
		}
	}
}

// What is measured here means nothing; that every table is there does.
func TestShortRun(t *testing.T) {
	stack.EnvoyBinary(t, "")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-heald", stack.PlainBinary(t), "-requests", "60", "-clients", "20", "-simulated", "100"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Simulated: ", "Through Envoy", "nothing is gained"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, &out)
		}
	}
	if n := strings.Count(out.String(), "p90"); n < 2*len(correlations) {
		t.Errorf("p90 is there %d times in:\n%s", n, &out)
	}
}

func TestBadCommandLines(t *testing.T) {
	for _, args := range [][]string{{"-fast"}, {"x"}, {"-requests", "0"}, {"-heald", "no such file"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
