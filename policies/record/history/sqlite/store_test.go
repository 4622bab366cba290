package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(victimOf); path != "" {
		victim(path)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	historytest.Test(t, func(t *testing.T) history.Store { return direct{t, open(t, Options{})} })
}

func TestSearch(t *testing.T) {
	historytest.TestSearch(t, timely{direct{t, open(t, Options{SearchTime: -1})}})
}

// timely tells of each request when it ends.
type timely struct{ direct }

func (d timely) Request(r record.Request) {
	d.now = func() time.Time { return r.Time.Add(time.Duration(r.Duration)) }
	d.direct.Request(r)
}

// Behind a queue, with restarts, nothing is lost and cursors go on.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	var last history.Cursor
	for round := range 3 {
		f, err := Open(Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		q := record.NewQueue(f, record.QueueOptions{Name: "store", Metrics: record.NewMetrics(prometheus.NewRegistry()), Log: zap.NewNop()})
		for i := range 500 {
			id := fmt.Sprintf("%d-%d", round, i)
			q.Attempt(historytest.Failed(id, 1, "peek_eof", 200))
			q.Request(historytest.Request(id, func(r *record.Request) { r.Tried, r.Attempts[0].Number = 3, 3 }))
		}
		q.Attempt(historytest.Failed(fmt.Sprintf("%d-0", round+1), 2, "rate_limited", 429)) // its request comes after the restart
		if err := q.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		f = open(t, Options{Path: path})
		got := ids(t, f, history.Filter{Reasons: []string{"peek_eof"}})
		if want := 500 * (round + 1); len(got) != want || got[0] != fmt.Sprintf("%d-499", round) {
			t.Fatalf("%d requests, the newest %s", len(got), got[0])
		}
		item, err := f.Get(t.Context(), fmt.Sprintf("%d-0", round))
		if err != nil || item.Cursor <= last || (round > 0) != (len(item.Attempts) == 3) {
			t.Errorf("%+v, %v", item, err)
		}
		last = item.Cursor
	}
}

// The file is its owner's alone, and so is what SQLite makes beside it, also where
// somebody has opened it to others.
func TestMode(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "history.db")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	f := open(t, Options{Path: path})
	write(t, f, many(0, 10)...)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, e := range files {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// What is not heald's, or newer, is left as it is, with words that say what to do.
func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	make := func(name string, statements ...string) {
		db, err := connect(at(name), "rwc", 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	make("others", `CREATE TABLE bookmarks (url TEXT)`)
	make("numbered", `PRAGMA application_id = 7`)
	make("newer", fmt.Sprintf(`PRAGMA application_id = %d`, application), fmt.Sprintf(`PRAGMA user_version = %d`, newest+1), `CREATE TABLE requests (x)`)
	if err := os.WriteFile(at("text"), []byte(strings.Repeat("heald: no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"others":     "is a database of something else",
		"numbered":   "is a database of something else",
		"newer":      "was written by a newer heald (its version is",
		"text":       "is no database",
		"dir":        "directory",
		"none/there": "is in a directory that does not exist",
	} {
		before, _ := os.ReadFile(at(name))
		if f, err := Open(Options{Path: at(name)}); err == nil || !strings.Contains(err.Error()+" is a directory", want) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				_ = f.Close()
			}
		}
		if err := Check(at(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("check %s: %v", name, err)
		}
		if r, err := OpenReader(at(name)); err == nil {
			t.Errorf("%s was opened to read", name)
			_ = r.Close()
		}
		if after, _ := os.ReadFile(at(name)); string(after) != string(before) {
			t.Errorf("%s was changed", name)
		}
	}
	if err := Check(at("new")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(at("new")); err == nil {
		t.Error("Check has made a file")
	}
}

// A file of an older version is brought up to date, and a reader that cannot do so
// says who can.
func TestMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	f, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, many(0, 10)...)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	defer func(m []string, n int) { migrations, newest = m, n }(migrations, newest)
	migrations = append(slices.Clone(migrations), `ALTER TABLE requests ADD COLUMN note TEXT NOT NULL DEFAULT 'none'`)
	newest = len(migrations)
	if r, err := OpenReader(path); err == nil || !strings.Contains(err.Error(), "was written by an older heald") {
		t.Errorf("%v, %v", r, err)
	}
	f = open(t, Options{Path: path})
	if n := number(t, f, `SELECT count(*) FROM requests WHERE note = 'none'`); n != 10 {
		t.Errorf("%d rows", n)
	}
	write(t, f, many(10, 10)...)
}

// Two processes may share a file: both write all they have, each sees all, and no
// cursor is used twice, also where one deletes words that the other one knows.
func TestShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	var wg sync.WaitGroup
	files := []*File{open(t, Options{Path: path}), open(t, Options{Path: path, Keep: time.Hour})}
	for k, f := range files {
		wg.Go(func() {
			for i := range 100 {
				r := at(fmt.Sprintf("%d-%d", k, i), 0, func(r *record.Request) { r.Tenant = fmt.Sprintf("t%d", i%7) })
				if err := f.Write(context.Background(), []record.Entry{{Request: &r}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, f := range files {
		if n := len(ids(t, f, history.Filter{})); n != 200 {
			t.Errorf("%d requests", n)
		}
		check(t, f)
	}
	files[1].now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if err := files[1].Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, files[0], at("later", 0, func(r *record.Request) { r.Tenant = "t1" }))
	if got := ids(t, files[1], history.Filter{Tenants: []string{"t1"}}); !slices.Equal(got, []string{"later"}) {
		t.Errorf("got %v", got)
	}
}

// A reader reads what another process writes, and says how far back it reaches.
func TestReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	f := open(t, Options{Path: path})
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if oldest, err := r.Reach(t.Context()); err != nil || !oldest.IsZero() {
		t.Errorf("%v, %v", oldest, err)
	}
	write(t, f, at("id-1", 0))
	if err := f.Write(t.Context(), []record.Entry{{Attempt: new(historytest.Failed("id-2", 1, "peek_eof", 200))}}); err != nil {
		t.Fatal(err)
	}
	if item, err := r.Get(t.Context(), "id-1"); err != nil || item.RequestID != "id-1" {
		t.Errorf("%+v, %v", item, err)
	}
	if oldest, err := r.Reach(t.Context()); err != nil || time.Since(oldest) > time.Hour {
		t.Errorf("%v, %v", oldest, err)
	}
	if list, err := r.Attempts(t.Context(), "id-2"); err != nil || len(list) != 1 || list[0].Reason != "peek_eof" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := r.db.ExecContext(t.Context(), `DELETE FROM requests`); err == nil {
		t.Error("a reader may delete")
	}
}

// What is written to a file that is gone would never be found.
func TestMoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	f := open(t, Options{Path: path})
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	r := at("id-1", 0)
	if err := f.Write(t.Context(), []record.Entry{{Request: &r}}); err == nil || !strings.Contains(err.Error(), "was moved away or deleted") {
		t.Errorf("got %v", err)
	}
	if err := os.Rename(path+".1", path); err != nil {
		t.Fatal(err)
	}
	write(t, f, r)
}

// A request of whose end nobody tells is one after a while, as its attempts tell of
// it; what is told later changes it, in its place.
func TestUnfinished(t *testing.T) {
	f := open(t, Options{})
	now := historytest.Start
	f.now = func() time.Time { return now }
	tell := func(list ...record.Entry) {
		t.Helper()
		if err := f.Write(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		if err := f.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tell(record.Entry{Attempt: new(historytest.Failed("id-1", 1, "rate_limited", 429))})
	now = now.Add(history.EndTime - time.Second)
	tell(record.Entry{Attempt: new(historytest.Failed("id-1", 2, "canceled", 0))})
	now = now.Add(2 * time.Second)
	tell()
	if _, err := f.Get(t.Context(), "id-1"); !errors.Is(err, history.ErrNotFound) {
		t.Fatalf("it has not been silent for long: %v", err)
	}
	now = now.Add(history.EndTime)
	tell()
	item, err := f.Get(t.Context(), "id-1")
	if err != nil || item.Outcome != "canceled" || len(item.Attempts) != 2 || item.API != "chat" {
		t.Fatalf("%+v, %v", item, err)
	}
	late := historytest.Failed("id-1", 3, "peek_eof", 200)
	tell(record.Entry{Attempt: &late})
	if got := ids(t, f, history.Filter{Outcomes: []string{"failed"}, Reasons: []string{"peek_eof"}}); len(got) != 1 {
		t.Error("an attempt that came late is not there")
	}
	r := historytest.Request("id-1", func(r *record.Request) { r.Tried, r.Attempts[0].Number = 4, 4 })
	tell(record.Entry{Request: &r})
	again, err := f.Get(t.Context(), "id-1")
	if err != nil || again.Cursor != item.Cursor || again.Outcome != "passed" || len(again.Attempts) != 4 || len(ids(t, f, history.Filter{})) != 1 {
		t.Errorf("%+v, %v", again, err)
	}
}

// A client that uses an id again gets no attempts of the request before, and that
// one is not lost.
func TestSameIDLater(t *testing.T) {
	f := open(t, Options{})
	first := historytest.Failed("id-1", 1, "rate_limited", 429)
	r := at("id-1", time.Hour, func(r *record.Request) { r.Tried, r.Attempts[0].Number = 2, 2 })
	if err := f.Write(t.Context(), []record.Entry{{Attempt: &first}, {Request: &r}}); err != nil {
		t.Fatal(err)
	}
	item, err := f.Get(t.Context(), "id-1")
	if err != nil || len(item.Attempts) != 1 || item.Outcome != "passed" {
		t.Errorf("%+v, %v", item, err)
	}
	if got := ids(t, f, history.Filter{Outcomes: []string{"failed"}, Reasons: []string{"rate_limited"}}); len(got) != 1 {
		t.Errorf("the earlier one is lost: %v", got)
	}
}
