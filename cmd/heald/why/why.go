package why

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/policies/record/story"
)

// Tell prints the story of a request: one sentence per line, and where it is
// explained. Of several with the same id it is the one that began at a time, or the
// newest where that is the zero time. asJSON prints the request itself.
func Tell(ctx context.Context, out io.Writer, sources []Source, id string, at time.Time, asJSON bool) error {
	item, from, err := find(ctx, sources, id, at)
	if err != nil {
		return err
	}
	if asJSON {
		text, err := json.Marshal(item)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", text)
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "request %s", terminal.Printable(item.RequestID))
	if item.TraceID != "" {
		fmt.Fprintf(&b, ", trace %s", terminal.Printable(item.TraceID))
	}
	fmt.Fprintf(&b, " (from %s)\n", from.Name())
	b.WriteString(others(ctx, from, &item))
	links := map[string]bool{}
	var order []string
	for _, s := range story.Tell(&item.Request) {
		b.WriteString("- " + terminal.Printable(s.Text) + "\n")
		if s.Link != "" && !links[s.Link] {
			links[s.Link] = true
			order = append(order, s.Link)
		}
	}
	if len(order) > 0 {
		b.WriteString("\nMore: " + strings.Join(order, "\n      ") + "\n")
	}
	_, err = io.WriteString(out, b.String())
	return err
}
