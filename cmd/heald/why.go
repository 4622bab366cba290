package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/cmd/heald/why"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// whereFlags name the sources of requests.
func whereFlags(fs *pflag.FlagSet) *why.Where {
	w := &why.Where{}
	fs.StringArrayVar(&w.Logs, "log", nil, "read heald's log or a file of records in `FILE`, - is standard input; repeatable")
	fs.StringVar(&w.Store, "store", "", "read the history that record.store names, `sqlite:PATH`")
	fs.BoolVar(&w.Redis, "redis", false, "read the stream of records (record.redis_stream) of the Redis that --config names")
	var admin adminLine // asked where none of these is given
	admin.register(fs)
	w.Running = admin.client
	fs.Lookup("config").Usage = "take address and token of the running heald, and with --redis its Redis, from `FILE` (heald.yaml)"
	w.Config = func() string { return admin.file }
	return w
}

// whyCommand tells the story of one request.
func whyCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "why REQUEST-ID [flags]", Short: "tell what happened to a request, and why",
		Long: "tell in words what happened to the request with this id (the header x-heald-request-id of every answer; its beginning will do, or a trace id)",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return &usageError{errors.New("name one request by its id: the header x-heald-request-id of the answer; see heald why -h")}
			}
			return nil
		},
	}
	where := whereFlags(cmd.Flags())
	asJSON := cmd.Flags().Bool("json", false, "print the request and its attempts as JSON")
	when := cmd.Flags().String("at", "", "of several requests with this id, tell of the one that began at `TIME`, as in 2026-11-29T12:00:00Z; default the newest")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		at, err := beginning(*when)
		if err != nil {
			return err
		}
		sources, err := where.Open(cmd.Context(), os.Stdin, args[0], at)
		if err != nil {
			return wrong(err)
		}
		defer func() { err = errors.Join(err, sources.Close()) }()
		err = why.Tell(cmd.Context(), out.out, sources.List, args[0], at, *asJSON)
		if errors.Is(err, history.ErrNotFound) {
			return &problemError{err}
		}
		return wrong(err)
	}
	return cmd
}

// beginning reads when a request began. "" is no time.
func beginning(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, &usageError{fmt.Errorf("--at: %s is no time; write when the request began, as in 2026-11-29T12:00:00Z or 2026-11-29T12:00:00.123Z", redact.Quote(s))}
	}
	return t, nil
}

// wrong makes a usage error of a source that was named wrongly, and of an id of which
// too little was given.
func wrong(err error) error {
	var mistake *why.Wrong
	if errors.As(err, &mistake) {
		return &usageError{err}
	}
	return err
}

// requestsCommand lists requests.
func requestsCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "requests [flags]", Short: "list the newest requests, all or by outcome, account, tenant …",
		Long: "list the newest requests that match the flags, the newest last; flags that name words take several, separated by commas",
		Args: noArguments,
	}
	fs := cmd.Flags()
	where := whereFlags(fs)
	var f history.Filter
	for _, list := range []struct {
		name, help string
		to         *[]string
	}{
		{"api", "of these `APIS`, such as claude or chat", &f.APIs},
		{"tenant", "of these `TENANTS`", &f.Tenants},
		{"backend", "with an attempt at these `BACKENDS`", &f.Backends},
		{"account", "with an attempt at these `ACCOUNTS`", &f.Accounts},
		{"model", "that asked for, or got, these `MODELS`", &f.Models},
		{"outcome", "that ended as passed, failed, broken, canceled or local: `OUTCOMES`", &f.Outcomes},
		{"reason", "with these `REASONS`, OPERATING's words, of any attempt", &f.Reasons},
	} {
		fs.StringSliceVar(list.to, list.name, nil, list.help)
	}
	fs.StringVar(&f.ID, "id", "", "whose id or trace id begins with `TEXT`")
	fs.StringVar(&f.Text, "text", "", "with `TEXT` in any of their words")
	since := fs.String("since", "", "from this `TIME` on: 10m ago, 2026-11-29 (of the local zone), or 2026-11-29T12:00:00Z")
	until := fs.String("until", "", "before this `TIME`")
	limit := fs.Int("limit", 50, "at most `NUMBER` requests")
	asJSON := fs.Bool("json", false, "print one JSON object per line; also where the output is no terminal")
	asTable := fs.Bool("table", false, "print a table; also where the output is no terminal")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		now := time.Now()
		if f.Since, err = agoOrTime("since", *since, now); err != nil {
			return err
		}
		if f.Until, err = agoOrTime("until", *until, now); err != nil {
			return err
		}
		if err := errors.Join(amongst("outcome", f.Outcomes, history.Outcomes), amongst("reason", f.Reasons, heal.Reasons)); err != nil {
			return &usageError{err}
		}
		switch {
		case *limit < 1:
			return &usageError{errors.New("--limit: " + strconv.Itoa(*limit) + " is not 1 or more")}
		case *asJSON && *asTable:
			return &usageError{errors.New("--json and --table exclude each other")}
		}
		sources, err := where.Open(cmd.Context(), os.Stdin, "", f.Since)
		if err != nil {
			return wrong(err)
		}
		defer func() { err = errors.Join(err, sources.Close()) }()
		if len(sources.List) > 1 {
			return &usageError{errors.New("name one of --log, --store and --redis: requests of several would be in no order")}
		}
		_, seen := terminal.Of(out.out)
		progress := out.err
		if _, ok := terminal.Drawable(progress); !ok {
			progress = io.Discard
		}
		return why.List(cmd.Context(), out.out, progress, sources.List[0], f, *limit, *asJSON || !*asTable && !seen)
	}
	return cmd
}

// amongst refuses words that no request can have: an empty list would look as if
// there was no such request.
func amongst(flag string, given, known []string) error {
	for _, word := range given {
		if !slices.Contains(known, word) {
			return fmt.Errorf("--%s: there is none called %s%s", flag, redact.Quote(word), setting.DidYouMean(word, known))
		}
	}
	return nil
}

// agoOrTime reads how long ago, a day or a time; "" is no time. What names no zone is in
// that of now, as the table shows times.
func agoOrTime(name, s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(strings.TrimSpace(strings.TrimSuffix(s, "ago"))); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.DateOnly, time.DateTime} {
		if t, err := time.ParseInLocation(form, s, now.Location()); err == nil {
			return t, nil
		}
	}
	t, err := parseTime(name, s)
	if err != nil {
		return t, &usageError{fmt.Errorf("--%s: %.40q is no time; write how long ago, as in 10m, or as in 2026-11-29 or 2026-11-29T12:00:00Z", name, s)}
	}
	return t, nil
}
