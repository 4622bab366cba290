package sqlite

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// A clock that was wrong for a while does not keep what was written then, or after
// it, for ever.
func TestWrongClock(t *testing.T) {
	f := open(t, Options{Keep: time.Hour, BodiesKeep: time.Hour})
	clock := time.Now().Add(10 * 365 * 24 * time.Hour)
	f.now = func() time.Time { return clock }
	write(t, f, historytest.Request("wrong"))
	if err := f.WriteBodies(t.Context(), []record.Bodies{{RequestID: "wrong", Request: record.Body{Text: "hello"}}}); err != nil {
		t.Fatal(err)
	}
	clock = time.Now()
	write(t, f, historytest.Request("right"))
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := number(t, f, `SELECT count(*) FROM requests`); n != 2 {
		t.Errorf("%d requests", n)
	}
	check(t, f)
	clock = clock.Add(2 * time.Hour)
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := number(t, f, `SELECT (SELECT count(*) FROM requests) + (SELECT count(*) FROM bodies)`); n != 0 {
		t.Errorf("%d rows are there after their time", n)
	}
}

// A body is refused only where the oldest cannot make room for it.
func TestBodiesMakeRoom(t *testing.T) {
	f := open(t, Options{MaxSize: 16 << 20, Keep: time.Hour, BodiesKeep: time.Hour})
	body := func(id string, size int) error {
		b := record.Bodies{RequestID: id, Request: record.Body{Binary: make([]byte, size)}}
		_, _ = rand.Read(b.Request.Binary) // is not packed
		return f.WriteBodies(t.Context(), []record.Bodies{b})
	}
	for i := range 8 {
		id := fmt.Sprint("r", i)
		if err := body(id, 5<<20); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if _, err := f.Bodies(t.Context(), id, time.Time{}); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := body("too large", 15<<20); !isFull(err) {
		t.Errorf("got %v", err)
	}
	if _, err := f.Bodies(t.Context(), "r7", time.Time{}); err != nil {
		t.Errorf("what has no room takes that of others: %v", err)
	}
	write(t, f, historytest.Request("after"))
}

// A body that was deleted is in none of the files.
func TestBodiesAreGone(t *testing.T) {
	f := open(t, Options{BodiesKeep: time.Minute})
	const secret = "zqx-a-prompt-that-nobody-may-read"
	// Not packed, so that it can be found.
	if err := f.WriteBodies(t.Context(), []record.Bodies{{RequestID: "r", Request: record.Body{Binary: []byte{1}}}}); err != nil {
		t.Fatal(err)
	}
	data := []byte(secret + strings.Repeat(" ", 9000))
	for statement, value := range map[string]any{`UPDATE bodies SET data = ?`: data, `UPDATE facts SET value = ? WHERE name = 'bodies'`: len(data)} {
		if _, err := f.write.ExecContext(t.Context(), statement, value); err != nil {
			t.Fatal(err)
		}
	}
	holds := func() (files []string) {
		for _, suffix := range []string{"", "-wal"} {
			if data, err := os.ReadFile(f.o.Path + suffix); err == nil && bytes.Contains(data, []byte(secret)) {
				files = append(files, suffix)
			}
		}
		return files
	}
	if len(holds()) == 0 {
		t.Fatal("the test does not find what it looks for")
	}
	f.now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if files := holds(); len(files) != 0 {
		t.Errorf("the body is in %q", files)
	}
}

// A request that is told twice is one: another process may write the same file, and
// the shared stream is read again after a restart.
func TestToldTwice(t *testing.T) {
	f := open(t, Options{})
	r := historytest.Request("id-1", func(r *record.Request) { r.Replica = "a" })
	for range 2 {
		write(t, f, r)
	}
	if got := ids(t, f, history.Filter{}); len(got) != 1 {
		t.Errorf("%q", got)
	}
	write(t, f, historytest.Request("id-1", func(r *record.Request) { r.Replica = "b" }))
	if got := ids(t, f, history.Filter{}); len(got) != 2 {
		t.Errorf("another one: %q", got)
	}
}
