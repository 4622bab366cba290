package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/pprof/profile"
)

// cpu is a profile in which main spends n samples in work.
func cpu(n int64) *profile.Profile {
	m := &profile.Mapping{ID: 1, Start: 1, Limit: 100, File: "/home/somebody/bin/heald"}
	work := &profile.Function{ID: 1, Name: "example.com/x.work", Filename: "/home/somebody/x.go", StartLine: 3}
	main := &profile.Function{ID: 2, Name: "main.main", StartLine: 1}
	l1 := &profile.Location{ID: 1, Mapping: m, Address: 10, Line: []profile.Line{{Function: work, Line: 5}}}
	l2 := &profile.Location{ID: 2, Mapping: m, Address: 20, Line: []profile.Line{{Function: main, Line: 2}}}
	return &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000, TimeNanos: 12345,
		Sample:  []*profile.Sample{{Location: []*profile.Location{l1, l2}, Value: []int64{n, n * 10_000_000}, Label: map[string][]string{"a": {"secret"}}}},
		Mapping: []*profile.Mapping{m}, Location: []*profile.Location{l1, l2}, Function: []*profile.Function{work, main},
	}
}

func TestMerge(t *testing.T) {
	p, err := merge([]*profile.Profile{cpu(100), cpu(1000)})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Sample) != 1 || p.Sample[0].Value[1] != 2*share {
		t.Errorf("each profile shall count the same: got %v", p)
	}
	if f := p.Sample[0].Location[0].Line[0]; f.Function.Name != "example.com/x.work" || f.Function.StartLine != 3 || f.Line != 5 {
		t.Errorf("got %+v", f)
	}
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"somebody", "secret"} {
		if bytes.Contains(b.Bytes(), []byte(private)) {
			t.Errorf("the profile tells %q", private)
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	heap := cpu(200)
	heap.SampleType[1].Type = "inuse_space"
	for name, p := range map[string]*profile.Profile{"too few samples": cpu(least - 1), "no CPU profile": heap} {
		if _, err := merge([]*profile.Profile{p}); err == nil {
			t.Error(name, "was taken")
		}
	}
}

func TestRun(t *testing.T) {
	in, out := filepath.Join(t.TempDir(), "a.pprof"), filepath.Join(t.TempDir(), "default.pgo")
	f, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := cpu(200).Write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := run(out, []string{in}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := profile.ParseData(data); err != nil {
		t.Error(err)
	}
	for _, files := range [][]string{nil, {out + ".missing"}, {"main.go"}} {
		if run(out, files) == nil {
			t.Errorf("%v was taken", files)
		}
	}
}
