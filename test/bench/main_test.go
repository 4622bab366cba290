package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

// The test binary is also the yardstick's: the benchmark starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == noopCommand {
		main()
	}
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// What is measured here means nothing; that everything was measured does.
func TestQuickRunFillsEveryCell(t *testing.T) {
	stack.EnvoyBinary(t, "")
	file := filepath.Join(t.TempDir(), "cells.json")
	var out, progress bytes.Buffer
	if code := run(context.Background(), []string{"-quick", "-heald", stack.Binary(t), "-json", file}, &out, &progress); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &progress)
	}
	table := figuresOf(t, out.String())
	for _, s := range scenarios() {
		for _, line := range []string{nameNoop, nameHeald, "ratio"} {
			values := table[s.name+" "+line]
			if len(values) != len(figures) || slices.Min(values) <= 0 {
				t.Errorf("%s, %s: got %v, want %d positive figures", s.name, line, values, len(figures))
			}
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
	checkReport(t, file)
}

// figuresOf reads the table: by scenario and line, the figures.
func figuresOf(t *testing.T, out string) map[string][]float64 {
	t.Helper()
	table := map[string][]float64{}
	scenario := ""
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if i := slices.IndexFunc(f, func(w string) bool { return w == nameNoop || w == nameHeald || w == "ratio" }); i == 0 || i == 1 {
			if i == 1 {
				scenario = f[0]
			}
			values := []float64{}
			for _, w := range f[i+1:] {
				if v, err := strconv.ParseFloat(w, 64); err == nil {
					values = append(values, v)
				}
			}
			table[scenario+" "+f[i]] = values
		}
	}
	return table
}

func checkReport(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if want := 2 * len(scenarios()); len(r.Cells) != want {
		t.Errorf("the report has %d cells, want %d", len(r.Cells), want)
	}
	for _, c := range r.Cells {
		if c.Requests < 1 || c.Seconds <= 0 || c.SidecarCPU <= 0 || c.EnvoyCPU <= 0 || c.P50 <= 0 || c.P99 < c.P50 || c.Messages == 0 {
			t.Errorf("cell %+v has a figure that cannot be", c)
		}
	}
	if r.Cores < 1 || r.Envoy == "unknown" || r.Heald == "unknown" {
		t.Errorf("the report does not say what was measured: %+v", r)
	}
}

func TestBadCommandLines(t *testing.T) {
	exists := os.Args[0]
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"-fast"}, "-fast"},
		{"argument", []string{"sse-10"}, `unexpected argument "sse-10"`},
		{"rounds", []string{"-rounds", "0"}, "-rounds: 0"},
		{"clients", []string{"-concurrency", "-1"}, "-concurrency: -1"},
		{"duration", []string{"-duration", "0s"}, "-duration: 0s"},
		{"scenario", []string{"-scenario", "video"}, "json-small, body-200k"},
		{"no binary", []string{"-heald", filepath.Join(t.TempDir(), "heald")}, "make build"},
		{"no Envoy", []string{"-heald", exists, "-envoy", "0.0.1"}, "make envoy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("HEALD_ENVOY", "")
			var out, progress bytes.Buffer
			if code := run(context.Background(), c.args, &out, &progress); code != 1 || !strings.Contains(progress.String(), c.want) {
				t.Errorf("exit code %d, want 1 and %q in:\n%s", code, c.want, &progress)
			}
		})
	}
}

func TestSidecarThatDoesNotStart(t *testing.T) {
	stack.EnvoyBinary(t, "")
	var out, progress bytes.Buffer
	args := []string{"-quick", "-scenario", "sse-10", "-heald", "/bin/false"}
	if code := run(context.Background(), args, &out, &progress); code != 1 || !strings.Contains(progress.String(), "heald ended: exit status 1") {
		t.Errorf("exit code %d, and:\n%s", code, &progress)
	}
}
