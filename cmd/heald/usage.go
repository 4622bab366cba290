package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/usage"
)

// runUsage sums files of records.
func runUsage(ctx context.Context, args []string, out streams) error {
	fs := newFlags("usage", "sum the records in FILE… (record.file in heald.yaml, also rotated and .gz; - is standard input); exit status 1 if some could not be read", out)
	by := fs.String("by", "tenant,model", "a row for each combination of `FIELDS`: day, tenant, key, api, backend, account, group, model")
	since := fs.String("since", "", "from this `TIME` on: 2026-11-29, or 2026-11-29T12:00:00Z")
	until := fs.String("until", "", "before this `TIME`")
	asJSON := fs.Bool("json", false, "print JSON")
	asCSV := fs.Bool("csv", false, "print CSV")
	names, err := parseFiles(fs, args)
	if err != nil {
		return err
	}
	if *asJSON && *asCSV {
		return &usageError{errors.New("--json and --csv exclude each other")}
	}
	fields, err := usage.ParseFields(*by)
	if err != nil {
		return &usageError{fmt.Errorf("--by: %w", err)}
	}
	from, err := parseTime("since", *since)
	if err != nil {
		return err
	}
	to, err := parseTime("until", *until)
	if err != nil {
		return err
	}
	sum := usage.NewSum(fields, from, to)
	broken, err := sum.AddFiles(ctx, names, os.Stdin, out.err)
	if err != nil {
		return err
	}
	show := sum.Table
	switch {
	case *asJSON:
		show = sum.JSON
	case *asCSV:
		show = sum.CSV
	}
	if err := show(out.out); err != nil {
		return err
	}
	if broken > 0 {
		fmt.Fprintf(out.err, "%d lines or files could not be read; the sums are without them\n", broken)
		return errProblems
	}
	return nil
}

// parseTime reads a day or a time; a day begins at midnight UTC. "" is no time.
func parseTime(name, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &usageError{fmt.Errorf("--%s: %.40q is no time; write it as in 2026-11-29 or 2026-11-29T12:00:00Z", name, s)}
}

// parseFiles reads a command line of flags and files in any order.
func parseFiles(fs *flag.FlagSet, args []string) ([]string, error) {
	var names []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, &usageError{fmt.Errorf("%w; see heald %s -h", flagError(fs, err), fs.Name())}
		}
		if args = fs.Args(); len(args) == 0 {
			break
		}
		names, args = append(names, args[0]), args[1:]
	}
	if len(names) == 0 {
		return nil, &usageError{fmt.Errorf("name the files; see heald %s -h", fs.Name())}
	}
	return names, nil
}
