package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/terminal"
)

// leastWatch keeps a table readable, and heald from being asked all the time.
const leastWatch = 200 * time.Millisecond

// accountsCommand asks a running heald about its accounts.
func accountsCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "accounts [flags]", Short: "show a running heald's accounts, and why each is or is not usable",
		Long: "show every account, quota, backend and tenant of a running heald, and why each is or is not usable now",
		Args: noArguments,
	}
	var admin adminLine
	admin.register(cmd.Flags())
	asJSON := cmd.Flags().Bool("json", false, "print the admin listener's JSON")
	interval := cmd.Flags().Duration("watch", 0, "show it again every `TIME`, such as 2s")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *interval != 0 && *interval < leastWatch {
			return &usageError{fmt.Errorf("--watch: %v is too short; write %v or more", *interval, leastWatch)}
		}
		client, err := admin.client()
		if err != nil {
			return err
		}
		return showAccounts(cmd.Context(), client, *asJSON, *interval, out)
	}
	return cmd
}

// showAccounts prints the report, once or at an interval.
func showAccounts(ctx context.Context, client *accounts.Client, asJSON bool, interval time.Duration, out streams) error {
	show := func(ctx context.Context) error {
		text, report, err := client.Ask(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			_, err = out.out.Write(text)
			return err
		}
		if interval > 0 {
			fmt.Fprint(out.out, between(out.out))
		}
		return accounts.WriteTable(out.out, report, time.Local)
	}
	if interval == 0 {
		return show(ctx)
	}
	err := accounts.Watch(ctx, interval, show, func(err error) { complain(out.err, "heald accounts", err) })
	if errors.Is(err, context.Canceled) {
		return nil // Ctrl-C ends it
	}
	return err
}

// between separates one table from the one before: it clears a terminal.
func between(w io.Writer) string {
	if _, ok := terminal.Drawable(w); ok {
		return "\x1b[H\x1b[2J"
	}
	return "\n"
}
