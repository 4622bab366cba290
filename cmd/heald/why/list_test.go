package why

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// filled is a history in a file with n requests.
func filled(t *testing.T, n int) *storeSource {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	f, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	var list []record.Entry
	for i := range n {
		r := historytest.Request(fmt.Sprintf("id-%04d", i), func(r *record.Request) {
			r.Time = historytest.Start.Add(time.Duration(i) * time.Second)
			if i%3 == 0 {
				r.Outcome, r.Reason, r.Status, r.Alias = "failed", "rate_limited", 429, "fast\x1b[31m"
			}
		})
		list = append(list, record.Entry{Request: &r})
	}
	if err := f.Write(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	s, err := OpenStore("sqlite:" + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// The newest stands last, over several pages; a table colors nothing, and JSON
// lines are records.
func TestList(t *testing.T) {
	s := filled(t, 3000)
	var out bytes.Buffer
	failed := history.Filter{Outcomes: []string{"failed"}}
	if err := List(t.Context(), &out, io.Discard, s, failed, 2, false); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	if !inOrder(got, "TIME", "OUTCOME", "id-2994", "failed", "rate_limited", "429", "id-2997", "fast", "10+5", "1.2s", "there are older ones") || strings.Contains(got, "\x1b") {
		t.Error(got)
	}
	out.Reset()
	if err := List(t.Context(), &out, io.Discard, s, history.Filter{}, 2500, true); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var first, last history.Item
	if len(lines) != 2500 || json.Unmarshal([]byte(lines[0]), &first) != nil || json.Unmarshal([]byte(lines[2499]), &last) != nil || first.RequestID != "id-0500" || last.RequestID != "id-2999" {
		t.Errorf("%d lines from %s to %s", len(lines), first.RequestID, last.RequestID)
	}
	out.Reset()
	if err := List(t.Context(), &out, io.Discard, s, history.Filter{Tenants: []string{"nobody"}}, 10, false); err != nil || !inOrder(out.String(), "no such request: asked the file", "reaches back to") {
		t.Errorf("%v, %s", err, out.String())
	}
}

// slow is a source that looks at one request at a time.
type slow struct {
	items []history.Item // newest first
	asked func()
}

func (slow) Name() string                                          { return "slow" }
func (slow) Reach(context.Context) string                          { return "reaches back" }
func (slow) Get(context.Context, string) (i history.Item, e error) { return i, history.ErrNotFound }

func (s slow) Query(ctx context.Context, f history.Filter, before history.Cursor, _ int) (page history.Page, err error) {
	if s.asked(); ctx.Err() != nil {
		return page, ctx.Err()
	}
	for _, item := range s.items {
		if before != 0 && item.Cursor >= before {
			continue
		}
		if f.Match(&item.Request) {
			page.Items = append(page.Items, item)
		}
		if item.Cursor > 1 {
			page.Next, page.SearchedTo = item.Cursor, item.Time
		}
		break
	}
	return page, nil
}

// A search that takes long goes on until it is stopped, and tells how far it is.
// What was found until then is printed, and where to go on.
func TestListSearches(t *testing.T) {
	s := slow{asked: func() {}}
	for i := range 5 {
		s.items = append(s.items, history.Item{Cursor: history.Cursor(5 - i), Request: historytest.Request(fmt.Sprintf("id-%d", 5-i), func(r *record.Request) {
			if r.Time = historytest.Start.Add(time.Duration(5-i) * time.Hour); i%2 == 0 {
				r.Outcome = "failed"
			}
		})})
	}
	failed := history.Filter{Outcomes: []string{"failed"}}
	var out, progress bytes.Buffer
	if err := List(t.Context(), &out, &progress, s, failed, 10, false); err != nil || !inOrder(out.String(), "id-1", "id-3", "id-5") || strings.Contains(out.String(), "older ones") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if got := progress.String(); strings.Count(got, "searched back to") != 4 || !inOrder(got, "found 1", "found 2", "\x1b[K") || !strings.HasSuffix(got, "\x1b[K") {
		t.Errorf("%q", got)
	}
	for _, asJSON := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		s.asked = func() {
			if n++; n == 4 {
				cancel()
			}
		}
		out.Reset()
		err := List(ctx, &out, io.Discard, s, failed, 10, asJSON)
		if err == nil || !inOrder(err.Error(), "stopped: searched back to", "found 2", "--until 2026-11-29T15:00:00Z") || !inOrder(out.String(), "id-3", "id-5") {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
	s.items, s.asked = s.items[:1], func() {}
	out.Reset()
	if err := List(t.Context(), &out, io.Discard, s, history.Filter{Text: "nowhere"}, 10, false); err != nil || !inOrder(out.String(), "no such request: asked slow") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
