package monitor

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// A spreadsheet takes nothing of it for a formula, and a program reads every field.
func TestExportCSV(t *testing.T) {
	m, store := page(t)
	for i, text := range []string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "|calc", "＝1", "a,\"b\"\nc", "%0A=1", "＋1", "－1", "＠x"} {
		store.Request(historytest.Request(fmt.Sprint("hostile-", i), func(r *record.Request) {
			r.Alias, r.Path, r.Warnings, r.KeyID, r.Client, r.Attempts[0].Error, r.Attempts[0].Account = text, text, text, text, text, text, text
		}))
	}
	w := get(m, "/api/export?format=csv")
	if w.Code != http.StatusOK || w.Header().Get("Content-Disposition") != `attachment; filename="heald-requests.csv"` || w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	lines, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(lines) != 1+3+14 || lines[0][1] != "request_id" || lines[1][1] != "hostile-13" {
		t.Fatalf("%d lines: %v", len(lines), err)
	}
	for _, line := range lines {
		for i, cell := range line {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(cell)[0]) {
				t.Errorf("%s: %q", lines[0][i], cell)
			}
		}
	}
	if lines[5][9] != "a,\"b\"\nc" {
		t.Errorf("%q", lines[5][9])
	}
	if w := get(m, "/api/export?format=csv&outcome=none"); strings.Count(w.Body.String(), "\n") != 1 {
		t.Errorf("no requests: %s", w.Body)
	}
	if w := get(m, "/api/export?format=xlsx"); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
}

// Each column has its field, and nothing where that is unknown.
func TestExportColumns(t *testing.T) {
	store := history.NewMemory(history.MemoryOptions{})
	m := New(Options{Store: store})
	defer m.Close()
	ms := func(n int) record.Duration { return record.Duration(time.Duration(n) * time.Millisecond) }
	cost := int64(1234)
	store.Request(record.Request{Origin: record.Origin{Time: historytest.Start, RequestID: "empty"}, Outcome: "local"})
	store.Request(record.Request{
		Origin: record.Origin{Time: historytest.Start.Add(1500 * time.Millisecond).In(time.FixedZone("", 3600)), RequestID: "full", TraceID: "trace", ParentSpan: "span", Tenant: "tenant", KeyID: "key",
			API: "chat", Path: "/v1/chat/completions", Operation: record.Generate},
		Client: "10.0.0.7", Alias: "fast", Model: "gemini-2.5-flash", Stream: true, Outcome: "broken", Reason: "ok", BrokenBy: "stream_stalled", Status: 200, StopReason: "stop",
		Tried: 3, Attempts: []record.Attempt{
			{Number: 2, Backend: "b1", Account: "a1", Reason: "peek_eof", Error: "first"}, {Number: 3, Backend: "b2", Account: "a2", Reason: "ok", Error: "last"},
		},
		Warnings: "warned", Waited: ms(1), FirstByte: ms(2), FirstContent: ms(3), Duration: ms(4),
		Usage: &record.Usage{Input: 10, Cached: 11, Output: 12, Thinking: 13}, Cost: &cost, Estimated: true, Replica: "r1",
	})
	want := [][3]string{
		{"time", "2026-11-29T12:00:01.5Z", "2026-11-29T12:00:00Z"}, {"request_id", "full", "empty"}, {"trace_id", "trace", ""}, {"tenant", "tenant", ""}, {"key_id", "key", ""},
		{"api", "chat", ""}, {"path", "/v1/chat/completions", ""}, {"operation", "generate", ""}, {"client", "10.0.0.7", ""}, {"alias", "fast", ""}, {"model", "gemini-2.5-flash", ""},
		{"stream", "true", "false"}, {"outcome", "broken", "local"}, {"reason", "ok", ""}, {"broken_by", "stream_stalled", ""}, {"status", "200", ""}, {"stop_reason", "stop", ""},
		{"tried", "3", "0"}, {"attempts", "2:a1:peek_eof 3:a2:ok", ""}, {"backend", "b2", ""}, {"account", "a2", ""}, {"error", "last", ""}, {"warnings", "warned", ""},
		{"waited_ms", "1", ""}, {"first_byte_ms", "2", ""}, {"first_content_ms", "3", ""}, {"duration_ms", "4", ""},
		{"input", "10", ""}, {"cached", "11", ""}, {"output", "12", ""}, {"thinking", "13", ""}, {"cost_nano", "1234", ""}, {"estimated", "true", "false"}, {"replica", "r1", ""},
	}
	lines, err := csv.NewReader(get(m, "/api/export?format=csv").Body).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%d lines: %v", len(lines), err)
	}
	for i, name := range lines[0] {
		if i >= len(want) {
			t.Errorf("add the column %s", name)
			continue
		}
		if got := [3]string{name, lines[1][i], lines[2][i]}; got != want[i] {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
	if len(lines[0]) != len(want) {
		t.Errorf("%d columns, want %d", len(lines[0]), len(want))
	}
}

// What nobody can export is refused, and a file is never half: the connection ends
// instead.
func TestExportFails(t *testing.T) {
	m, _ := page(t)
	for _, query := range []string{"since=x&format=csv", "", "format=CSV"} {
		if w := get(m, "/api/export?"+query); w.Code != http.StatusBadRequest || w.Header().Get("Content-Disposition") != "" || !onlyError(w) {
			t.Errorf("%s: %d %v", query, w.Code, w.Header())
		}
	}
	store := history.NewMemory(history.MemoryOptions{})
	for i := range history.MaxPage + 1 {
		store.Request(historytest.Request(fmt.Sprint(i)))
	}
	half := New(Options{Store: &halfway{Source: store}})
	defer half.Close()
	defer func() {
		p := recover()
		if err, _ := p.(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("%v: a half file looks complete", p)
		}
	}()
	get(half, "/api/export?format=csv")
}

// halfway is a store that fails after the first page.
type halfway struct{ history.Source }

func (h *halfway) Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (history.Page, error) {
	if before != 0 {
		return history.Page{}, errors.New("it burns")
	}
	return h.Source.Query(ctx, f, before, limit)
}

// One item per line, all pages.
func TestExportJSONLines(t *testing.T) {
	m, store := page(t)
	for i := range 2500 {
		store.Request(historytest.Request(fmt.Sprint(i), func(r *record.Request) { r.Outcome = "broken" }))
	}
	w := get(m, "/api/export?format=jsonl&outcome=broken")
	if h := w.Header(); h.Get("Content-Disposition") != `attachment; filename="heald-requests.jsonl"` || h.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%v", h)
	}
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if len(lines) != 2500 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		var item history.Item
		if err := json.Unmarshal([]byte(line), &item); err != nil || item.RequestID != fmt.Sprint(2499-i) || len(item.Attempts) != 1 {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// A file that ends at the limit says so in its last line.
func TestExportSaysThatThereIsMore(t *testing.T) {
	defer func(n int) { exportLimit = n }(exportLimit)
	exportLimit = history.MaxPage
	for _, more := range []int{0, 1} {
		store := history.NewMemory(history.MemoryOptions{})
		for i := range exportLimit + more {
			store.Request(historytest.Request(fmt.Sprint(i)))
		}
		m := New(Options{Store: store})
		defer m.Close()
		for format, head := range map[string]int{"csv": 1, "jsonl": 0} {
			lines := strings.Split(strings.TrimSpace(get(m, "/api/export?format="+format).Body.String()), "\n")
			last := lines[len(lines)-1]
			if said := strings.Contains(last, "there are more that are older"); said != (more > 0) || len(lines) != head+exportLimit+more {
				t.Errorf("%d more: %d lines of %s end with %s", more, len(lines), format, last)
			}
		}
	}
}
