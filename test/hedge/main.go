package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/policies/hedge"
)

// options are the flags.
type options struct {
	heald, envoy      string
	requests, clients int
	simulated         int
}

var (
	policies     = []string{hedge.Off, "p90", "p95"}
	correlations = []struct {
		value float64
		what  string
	}{
		{0, "slowness that hits any sending (independent draws)"},
		{.5, "slowness that lies partly in the request (correlation 0.5)"},
		{1, "slowness that lies in the prompt alone (correlation 1)"},
	}
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "hedge:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	envoy, err := locate.Find(o.envoy)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "First tokens are log-normal, p50 %s, p99 %s. A policy's delay is a percentile of them.\n", median, slowest99)
	for _, c := range correlations {
		requests := draws(o.simulated, c.value)
		results := make([]result, len(policies))
		for i, policy := range policies {
			if results[i], err = simulate(requests, policy); err != nil {
				return err
			}
		}
		if err := print(out, "Simulated: "+c.what, results, 1); err != nil {
			return err
		}
	}
	for _, c := range correlations {
		requests := draws(o.requests, c.value)
		results := make([]result, len(policies))
		for i, policy := range policies {
			if results[i], err = play(ctx, o, envoy, requests, policy); err != nil {
				return err
			}
		}
		if err := print(out, fmt.Sprintf("Through Envoy, times of 1/%d shown in full, %d clients: %s", scale, o.clients, c.what), results, scale); err != nil {
			return err
		}
	}
	fmt.Fprint(out, "\nWhere slowness is caused by the prompt, nothing is gained: the duplicate is as slow, and is billed.\n"+
		"Nor is anything gained where headers come at once and content late: Envoy chooses by headers.\n")
	return nil
}

func parse(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("hedge", flag.ContinueOnError)
	fs.StringVar(&o.heald, "heald", "bin/heald", "run the binary at `PATH`")
	fs.StringVar(&o.envoy, "envoy", "", "use Envoy `VERSION` (default: the newest found)")
	fs.IntVar(&o.requests, "requests", 3000, "send `N` requests through Envoy under each policy")
	fs.IntVar(&o.clients, "clients", 32, "from `N` clients at a time")
	fs.IntVar(&o.simulated, "simulated", 100_000, "simulate `N` requests")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; see -h", fs.Arg(0))
	case o.requests < 1, o.clients < 1, o.simulated < 1:
		return o, errors.New("-requests, -clients and -simulated must be at least 1")
	}
	if _, err := os.Stat(o.heald); err != nil {
		return o, fmt.Errorf("-heald: %w; `make build` makes the binary", err)
	}
	return o, nil
}
