package monitor

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// A spreadsheet takes nothing of it for a formula, and a program reads every field.
func TestExportCSV(t *testing.T) {
	m, store := page(t)
	for i, text := range []string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "|calc", "＝1", "a,\"b\"\nc", "%0A=1"} {
		store.Request(historytest.Request(fmt.Sprint("hostile-", i), func(r *record.Request) {
			r.Alias, r.Path, r.Warnings, r.KeyID, r.Client, r.Attempts[0].Error, r.Attempts[0].Account = text, text, text, text, text, text, text
		}))
	}
	w := get(m, "/api/export?format=csv")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment;") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	lines, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(lines) != 1+3+11 || lines[0][1] != "request_id" || lines[1][1] != "hostile-10" {
		t.Fatalf("%d lines: %v", len(lines), err)
	}
	for _, line := range lines {
		for i, cell := range line {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n|%＝", []rune(cell)[0]) {
				t.Errorf("%s: %q", lines[0][i], cell)
			}
		}
	}
	if lines[2][9] != "a,\"b\"\nc" {
		t.Errorf("%q", lines[2][9])
	}
	if w := get(m, "/api/export?format=csv&outcome=none"); strings.Count(w.Body.String(), "\n") != 1 {
		t.Errorf("no requests: %s", w.Body)
	}
	if w := get(m, "/api/export?format=xlsx"); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
}

// One item per line, all pages.
func TestExportJSONLines(t *testing.T) {
	m, store := page(t)
	for i := range 2500 {
		store.Request(historytest.Request(fmt.Sprint(i), func(r *record.Request) { r.Outcome = "broken" }))
	}
	w := get(m, "/api/export?format=jsonl&outcome=broken")
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
	store := history.NewMemory(history.MemoryOptions{})
	for i := range exportLimit + 1 {
		store.Request(historytest.Request(fmt.Sprint(i)))
	}
	m := New(Options{Store: store})
	defer m.Close()
	for _, format := range []string{"csv", "jsonl"} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/export?format="+format, nil))
		lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, "there are more that are older") {
			t.Errorf("%s ends with %s", format, last)
		}
	}
}
