package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	root    string
	n       int
	seed    uint64
	workers int
	least   int
	files   string
	run     string
}

func run(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("mutate", flag.ContinueOnError)
	fs.SetOutput(out)
	var o options
	fs.StringVar(&o.root, "root", ".", "the module is in the folder `DIR`")
	fs.IntVar(&o.n, "n", 300, "test `N` mutants in all, the same number for every package")
	fs.Uint64Var(&o.seed, "seed", 1, "`S` chooses which mutants")
	fs.IntVar(&o.workers, "workers", 2, "test `W` mutants at a time")
	fs.IntVar(&o.least, "least", 0, "fail if fewer than `P` percent of the mutants are killed")
	fs.StringVar(&o.files, "files", "*", "only mistakes in files whose names match `PATTERN`, such as dump*")
	fs.StringVar(&o.run, "run", "", "of the tests of a package and its users, only those that match `PATTERN`; what survives may be known to others")
	timeout := fs.Duration("timeout", 3*time.Minute, "a package whose tests take longer has killed the mutant")
	if err := fs.Parse(args); err != nil {
		return err
	}
	list, err := chosen(fs.Args())
	if err != nil {
		return err
	}
	known, err := parseEquivalent(equivalentText)
	if err != nil {
		return err
	}
	r := &runner{root: o.root, timeout: *timeout}
	var all score
	fmt.Fprintf(out, "%d mutants of %d packages, seed %d\n", o.n, len(list), o.seed)
	for i, t := range list {
		t = t.only(o.run)
		if err := r.unmutated(ctx, t); err != nil {
			return err
		}
		found, err := collect(o.root, t.dir, o.files, o.seed)
		if err != nil {
			return err
		}
		p := &pass{target: t, queue: found, want: share(o.n, i, len(list)), known: known, out: out}
		if err := p.run(ctx, r, o.workers); err != nil {
			return err
		}
		fmt.Fprintf(out, "%-36s %s (of %d that there are)\n", t.dir, p.score, len(found))
		all.add(p.score)
	}
	fmt.Fprintf(out, "%-36s %s\n", "all", all)
	if all.percent() < float64(o.least) {
		return fmt.Errorf("%.1f %% of the mutants were killed; at least %d %% must be", all.percent(), o.least)
	}
	return nil
}
