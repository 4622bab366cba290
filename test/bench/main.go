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
	"github.com/heald-proxy/heald/test/bench/proxy"
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
	if len(args) > 0 {
		switch args[0] {
		case noopCommand, proxyCommand:
			return yardstick(ctx, args[0], args[1:])
		case sizingCommand:
			return sizing(ctx, args[1:], out, progress)
		case streamsCommand:
			return streams(ctx, args[1:], out, progress)
		case profileCommand:
			return profile(ctx, args[1:], progress)
		}
	}
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	list, err := choose(o.scenario)
	if err != nil {
		return err
	}
	envoy, err := o.find()
	if err != nil {
		return err
	}
	r := newReport(o, list, envoy)
	if err := measureAll(ctx, o, list, envoy, r, progress); err != nil {
		return err
	}
	if err := r.print(out, list); err != nil {
		return err
	}
	if o.json != "" {
		return r.write(o.json)
	}
	return nil
}

// yardstick runs one of them, as a process of its own.
func yardstick(ctx context.Context, command string, args []string) error {
	if want := map[string]int{noopCommand: 1, proxyCommand: 2}[command]; len(args) != want {
		return fmt.Errorf("%s: %d arguments, want %d", command, len(args), want)
	}
	l, err := net.Listen("unix", args[0])
	if err != nil {
		return err
	}
	if command == proxyCommand {
		return proxy.Serve(ctx, l, args[1])
	}
	return noop.Serve(ctx, l, backend)
}

// find returns the Envoy binary, after checking the other requirements.
func (l *lineup) find() (string, error) {
	if err := l.check(); err != nil {
		return "", err
	}
	return locate.Find(l.version)
}

// parse reads the flags. The defaults take about four minutes.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{warmUp: 200 * time.Millisecond, streams: streamCounts}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(usage)
	o.register(fs)
	fs.IntVar(&o.rounds, "rounds", 6, "measure every cell `N` times; an even number lets neighbors take turns equally often")
	fs.DurationVar(&o.duration, "duration", 0, "drive each cell for `TIME`, and then until its last answer is complete (default: all cells together "+allCells.String()+")")
	fs.IntVar(&o.concurrency, "concurrency", 4, "send from `N` clients at a time")
	fs.StringVar(&o.scenario, "scenario", "", "only the scenarios of this comma-separated `LIST`; sse-* are all that begin so")
	fs.StringVar(&o.json, "json", "", "write the raw results to `FILE`")
	quick := fs.Bool("quick", false, "one short round with 2 clients: to see that it works, not to read figures from")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if *quick {
		o.rounds, o.duration, o.concurrency, o.warmUp, o.streams = 1, 100*time.Millisecond, 2, 0, []int{1, 5}
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; see -h", fs.Arg(0))
	case o.rounds < 1, o.rounds > 1000:
		return o, fmt.Errorf("-rounds: %d is not between 1 and 1000", o.rounds)
	case o.concurrency < 1, o.concurrency > 1000:
		return o, fmt.Errorf("-concurrency: %d is not between 1 and 1000", o.concurrency)
	case o.duration < 0:
		return o, fmt.Errorf("-duration: %s is negative", o.duration)
	}
	return o, nil
}

// allCells is how long all cells take together by default, so that a run with
// further variants takes no longer.
const allCells = 3 * time.Minute

// cellTime is the duration of a cell: as set, or what all of them leave for one.
func (o *options) cellTime(scenarios, variants int) time.Duration {
	if o.duration > 0 {
		return o.duration
	}
	each := allCells / time.Duration(max(1, o.rounds*scenarios*variants))
	return min(max(each.Truncate(50*time.Millisecond), 200*time.Millisecond), 2*time.Second)
}

// measureAll fills the report: the cells, in which all variants run side by
// side, and then the open streams, for which each has fresh processes.
func measureAll(ctx context.Context, o options, list []scenario, envoy string, r *report, progress io.Writer) error {
	// Short, since the path of a Unix socket may have 107 bytes.
	dir, err := os.MkdirTemp("", "heald-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if cells := driven(list); len(cells) > 0 {
		b, err := start(ctx, o, envoy, dir, progress)
		if err != nil {
			return err
		}
		r.Cells, err = b.run(ctx, cells, o)
		if err = errors.Join(err, b.close()); err != nil {
			return err
		}
	}
	for i := range list {
		if list[i].open {
			if r.Streams, err = measureStreams(ctx, &o.lineup, envoy, dir, o.streams, progress); err != nil {
				return fmt.Errorf("scenario %s: %w", list[i].name, err)
			}
		}
	}
	return nil
}
