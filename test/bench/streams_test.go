package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

func TestCounts(t *testing.T) {
	for in, want := range map[string][]int{"10": {10}, "10,100,1000": {10, 100, 1000}, "0": nil, "": nil, "100,10": nil, "10,10": nil, "5,x": nil, "1000000": nil} {
		if got, err := parseCounts(in); !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
	}
}

func TestGrowth(t *testing.T) {
	for _, c := range []struct {
		now, before, streams int
		want                 string
	}{
		{0, 0, 10, "-"},
		{3 << 20, 0, 0, "3.0"},
		{3 << 20, 2 << 20, 32, "3.0 (32.0)"},
		{2 << 20, 3 << 20, 32, "2.0 (-32.0)"},
	} {
		if got := growth(c.now, c.before, c.streams); got != c.want {
			t.Errorf("%d after %d with %d streams: got %q, want %q", c.now, c.before, c.streams, got, c.want)
		}
	}
}

func TestFiles(t *testing.T) {
	heald, gateway := &kind{name: nameHeald}, &kind{name: nameProxy}
	if one, two := files([]*kind{heald}, 5000), files([]*kind{heald, gateway}, 5000); one < 5000 || one >= 10_000 || two < 10_000 {
		t.Errorf("got %d, and %d with the proxy", one, two)
	}
	if err := allowFiles(10); err != nil {
		t.Errorf("a limit that is not reached: %v", err)
	}
	if err := allowFiles(1 << 40); err == nil || !strings.Contains(err.Error(), "ulimit -Hn") {
		t.Errorf("no process may have so many: %v", err)
	}
}

// Twenty streams are really open at the same time, in the middle of their
// answers, and the command tells what they take.
func TestStreamsCommand(t *testing.T) {
	stack.EnvoyBinary(t, "")
	var out, progress bytes.Buffer
	args := []string{streamsCommand, "-n", "5,20", "-variants", "no-op", "-heald", stack.Binary(t)}
	if code := run(context.Background(), args, &out, &progress); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &progress)
	}
	var rows []string
	for line := range strings.Lines(out.String()) {
		f := strings.Fields(line)
		if i := slices.IndexFunc(f, func(w string) bool { return w == "0" || w == "5" || w == "20" }); i == 0 || i == 1 {
			rows = append(rows, f[i])
			if dashes := strings.Count(line, "-"); i == 1 && f[0] == nameHeald && dashes > 0 {
				t.Errorf("heald lacks a figure: %s", line)
			}
		}
	}
	if got := strings.Join(rows, " "); got != "0 5 20 0 5 20" {
		t.Errorf("the rows are for %s streams:\n%s", got, &out)
	}
}

func TestBadStreams(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-n 0", "no number from 1"},
		{"-n 10,5", "does not come after"},
		{"now", `unexpected argument "now"`},
		{"-heald /no/such/heald", "make build"},
		{"-variants nginx", `nothing is called "nginx"`},
	} {
		var out, progress bytes.Buffer
		if code := run(context.Background(), append([]string{streamsCommand, "-heald", "/bin/sh"}, strings.Fields(c.args)...), &out, &progress); code != 1 || !strings.Contains(progress.String(), c.want) {
			t.Errorf("%s: exit code %d, want 1 and %q in:\n%s", c.args, code, c.want, &progress)
		}
	}
}
