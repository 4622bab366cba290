package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"
	"time"
)

// play lets each policy serve a scenario.
func play(t *testing.T, s *Scenario, policies []Maker) []Result {
	requests := s.Workload()
	bound := UpperBound(s, requests)
	var all []Result
	for _, m := range policies {
		began := time.Now()
		var result Result
		synctest.Test(t, func(*testing.T) {
			result = Measure(s, Run(s, m, requests), bound)
		})
		result.Policy, result.Took = m.Name, time.Since(began)
		all = append(all, result)
	}
	return all
}

// TestSimulate plays all scenarios for `make simulate`, and writes what it finds
// into the folder that HEALD_SIMULATE names. HEALD_SIMULATE_ONLY is a pattern of
// scenarios.
func TestSimulate(t *testing.T) {
	dir := os.Getenv("HEALD_SIMULATE")
	if dir == "" {
		t.Skip("make simulate plays the whole table")
	}
	only := regexp.MustCompile(os.Getenv("HEALD_SIMULATE_ONLY"))
	began, events := time.Now(), 0
	var text bytes.Buffer
	w := io.MultiWriter(&text, os.Stdout)
	var all []Result
	for _, scenario := range Scenarios {
		if !only.MatchString(scenario.Name) {
			continue
		}
		s := Named(scenario.Name)
		results := play(t, s, Policies())
		Print(w, s, results)
		for _, r := range results {
			if missed := r.Missed(s.Aim); r.Policy == Heald && missed != "" {
				t.Errorf("%s: %s", s.Name, missed)
			}
		}
		all = append(all, results...)
		for _, r := range results {
			events += r.Requests
		}
	}
	fmt.Fprintln(w, Legend+"\n"+Speed(events, time.Since(began)))
	data, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"simulate.txt": text.Bytes(), "simulate.json": data} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
