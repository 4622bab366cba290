package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/test/bench/noop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	err := command(ctx, args, out, progress)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	}
	fmt.Fprintln(progress, "bench:", err)
	return 1
}

func command(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) == 2 && args[0] == noopCommand {
		l, err := net.Listen("unix", args[1])
		if err != nil {
			return err
		}
		return noop.Serve(ctx, l, backend)
	}
	if len(args) > 0 && args[0] == sizingCommand {
		return sizing(ctx, args[1:], out, progress)
	}
	if len(args) > 0 && args[0] == profileCommand {
		return profile(ctx, args[1:], progress)
	}
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	list, err := choose(o.scenario)
	if err != nil {
		return err
	}
	if _, err := os.Stat(o.heald); err != nil {
		return fmt.Errorf("-heald: %w; `make build` makes the binary", err)
	}
	envoy, err := locate.Find(o.envoy)
	if err != nil {
		return err
	}
	r := newReport(o, envoy)
	if r.Cells, err = measureAll(ctx, o, list, envoy, progress); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n", r.head())
	for _, s := range list {
		fmt.Fprintf(out, "%-10s  %s\n", s.name, s.about)
	}
	fmt.Fprintln(out)
	if err := printTable(out, summarize(list, r.Cells)); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nFigures are medians over the rounds; a ratio is heald / no-op within a round, with its range.")
	if o.json != "" {
		return r.write(o.json)
	}
	return nil
}

// parse reads the flags. The defaults take about two and a half minutes.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{warmUp: 200 * time.Millisecond}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(usage)
	fs.StringVar(&o.heald, "heald", "bin/heald", "measure the binary at `PATH`")
	fs.StringVar(&o.envoy, "envoy", "", "use Envoy `VERSION` (default: the newest found)")
	fs.IntVar(&o.rounds, "rounds", 6, "measure every cell `N` times; an even number gives both variants the first place equally often")
	fs.DurationVar(&o.duration, "duration", 1800*time.Millisecond, "drive each cell for `TIME`, and then until its last answer is complete")
	fs.IntVar(&o.concurrency, "concurrency", 4, "send from `N` clients at a time")
	fs.StringVar(&o.scenario, "scenario", "", "only the scenarios of this comma-separated `LIST`; sse-* are all that begin so")
	fs.StringVar(&o.json, "json", "", "write the raw results to `FILE`")
	quick := fs.Bool("quick", false, "one short round with 2 clients: to see that it works, not to read figures from")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if *quick {
		o.rounds, o.duration, o.concurrency, o.warmUp = 1, 100*time.Millisecond, 2, 0
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; see -h", fs.Arg(0))
	case o.rounds < 1, o.rounds > 1000:
		return o, fmt.Errorf("-rounds: %d is not between 1 and 1000", o.rounds)
	case o.concurrency < 1, o.concurrency > 1000:
		return o, fmt.Errorf("-concurrency: %d is not between 1 and 1000", o.concurrency)
	case o.duration <= 0:
		return o, fmt.Errorf("-duration: %s is not positive", o.duration)
	}
	return o, nil
}

// measureAll starts everything, measures, and stops everything.
func measureAll(ctx context.Context, o options, list []scenario, envoy string, progress io.Writer) (cells []cell, err error) {
	// Short, since the path of a Unix socket may have 107 bytes.
	dir, err := os.MkdirTemp("", "heald-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b, err := start(ctx, o, envoy, dir, progress)
	if err != nil {
		return nil, err
	}
	cells, err = b.run(ctx, list, o)
	return cells, errors.Join(err, b.close())
}
