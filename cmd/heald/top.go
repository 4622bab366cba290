package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/cmd/heald/top"
)

// topCommand shows what goes on at a running heald.
func topCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "top [flags]", Short: "show what goes on at a running heald, again each second",
		Long: "show requests and tokens per second, and the state of accounts, backends and tenants of a running heald, again each second until Ctrl-C; in a pipe once",
		Args: noArguments,
	}
	var admin adminLine
	admin.register(cmd.Flags())
	once := cmd.Flags().Bool("once", false, "show it once, after one interval")
	interval := cmd.Flags().Duration("interval", time.Second, "show it again every `TIME`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *interval < leastWatch {
			return &usageError{fmt.Errorf("--interval: %v is too short; write %v or more", *interval, leastWatch)}
		}
		client, err := admin.client()
		if err != nil {
			return err
		}
		t := &topScreen{client: client, out: out, interval: *interval}
		if screen, ok := terminal.Drawable(out.out); ok && !*once {
			err = t.live(cmd.Context(), screen)
		} else {
			err = t.once(cmd.Context())
		}
		if errors.Is(err, context.Canceled) {
			return nil // Ctrl-C ends it
		}
		return err
	}
	return cmd
}

// topScreen draws the state of a heald.
type topScreen struct {
	client   *accounts.Client
	out      streams
	interval time.Duration
	before   *top.Sample
}

// look asks once.
func (t *topScreen) look(ctx context.Context) (*top.Picture, error) {
	text, err := t.client.Get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	now, err := top.Read(text, time.Now())
	if err != nil {
		return nil, err
	}
	_, report, err := t.client.Ask(ctx)
	if err != nil {
		return nil, err
	}
	p := &top.Picture{Before: t.before, Now: now, Report: report, In: time.Local, Palette: terminal.Palette(terminal.Colors(t.out.out))}
	t.before = now
	return p, nil
}

// once prints one picture, with the rates of one interval.
func (t *topScreen) once(ctx context.Context) error {
	if _, err := t.look(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(t.interval):
	}
	p, err := t.look(ctx)
	if err != nil {
		return err
	}
	lines, err := p.Lines()
	if err == nil {
		_, err = fmt.Fprintln(t.out.out, strings.Join(lines, "\n"))
	}
	return err
}

// live draws until ctx ends. A heald that restarts is back in a moment.
func (t *topScreen) live(ctx context.Context, s terminal.Screen) error {
	if _, err := s.Write([]byte("\x1b[H\x1b[2J")); err != nil {
		return err
	}
	return accounts.Watch(ctx, t.interval, func(ctx context.Context) error {
		p, err := t.look(ctx)
		if err != nil {
			return err
		}
		p.Width, p.Height = s.Size()
		lines, err := p.Lines()
		if err != nil {
			return err
		}
		return top.Draw(s, lines)
	}, func(err error) { complain(t.out.err, "heald top", err) })
}
