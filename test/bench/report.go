package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report is a whole run, as -json writes it.
type report struct {
	When        time.Time `json:"when"`
	Cores       int       `json:"cores"`
	GOMAXPROCS  int       `json:"gomaxprocs"`
	Go          string    `json:"go"`
	Platform    string    `json:"platform"`
	Envoy       string    `json:"envoy"`
	Heald       string    `json:"heald"`
	Rounds      int       `json:"rounds"`
	Duration    string    `json:"duration"`
	Concurrency int       `json:"concurrency"`
	Cells       []cell    `json:"cells"`
}

func newReport(o options, envoy string) *report {
	return &report{
		When: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Envoy: version(envoy, "--version"), Heald: version(o.heald, "version"),
		Rounds: o.rounds, Duration: o.duration.String(), Concurrency: o.concurrency,
	}
}

// version asks a binary; what it cannot say is unknown.
func version(binary, arg string) string {
	out, err := exec.Command(binary, arg).Output()
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" {
			// Envoy writes its path before it.
			if _, after, ok := strings.Cut(line, "version: "); ok {
				return after
			}
			return line
		}
	}
	return "unknown"
}

// head says where and how the figures came about.
func (r *report) head() string {
	return fmt.Sprintf("%s, %d cores, GOMAXPROCS %d, %s\nenvoy: %s\nheald: %s\n%d rounds of %s a cell, %d clients",
		r.Platform, r.Cores, r.GOMAXPROCS, r.Go, r.Envoy, r.Heald, r.Rounds, r.Duration, r.Concurrency)
}

func (r *report) write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
