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

// The test binary is also the yardsticks': the benchmark starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && (os.Args[1] == noopCommand || os.Args[1] == proxyCommand) {
		main()
	}
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// What is measured here means nothing; that everything was measured does. With
// every variant: the other heald is the same, and any option of `heald envoy`
// will do.
func TestQuickRunFillsEveryCell(t *testing.T) {
	stack.EnvoyBinary(t, "")
	file := filepath.Join(t.TempDir(), "cells.json")
	var out, progress bytes.Buffer
	args := []string{"-quick", "-heald", stack.Binary(t), "-compare", stack.Binary(t), "-lean", "--listen 127.0.0.1:0", "-json", file}
	if code := run(context.Background(), args, &out, &progress); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &progress)
	}
	table := figuresOf(t, out.String())
	for _, s := range driven(scenarios()) {
		for v, want := range map[string]int{
			nameHops: len(figures) - 2, nameProxy: len(figures) - 1, // no sidecar, no messages
			nameNoop: len(figures), nameHeald: len(figures), nameBase: len(figures), nameLean: len(figures),
		} {
			if values := table[s.name+" "+v]; len(values) != want || slices.Min(values) <= 0 {
				t.Errorf("%s, %s: got %v, want %d positive figures", s.name, v, values, want)
			}
		}
	}
	for _, want := range []string{"heald / no-op", "heald / hops", "heald / proxy", "heald / base", "lean / base", "aim: json-small", "heap + stacks"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
	checkReport(t, file)
}

// figuresOf reads the table: by scenario and variant, the figures.
func figuresOf(t *testing.T, out string) map[string][]float64 {
	t.Helper()
	out, _, _ = strings.Cut(out, "ratios")
	variants := []string{nameHops, nameProxy, nameNoop, nameHeald, nameBase, nameLean}
	table := map[string][]float64{}
	scenario := ""
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if i := slices.IndexFunc(f, func(w string) bool { return slices.Contains(variants, w) }); i == 0 || i == 1 {
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
	if want := 6 * len(driven(scenarios())); len(r.Cells) != want {
		t.Errorf("the report has %d cells, want %d", len(r.Cells), want)
	}
	for _, c := range r.Cells {
		sidecar, messages := c.Variant != nameHops, c.Variant != nameHops && c.Variant != nameProxy
		if c.Requests < 1 || c.Seconds <= 0 || c.EnvoyCPU <= 0 || c.P50 <= 0 || c.P99 < c.P50 || (c.SidecarCPU > 0) != sidecar || (c.Messages > 0) != messages {
			t.Errorf("cell %+v has a figure that cannot be", c)
		}
	}
	if want := 6 * 3; len(r.Streams) != want { // none, one and five streams
		t.Errorf("the report has %d lines about open streams, want %d", len(r.Streams), want)
	}
	for _, s := range r.Streams {
		heald := s.Variant != nameHops && s.Variant != nameProxy && s.Variant != nameNoop
		if s.Memory.EnvoyResident <= 0 || s.Memory.EnvoyAllocated <= 0 || (s.Memory.SidecarResident > 0) != (s.Variant != nameHops) || (s.Memory.SidecarInUse > 0) != heald {
			t.Errorf("%+v cannot be", s)
		}
	}
	if r.Cores < 1 || r.Envoy == "unknown" || r.Heald == "unknown" || r.Base != r.Heald {
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
		{"duration", []string{"-duration", "-1s"}, "-duration: -1s"},
		{"scenario", []string{"-scenario", "video"}, "json-small, body-200k"},
		{"no binary", []string{"-heald", filepath.Join(t.TempDir(), "heald")}, "make build"},
		{"nothing to compare with", []string{"-heald", exists, "-compare", filepath.Join(t.TempDir(), "heald")}, "make bench BASE"},
		{"variant", []string{"-heald", exists, "-variants", "base"}, "base with -compare"},
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
	args := []string{"-quick", "-scenario", "sse-10", "-variants", "heald", "-heald", "/bin/false"}
	if code := run(context.Background(), args, &out, &progress); code != 1 || !strings.Contains(progress.String(), "heald ended: exit status 1") {
		t.Errorf("exit code %d, and:\n%s", code, &progress)
	}
}

// An option that heald does not know, such as a preset of a later version.
func TestConfigurationThatCannotBeRendered(t *testing.T) {
	stack.EnvoyBinary(t, "")
	var out, progress bytes.Buffer
	args := []string{"-quick", "-scenario", "sse-10", "-variants", "lean", "-lean", "--no-such-preset", "-heald", stack.Binary(t)}
	if code := run(context.Background(), args, &out, &progress); code != 1 || !strings.Contains(progress.String(), "no-such-preset") {
		t.Errorf("exit code %d, and:\n%s", code, &progress)
	}
}
