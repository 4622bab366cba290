package why

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// full is a writer with no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// A list that cannot be written is not taken for one.
func TestListsThatCannotBeWritten(t *testing.T) {
	m := newTold("the log")
	m.Request(historytest.Request("id-1"))
	for _, asJSON := range []bool{false, true} {
		if err := List(t.Context(), full{}, io.Discard, m, history.Filter{}, 10, asJSON); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("as JSON %v: %v", asJSON, err)
		}
		if err := Tell(t.Context(), full{}, []Source{m}, "id-1", time.Time{}, asJSON); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("as JSON %v: %v", asJSON, err)
		}
	}
	if err := List(t.Context(), full{}, io.Discard, m, history.Filter{Text: "nowhere"}, 10, false); err == nil {
		t.Error("an empty list")
	}
}

// The cells of each row, and a dash for what is unknown. A row has its day if it is
// another one than that of the row before.
func TestTable(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.Local)
	item := func(change func(*record.Request)) history.Item {
		return history.Item{Request: historytest.Request("id", func(r *record.Request) { r.Time = at }, change)}
	}
	items := []history.Item{
		item(func(r *record.Request) { r.Alias = "gemini-2.5-flash" }),
		item(func(r *record.Request) {
			r.Time, r.Tried, r.BrokenBy, r.Outcome, r.Tenant = at.Add(time.Minute), 3, "stream_stalled", "broken", "search"
			r.Duration = record.Duration(1500*time.Millisecond + 400*time.Microsecond)
		}),
		item(func(r *record.Request) {
			r.Time, r.Alias, r.Tried = at.AddDate(0, 0, 1), "", 0
			r.Attempts[0].Account = ""
		}),
		item(func(r *record.Request) {
			*r = record.Request{Origin: record.Origin{Time: at.AddDate(0, 0, 1)}, Alias: "fast", Outcome: "local"}
		}),
		item(func(r *record.Request) { r.Time, r.Attempts[0].Account, r.Attempts[0].Backend = at, "", "" }),
	}
	want := []string{
		"TIME|REQUEST|API|TENANT|MODEL|OUTCOME|REASON|STATUS|ATTEMPTS|ACCOUNT|TOKENS|TOOK",
		"2026-11-29 12:00:00|id|chat|default|gemini-2.5-flash|passed|ok|200|1|studio-1|10+5|1.2s",
		"12:01:00|id|chat|search|fast → gemini-2.5-flash|broken|stream_stalled|200|3|studio-1|10+5|1.5s",
		"2026-11-30 12:00:00|id|chat|default|gemini-2.5-flash|passed|ok|200|1|studio|10+5|1.2s",
		"12:00:00|-|-|-|fast|local|-|-|0|-|-|0s",
		"2026-11-29 12:00:00|id|chat|default|fast → gemini-2.5-flash|passed|ok|200|1|-|10+5|1.2s",
	}
	for _, more := range []bool{false, true} {
		var out bytes.Buffer
		if err := table(&out, items, more); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if more {
			if last := lines[len(lines)-1]; last != "there are older ones: raise --limit, or filter more" {
				t.Error(last)
			}
			lines = lines[:len(lines)-1]
		}
		if len(lines) != len(want) {
			t.Fatalf("%d lines\n%s", len(lines), out.String())
		}
		for i, line := range lines {
			for strings.Contains(line, "   ") {
				line = strings.ReplaceAll(line, "   ", "  ")
			}
			if got := strings.ReplaceAll(line, "  ", "|"); got != want[i] {
				t.Errorf("got  %s\nwant %s", got, want[i])
			}
		}
	}
}
