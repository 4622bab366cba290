package why

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/policies/record/history"
)

// List prints the newest requests that f selects, at most limit, the oldest of
// them first, so that the newest is last: a table, or JSON lines. While a long
// search goes on, progress is told how far it is; once ctx ends, what was found until
// then is printed.
func List(ctx context.Context, out, progress io.Writer, source Source, f history.Filter, limit int, asJSON bool) error {
	var items []history.Item
	var before history.Cursor
	var searched time.Time // 0 where no query took long
	stopped := false
	for len(items) < limit && !stopped {
		page, err := source.Query(ctx, f, before, min(limit-len(items), history.MaxPage))
		stopped = err != nil && ctx.Err() != nil && !searched.IsZero()
		if err != nil && !stopped {
			return fmt.Errorf("%s: %w", source.Name(), err)
		}
		if stopped {
			break
		}
		items = append(items, page.Items...)
		if !page.SearchedTo.IsZero() {
			searched = page.SearchedTo
			fmt.Fprintf(progress, "\r\x1b[Ksearched back to %s, found %d; Ctrl-C stops", searched.Local().Format(time.DateTime), len(items))
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	if !searched.IsZero() {
		fmt.Fprint(progress, "\r\x1b[K")
	}
	reverse(items)
	switch {
	case asJSON:
		if err := lines(out, items); err != nil {
			return err
		}
	case len(items) == 0 && !stopped:
		_, err := fmt.Fprintf(out, "no such request: asked %s, which %s\n", source.Name(), source.Reach(ctx))
		return err
	case len(items) > 0:
		if err := table(out, items, before != 0 && !stopped); err != nil {
			return err
		}
	}
	if stopped {
		return fmt.Errorf("stopped: searched back to %s, found %d; what ended before was not looked at: --until %s goes on",
			searched.Local().Format(time.DateTime), len(items), searched.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

// lines writes JSON lines.
func lines(out io.Writer, items []history.Item) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range items {
		if err := enc.Encode(&items[i]); err != nil {
			return err
		}
	}
	return nil
}

func reverse(items []history.Item) {
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
}

func table(out io.Writer, items []history.Item, more bool) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TIME\tREQUEST\tAPI\tTENANT\tMODEL\tOUTCOME\tREASON\tSTATUS\tATTEMPTS\tACCOUNT\tTOKENS\tTOOK")
	day := ""
	for i := range items {
		r := &items[i].Request
		at := r.Time.Local()
		form := time.TimeOnly
		if d := at.Format(time.DateOnly); d != day {
			day, form = d, time.DateTime
		}
		model := r.Alias
		if r.Model != "" && r.Model != r.Alias {
			model = strings.TrimPrefix(r.Alias+" → "+r.Model, " → ")
		}
		status, account, tokens := "-", "-", "-"
		if r.Status != 0 {
			status = fmt.Sprint(r.Status)
		}
		if last := r.Last(); last != nil {
			account = cmp.Or(last.Account, last.Backend, "-")
		}
		if u := r.Usage; u != nil {
			tokens = fmt.Sprintf("%d+%d", u.Input, u.Output)
		}
		cells := []string{at.Format(form), r.RequestID, r.API, r.Tenant, model, r.Outcome, cmp.Or(r.BrokenBy, r.Reason), status, fmt.Sprint(max(r.Tried, len(r.Attempts))),
			account, tokens, time.Duration(r.Duration).Round(time.Millisecond).String()}
		for j, c := range cells {
			cells[j] = terminal.Printable(cmp.Or(c, "-"))
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if more {
		_, err := fmt.Fprintln(out, "there are older ones: raise --limit, or filter more")
		return err
	}
	return nil
}
