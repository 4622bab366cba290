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
// them first, so that the newest is last: a table, or JSON lines.
func List(ctx context.Context, out io.Writer, source Source, f history.Filter, limit int, asJSON bool) error {
	var items []history.Item
	var before history.Cursor
	for len(items) < limit {
		page, err := source.Query(ctx, f, before, min(limit-len(items), history.MaxPage))
		if err != nil {
			return fmt.Errorf("%s: %w", source.Name(), err)
		}
		items = append(items, page.Items...)
		if before = page.Next; before == 0 {
			break
		}
	}
	if len(items) == 0 && !asJSON {
		_, err := fmt.Fprintf(out, "no such request: asked %s, which %s\n", source.Name(), source.Reach(ctx))
		return err
	}
	reverse(items)
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		for i := range items {
			if err := enc.Encode(&items[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return table(out, items, before != 0)
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
