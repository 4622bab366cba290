package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// direct tells the file without a queue.
type direct struct {
	t *testing.T
	*File
}

func (d direct) Attempt(a record.Attempt) { d.told(record.Entry{Attempt: &a}) }
func (d direct) Request(r record.Request) { d.told(record.Entry{Request: &r}) }

func (d direct) told(e record.Entry) {
	if err := d.Write(context.Background(), []record.Entry{e}); err != nil {
		d.t.Error(err)
	}
}

func open(t testing.TB, o Options) *File {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "history.db")
	}
	f, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	<-f.inspected // who reads all of the file keeps its log from being cut off
	t.Cleanup(func() {
		check(t, f)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func write(t testing.TB, f *File, requests ...record.Request) {
	t.Helper()
	var list []record.Entry
	for i := range requests {
		list = append(list, record.Entry{Request: &requests[i]})
	}
	if err := f.Write(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

func number(t testing.TB, f *File, statement string) int {
	t.Helper()
	var n int
	if err := f.db.QueryRowContext(context.Background(), statement).Scan(&n); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return n
}

// check finds out whether the file is whole and agrees with itself.
func check(t testing.TB, f *File) {
	t.Helper()
	var said string
	if err := f.db.QueryRowContext(context.Background(), `PRAGMA integrity_check`).Scan(&said); err != nil || said != "ok" {
		t.Errorf("integrity: %s, %v", said, err)
	}
	for what, statement := range map[string]string{
		"words that a row has and marks do not": `SELECT count(*) FROM (SELECT value, n FROM requests, json_each(words) EXCEPT SELECT w, n FROM marks)`,
		"marks of no row":                       `SELECT count(*) FROM (SELECT w, n FROM marks EXCEPT SELECT value, n FROM requests, json_each(words))`,
		"words counted wrongly":                 `SELECT count(*) FROM words WHERE uses <> (SELECT count(*) FROM marks WHERE marks.w = words.w)`,
		"bytes of bodies counted wrongly":       `SELECT (SELECT coalesce(sum(length(data)), 0) FROM bodies) <> coalesce((SELECT value FROM facts WHERE name = 'bodies'), 0)`,
		"rows not in the order of their times":  `SELECT count(*) FROM (SELECT told, lag(told) OVER (ORDER BY n) AS before FROM requests) WHERE told < before`,
	} {
		if n := number(t, f, statement); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}

// at makes a request that began a time after historytest.Start.
func at(id string, after time.Duration, change ...func(*record.Request)) record.Request {
	return historytest.Request(id, append(change, func(r *record.Request) { r.Time = historytest.Start.Add(after) })...)
}

func ids(t testing.TB, f *File, filter history.Filter) (out []string) {
	t.Helper()
	var before history.Cursor
	for {
		p, err := f.Query(t.Context(), filter, before, 700)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range p.Items {
			out = append(out, item.RequestID)
		}
		if before = p.Next; before == 0 {
			return out
		}
	}
}

// many makes requests of mixed fates, whose numbers begin at from.
func many(from, n int) []record.Request {
	out := make([]record.Request, n)
	for i := range out {
		k := from + i
		out[i] = at(fmt.Sprintf("%08x-%04d", uint32(k)*2654435761, k%1e4), time.Duration(k)*time.Second, func(r *record.Request) {
			r.TraceID = fmt.Sprintf("%032x", uint64(k)*0x9e3779b97f4a7c15)
			r.API = []string{"anthropic", "chat", "responses"}[k%3]
			r.Tenant = fmt.Sprintf("team-%d", k%20)
			a := &r.Attempts[0]
			a.Account = fmt.Sprintf("studio-%d", k%40)
			switch {
			case k%5000 == 0:
				r.Outcome, r.Reason, a.Reason, a.Error = "failed", "upstream_error", "upstream_error", "The model is overloaded. Please try again later."
			case k%50 == 0:
				r.Outcome, r.BrokenBy = "broken", "stream_stalled"
			}
		})
	}
	return out
}
