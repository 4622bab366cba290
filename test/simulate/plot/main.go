package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: plot DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

// result is the part of a line of simulate.json that is drawn.
type result struct {
	Scenario    string  `json:"scenario"`
	Policy      string  `json:"policy"`
	OfBound     float64 `json:"of_bound"`
	RateLimited float64 `json:"rate_limited_per_1000"`
	Failed      float64 `json:"failed_per_1000"`
	WaitP99     float64 `json:"wait_p99"`
	Worst       float64 `json:"worst_tenant"`
	Extra       float64 `json:"extra_billed"`
}

// panels are the pictures, one below the other.
var panels = []panel{
	{"answers that began within 30 s, % of the upper bound", func(r result) float64 { return 100 * r.OfBound }, 100},
	{"429s, for each 1,000 attempts", func(r result) float64 { return r.RateLimited }, 100},
	{"5xx and silence, for each 1,000 attempts", func(r result) float64 { return r.Failed }, 100},
	{"99th percentile of the wait, s", func(r result) float64 { return r.WaitP99 }, 30},
	{"worst tenant, % of what it was entitled to", func(r result) float64 { return 100 * r.Worst }, 100},
	{"input that cost more than it had to, %", func(r result) float64 { return 100 * r.Extra }, 10},
}

func run(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "simulate.json"))
	if err != nil {
		return fmt.Errorf("%w; make simulate writes it", err)
	}
	var results []result
	if err := json.Unmarshal(data, &results); err != nil {
		return fmt.Errorf("simulate.json: %w", err)
	}
	if len(results) == 0 {
		return fmt.Errorf("simulate.json has no results")
	}
	for _, format := range []string{"png", "svg"} {
		file := filepath.Join(dir, "simulate."+format)
		if err := render(file, format, panels, results); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Println("wrote", file)
	}
	return nil
}

// names lists what occurs, in order of occurrence.
func names(results []result, of func(result) string) (all []string) {
	for _, r := range results {
		if name := of(r); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
