package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// streamsCommand measures the memory of open streams alone. The scenario has the
// same name.
const streamsCommand = "streams"

// streamCounts is how many streams are open, one after the other.
var streamCounts = []int{10, 100, 1000}

// One replica of heald is to hold so many streams with so many bytes.
const (
	streamsAim  = 10_000
	streamsMost = 350 << 20
)

const (
	// streamChunks is how many pieces an answer has.
	streamChunks = 20
	// streamBegun is how many of them an open stream has received.
	streamBegun = 10
)

// openStreams is the memory of a variant while streams are open, in bytes.
type openStreams struct {
	Variant string `json:"variant"`
	Open    int    `json:"open"`
	Memory  memory `json:"memory"`
}

// streams is the command.
func streams(ctx context.Context, args []string, out, progress io.Writer) error {
	fs := flag.NewFlagSet(streamsCommand, flag.ContinueOnError)
	fs.SetOutput(progress)
	l := lineup{}
	l.register(fs)
	counts := streamCounts
	fs.Func("n", "open `N` streams; a comma-separated list opens one number after the other (default 10,100,1000)", func(s string) (err error) {
		counts, err = parseCounts(s)
		return err
	})
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", fs.Arg(0))
	}
	envoy, err := l.find()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "heald-streams-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	measured, err := measureStreams(ctx, &l, envoy, dir, counts, progress)
	if err != nil {
		return err
	}
	return printStreams(out, measured)
}

// parseCounts reads numbers that rise.
func parseCounts(s string) ([]int, error) {
	var counts []int
	for word := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > 100_000 {
			return nil, fmt.Errorf("%q is no number from 1 to 100000", word)
		}
		if len(counts) > 0 && n <= counts[len(counts)-1] {
			return nil, fmt.Errorf("%d does not come after %d: name the smaller number first", n, counts[len(counts)-1])
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// measureStreams measures one variant after the other, each with fresh
// processes: memory that a process once used it may use again without growing.
// Those of heald come first, since the others' clients send what heald sends.
func measureStreams(ctx context.Context, l *lineup, envoy, dir string, counts []int, progress io.Writer) (all []openStreams, err error) {
	most := counts[len(counts)-1]
	dir = filepath.Join(dir, streamsCommand)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	u, err := startUpstream()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	kinds, err := l.kinds(u)
	if err != nil {
		return nil, err
	}
	if err := allowFiles(files(kinds, most)); err != nil {
		return nil, fmt.Errorf("%d streams: %w", most, err)
	}
	slices.SortStableFunc(kinds, func(a, b *kind) int { return asInt(b.heald) - asInt(a.heald) })
	s := scenarios()[len(scenarios())-1]
	var arrived *request
	for _, k := range kinds {
		one := &streamRun{upstream: u, scenario: &s, arrived: &arrived, counts: counts}
		got, err := one.measure(ctx, k, place{dir: dir, envoy: envoy, window: usual, clients: most})
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
		fmt.Fprintf(progress, "streams of %s done\n", k.name)
	}
	return all, nil
}

// files is how many a process may have to open for n streams: this one and
// Envoy have a connection for each, and the Envoy in front of the proxy two.
func files(kinds []*kind, n int) int {
	const others = 1000
	if slices.ContainsFunc(kinds, func(k *kind) bool { return k.name == nameProxy }) {
		return 2*n + others
	}
	return n + others
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// streamRun is the measurement of one variant.
type streamRun struct {
	upstream *upstream
	scenario *scenario
	arrived  **request // what heald sent; set by the first variant
	counts   []int
}

func (r *streamRun) measure(ctx context.Context, k *kind, p place) (all []openStreams, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Minute, errors.New("not all streams were open after five minutes"))
	defer cancel()
	v, err := k.start(ctx, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	if err := r.first(ctx, v); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", v.name, err), v.ended())
	}
	o := newOpener(ctx, v)
	defer o.close()
	for _, n := range append([]int{0}, r.counts...) {
		if err := o.upTo(n); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", v.name, err), v.ended())
		}
		m, err := v.memory(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", v.name, err), v.ended())
		}
		all = append(all, openStreams{Variant: v.name, Open: n, Memory: m})
	}
	return all, nil
}

// first has one request answered whole, so that what a process makes once is
// there, and then makes the answers stop in the middle.
func (r *streamRun) first(ctx context.Context, v *variant) error {
	a := newAnswer(streamChunks)
	r.upstream.answer.Store(a)
	l := newLoad(1)
	defer l.close()
	v.request = *r.arrived
	if v.heald {
		v.request = r.scenario.request()
	}
	caught, err := r.upstream.capture(func() error {
		_, err := l.whole(ctx, v)
		return err
	})
	if err != nil {
		return err
	}
	if *r.arrived == nil {
		caught.tail = a.tail()
		*r.arrived = caught
	}
	half := newAnswer(streamChunks)
	half.silent = streamBegun
	r.upstream.answer.Store(half)
	return nil
}

// printStreams writes by how much memory grows with each stream.
func printStreams(w io.Writer, all []openStreams) error {
	fmt.Fprintln(w, "Memory in MiB, and in parentheses KiB for each stream more:")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\topen\tEnvoy\tEnvoy\tsidecar\tsidecar\t\n")
	fmt.Fprint(t, "\tstreams\tresident\tallocated\tresident\theap + stacks\t\n")
	for i, s := range all {
		title, before := "", openStreams{}
		if i == 0 || all[i-1].Variant != s.Variant {
			title = s.Variant
		} else {
			before = all[i-1]
		}
		fmt.Fprintf(t, "%s\t%d\t", title, s.Open)
		for j, b := range s.Memory.parts() {
			fmt.Fprint(t, growth(b, before.Memory.parts()[j], s.Open-before.Open), "\t")
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range all {
		if s.Open == streamsAim && s.Variant == nameHeald {
			verdict := "reached"
			if s.Memory.SidecarResident > streamsMost {
				verdict = "missed"
			}
			fmt.Fprintf(w, "\naim: %d open streams, heald resident at most %d MiB: %d MiB, %s\n", streamsAim, streamsMost>>20, s.Memory.SidecarResident>>20, verdict)
		}
	}
	return nil
}

// growth is a size, and by how much it grew with each of the streams.
func growth(now, before, streams int) string {
	switch {
	case now == 0:
		return "-"
	case streams == 0:
		return fmt.Sprintf("%.1f", float64(now)/(1<<20))
	}
	return fmt.Sprintf("%.1f (%.1f)", float64(now)/(1<<20), float64(now-before)/float64(streams)/kilobyte)
}
