package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

func main() {
	out := flag.String("out", "", "write the merged profile to `FILE`")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "pgo:", err)
		os.Exit(1)
	}
}

func run(out string, files []string) error {
	if out == "" || len(files) == 0 {
		return errors.New("name the file to write with -out, and the profiles to merge")
	}
	var list []*profile.Profile
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		p, err := profile.ParseData(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, p)
	}
	merged, err := merge(list)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := merged.Write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(out, b.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("wrote %s: %d profiles, %d stacks, %d KiB\n", out, len(list), len(merged.Sample), b.Len()>>10)
	return nil
}

// share is what each profile counts in the merged one: nanoseconds, large enough
// that rounding loses nothing.
const share = 1e11

// least is how many samples a profile must have to tell where time is spent.
const least = 100

// merge adds profiles up, each with the same weight, and leaves out what the
// compiler does not need.
func merge(list []*profile.Profile) (*profile.Profile, error) {
	for i, p := range list {
		if n := len(p.SampleType); n != 2 || p.SampleType[0].Type != "samples" || p.SampleType[1].Type != "cpu" {
			return nil, fmt.Errorf("profile %d is not a CPU profile", i+1)
		}
		var samples, total int64
		for _, s := range p.Sample {
			samples, total = samples+s.Value[0], total+s.Value[1]
		}
		if samples < least {
			return nil, fmt.Errorf("profile %d has %d samples, fewer than %d: profile for longer", i+1, samples, least)
		}
		p.Scale(share / float64(total))
		// Functions with line numbers, also of calls that were inlined.
		if err := p.Aggregate(true, true, false, true, false, false); err != nil {
			return nil, err
		}
		for _, l := range p.Location {
			l.Mapping = nil
		}
		p.Mapping, p.Comments = nil, nil
		p.TimeNanos, p.DurationNanos = 0, 0
	}
	merged, err := profile.Merge(list)
	if err != nil {
		return nil, err
	}
	for _, s := range merged.Sample {
		s.Label, s.NumLabel, s.NumUnit = nil, nil, nil
	}
	merged = merged.Compact()
	return merged, merged.CheckValid()
}
