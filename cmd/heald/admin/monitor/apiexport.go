package monitor

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// exportLimit bounds the requests of one file; tests have a smaller one.
var exportLimit = 100_000

// export answers with the requests that a filter selects, the newest first, as a file.
func (m *Monitor) export(w http.ResponseWriter, r *http.Request) {
	if !m.remembers(w) {
		return
	}
	q := r.URL.Query()
	f, err := filterOf(q)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	var to exporter
	h := w.Header()
	switch q.Get("format") {
	case "csv":
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		h.Set("Content-Disposition", `attachment; filename="heald-requests.csv"`)
		to = &csvExport{out: csv.NewWriter(w)}
	case "jsonl":
		h.Set("Content-Type", "application/x-ndjson")
		h.Set("Content-Disposition", `attachment; filename="heald-requests.jsonl"`)
		to = jsonExport{json.NewEncoder(w)}
	default:
		fail(w, http.StatusBadRequest, "format: write csv or jsonl")
		return
	}
	control := http.NewResponseController(w)
	var before history.Cursor
	for n := 0; n < exportLimit; {
		page, err := m.o.Store.Query(r.Context(), f, before, history.MaxPage)
		if err != nil && before == 0 {
			h.Del("Content-Disposition")
			unavailable(w, err)
			return
		}
		_ = control.SetWriteDeadline(time.Now().Add(writeTime))
		if err == nil {
			err = to.write(page.Items)
		}
		if err != nil {
			panic(http.ErrAbortHandler) // so that half a file does not look complete
		}
		n += len(page.Items)
		if before = page.Next; before == 0 {
			return
		}
	}
	_ = to.end(fmt.Sprintf("there are more that are older: a file has %d requests at most; ask for those until the time of the last one", exportLimit))
}

// exporter writes items. It is called at least once, perhaps with no items.
type exporter interface {
	write([]history.Item) error
	// end says in a last line that there is more than the file has.
	end(words string) error
}

type jsonExport struct{ out *json.Encoder }

func (e jsonExport) write(items []history.Item) error {
	for i := range items {
		if err := e.out.Encode(&items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e jsonExport) end(words string) error {
	return e.out.Encode(map[string]string{"more": words})
}

// csvExport writes one line per request (RFC 4180).
type csvExport struct {
	out   *csv.Writer
	begun bool
}

// columns are those of a CSV file. Times are in milliseconds, money is in billionths
// of the currency.
var columns = []struct {
	name string
	of   func(*record.Request) string
}{
	{"time", func(r *record.Request) string { return r.Time.UTC().Format(time.RFC3339Nano) }},
	{"request_id", func(r *record.Request) string { return r.RequestID }},
	{"trace_id", func(r *record.Request) string { return r.TraceID }},
	{"tenant", func(r *record.Request) string { return r.Tenant }},
	{"key_id", func(r *record.Request) string { return r.KeyID }},
	{"api", func(r *record.Request) string { return r.API }},
	{"path", func(r *record.Request) string { return r.Path }},
	{"operation", func(r *record.Request) string { return string(r.Operation) }},
	{"client", func(r *record.Request) string { return r.Client }},
	{"alias", func(r *record.Request) string { return r.Alias }},
	{"model", func(r *record.Request) string { return r.Model }},
	{"stream", func(r *record.Request) string { return strconv.FormatBool(r.Stream) }},
	{"outcome", func(r *record.Request) string { return r.Outcome }},
	{"reason", func(r *record.Request) string { return r.Reason }},
	{"broken_by", func(r *record.Request) string { return r.BrokenBy }},
	{"status", func(r *record.Request) string { return number(int64(r.Status)) }},
	{"stop_reason", func(r *record.Request) string { return r.StopReason }},
	{"tried", func(r *record.Request) string { return strconv.Itoa(r.Tried) }},
	{"attempts", attemptWords},
	{"backend", lastOf(func(a *record.Attempt) string { return a.Backend })},
	{"account", lastOf(func(a *record.Attempt) string { return a.Account })},
	{"error", lastOf(func(a *record.Attempt) string { return a.Error })},
	{"warnings", func(r *record.Request) string { return r.Warnings }},
	{"waited_ms", func(r *record.Request) string { return millis(r.Waited) }},
	{"first_byte_ms", func(r *record.Request) string { return millis(r.FirstByte) }},
	{"first_content_ms", func(r *record.Request) string { return millis(r.FirstContent) }},
	{"duration_ms", func(r *record.Request) string { return millis(r.Duration) }},
	{"input", usageOf(func(u *record.Usage) int64 { return u.Input })},
	{"cached", usageOf(func(u *record.Usage) int64 { return u.Cached })},
	{"output", usageOf(func(u *record.Usage) int64 { return u.Output })},
	{"thinking", usageOf(func(u *record.Usage) int64 { return u.Thinking })},
	{"cost_nano", func(r *record.Request) string {
		if r.Cost == nil {
			return ""
		}
		return strconv.FormatInt(*r.Cost, 10)
	}},
	{"estimated", func(r *record.Request) string { return strconv.FormatBool(r.Estimated) }},
	{"replica", func(r *record.Request) string { return r.Replica }},
}

func (e *csvExport) write(items []history.Item) error {
	line := make([]string, len(columns))
	if !e.begun {
		for i, c := range columns {
			line[i] = c.name
		}
		if err := e.out.Write(line); err != nil {
			return err
		}
		e.begun = true
	}
	for i := range items {
		for j, c := range columns {
			line[j] = harmless(c.of(&items[i].Request))
		}
		if err := e.out.Write(line); err != nil {
			return err
		}
	}
	e.out.Flush()
	return e.out.Error()
}

func (e *csvExport) end(words string) error {
	line := make([]string, len(columns))
	line[0] = words
	if err := e.out.Write(line); err != nil {
		return err
	}
	e.out.Flush()
	return e.out.Error()
}

// harmless prevents that a spreadsheet takes a text for a formula: clients and
// providers choose some of them
// (https://owasp.org/www-community/attacks/CSV_Injection). Numbers here do not begin
// like a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(s[0])) || strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
		return "'" + s
	}
	return s
}

// attemptWords are the reasons of the attempts, in order.
func attemptWords(r *record.Request) string {
	var out []string
	for i := range r.Attempts {
		a := &r.Attempts[i]
		out = append(out, strconv.Itoa(a.Number)+":"+a.Account+":"+a.Reason)
	}
	return strings.Join(out, " ")
}

func lastOf(field func(*record.Attempt) string) func(*record.Request) string {
	return func(r *record.Request) string {
		if last := r.Last(); last != nil {
			return field(last)
		}
		return ""
	}
}

func usageOf(field func(*record.Usage) int64) func(*record.Request) string {
	return func(r *record.Request) string {
		if r.Usage == nil {
			return "" // not known
		}
		return strconv.FormatInt(field(r.Usage), 10)
	}
}

func millis(d record.Duration) string { return number(time.Duration(d).Milliseconds()) }

// number is "" for a missing value.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
