package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/usage"
)

// usageOptions are the flags of `usage`.
type usageOptions struct {
	by, since, until string
	asJSON, asCSV    bool
}

// usageCommand sums files of records.
func usageCommand(out streams) *cobra.Command {
	var o usageOptions
	cmd := &cobra.Command{
		Use: "usage FILE… [flags]", Short: "sum files of records by tenant, model, account or day",
		Long: "sum the records in FILE… (record.file in heald.yaml, also rotated and .gz; - is standard input); exit status 1 if some could not be read",
		Args: filesNamed,
		RunE: func(cmd *cobra.Command, names []string) error { return o.sum(cmd.Context(), names, out) },
	}
	fs := cmd.Flags()
	fs.StringVar(&o.by, "by", "tenant,model", "a row for each combination of `FIELDS`: day, tenant, key, api, backend, account, group, model")
	fs.StringVar(&o.since, "since", "", "from this `TIME` on: 2026-11-29, or 2026-11-29T12:00:00Z")
	fs.StringVar(&o.until, "until", "", "before this `TIME`")
	fs.BoolVar(&o.asJSON, "json", false, "print JSON")
	fs.BoolVar(&o.asCSV, "csv", false, "print CSV")
	return cmd
}

func (o *usageOptions) sum(ctx context.Context, names []string, out streams) error {
	if o.asJSON && o.asCSV {
		return &usageError{errors.New("--json and --csv exclude each other")}
	}
	fields, err := usage.ParseFields(o.by)
	if err != nil {
		return &usageError{fmt.Errorf("--by: %w", err)}
	}
	from, err := parseTime("since", o.since)
	if err != nil {
		return err
	}
	to, err := parseTime("until", o.until)
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
	case o.asJSON:
		show = sum.JSON
	case o.asCSV:
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

// filesNamed requires at least one file.
func filesNamed(cmd *cobra.Command, names []string) error {
	if len(names) == 0 {
		return &usageError{fmt.Errorf("name the files; see %s -h", cmd.CommandPath())}
	}
	return nil
}
