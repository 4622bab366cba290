package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report is a whole run, as -json writes it.
type report struct {
	When        time.Time     `json:"when"`
	Cores       int           `json:"cores"`
	GOMAXPROCS  int           `json:"gomaxprocs"`
	Go          string        `json:"go"`
	Platform    string        `json:"platform"`
	Envoy       string        `json:"envoy"`
	Heald       string        `json:"heald"`
	Base        string        `json:"base,omitempty"` // of -compare
	Lean        string        `json:"lean,omitempty"` // options of -lean
	Variants    []string      `json:"variants"`
	Rounds      int           `json:"rounds"`
	Duration    string        `json:"duration"` // of a cell
	Concurrency int           `json:"concurrency"`
	Cells       []cell        `json:"cells"`
	Streams     []openStreams `json:"streams"`
}

func newReport(o options, list []scenario, envoy string) *report {
	names, _ := o.names() // was checked
	r := &report{
		When: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Envoy: version(envoy, "--version"), Heald: version(o.heald, "version"), Lean: o.lean, Variants: names,
		Rounds: o.rounds, Duration: o.cellTime(len(driven(list)), len(names)).String(), Concurrency: o.concurrency,
	}
	if o.base != "" {
		r.Base = version(o.base, "version")
	}
	return r
}

// version asks a binary for its version; "unknown" if that fails.
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
	text := fmt.Sprintf("%s, %d cores, GOMAXPROCS %d, %s\nenvoy: %s\nheald: %s\n", r.Platform, r.Cores, r.GOMAXPROCS, r.Go, r.Envoy, r.Heald)
	if r.Base != "" {
		text += "base:  " + r.Base + "\n"
	}
	if r.Lean != "" {
		text += "lean:  heald envoy " + r.Lean + "\n"
	}
	return text + fmt.Sprintf("%d rounds of %s a cell, %d clients", r.Rounds, r.Duration, r.Concurrency)
}

// print writes the tables.
func (r *report) print(out io.Writer, list []scenario) error {
	fmt.Fprintf(out, "\n%s\n\n", r.head())
	for _, s := range list {
		fmt.Fprintf(out, "%-10s  %s\n", s.name, s.about)
	}
	if len(r.Cells) > 0 {
		if err := r.printCells(out, list); err != nil {
			return err
		}
	}
	if len(r.Streams) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	return printStreams(out, r.Streams)
}

func (r *report) printCells(out io.Writer, list []scenario) error {
	all := sorted(r.Cells)
	fmt.Fprintln(out)
	if err := printFigures(out, list, r.Variants, all); err != nil {
		return err
	}
	fmt.Fprint(out, "\nFigures are medians over the rounds. A ratio is taken within each round: median (range).\n\n")
	if err := printRatios(out, list, r.Variants, all); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return printAims(out, all)
}

func (r *report) write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
