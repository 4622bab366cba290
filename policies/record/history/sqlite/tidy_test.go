package sqlite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// What is older than Keep goes, the oldest first, with its words. The
// attempt of whose request nobody tells has become a request meanwhile.
func TestKeep(t *testing.T) {
	f := open(t, Options{Keep: 24 * time.Hour})
	now := time.Now()
	f.now = func() time.Time { return now }
	write(t, f, at("old", 0, func(r *record.Request) { r.Alias = "old-model" }))
	write(t, f, many(0, 2000)...)
	if err := f.Write(t.Context(), []record.Entry{{Attempt: new(historytest.Failed("waits", 1, "peek_eof", 200))}}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(23 * time.Hour)
	write(t, f, many(5000, 100)...)
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(ids(t, f, history.Filter{})); n != 2102 {
		t.Errorf("%d requests after 23 h", n)
	}
	now = now.Add(2 * time.Hour)
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(ids(t, f, history.Filter{})); n != 101 {
		t.Errorf("%d requests after 25 h", n)
	}
	if n := number(t, f, `SELECT (SELECT count(*) FROM loose) + (SELECT count(*) FROM words WHERE word = 'old-model')`); n != 0 {
		t.Error("an attempt or a word is left")
	}
	check(t, f)
	// A clock that is set back neither deletes nor mixes up anything.
	now = now.Add(-48 * time.Hour)
	write(t, f, at("back", 0))
	if got := ids(t, f, history.Filter{}); len(got) != 102 || got[0] != "back" {
		t.Errorf("%d requests, the newest %s", len(got), got[0])
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// The file never grows beyond MaxSize, whatever is written; the newest are kept,
// and a smaller limit makes it smaller.
func TestMaxSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	const most = 4 << 20
	f, err := Open(Options{Path: path, MaxSize: most})
	if err != nil {
		t.Fatal(err)
	}
	var last string
	for n := 0; n < 12000; n += 200 {
		batch := many(n, 200)
		write(t, f, batch...)
		last = batch[199].RequestID
		if n%1000 == 0 {
			if err := f.WriteBodies(t.Context(), []record.Bodies{{RequestID: last, Request: record.Body{Binary: noise(20_000)}}}); err != nil {
				t.Fatal(err)
			}
		}
		if s := size(t, path); s > most {
			t.Fatalf("%d bytes after %d requests", s, n)
		}
	}
	got := ids(t, f, history.Filter{})
	if len(got) < 500 || len(got) > 11000 || got[0] != last {
		t.Errorf("%d requests are left, the newest %s", len(got), got[0])
	}
	check(t, f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = open(t, Options{Path: path, MaxSize: most / 2})
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.write.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	if s := size(t, path); s > most/2 {
		t.Errorf("%d bytes with the smaller limit", s)
	}
	if now := ids(t, f, history.Filter{}); len(now) == 0 || now[0] != last || len(now) >= len(got) {
		t.Errorf("%d requests with the smaller limit", len(now))
	}
}

func noise(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

// Where there is no room, records are refused, what is there can be read, and all
// works again when there is room.
func TestFull(t *testing.T) {
	f := open(t, Options{})
	write(t, f, many(0, 500)...)
	limit := number(t, f, `PRAGMA page_count`) + 10
	if _, err := f.write.ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, limit)); err != nil {
		t.Fatal(err)
	}
	var full error
	for n := 500; n < 2000 && full == nil; n += 100 {
		var list []record.Entry
		for _, r := range many(n, 100) {
			list = append(list, record.Entry{Request: &r})
		}
		full = f.Write(t.Context(), list)
	}
	if full == nil || !strings.Contains(full.Error(), "the disk, or the user's share of it, is full") {
		t.Fatalf("got %v", full)
	}
	if err := f.WriteBodies(t.Context(), []record.Bodies{{RequestID: "x", Request: record.Body{Binary: noise(1 << 20)}}}); err == nil {
		t.Error("bodies had room")
	}
	before := len(ids(t, f, history.Filter{}))
	if before < 500 {
		t.Errorf("%d requests can be read", before)
	}
	check(t, f)
	if _, err := f.write.ExecContext(t.Context(), `PRAGMA max_page_count = 100000`); err != nil {
		t.Fatal(err)
	}
	write(t, f, many(5000, 100)...)
	if n := len(ids(t, f, history.Filter{})); n != before+100 {
		t.Errorf("%d requests, want %d", n, before+100)
	}
}

// Bodies come back as they were kept; what has expired is not shown, and nothing of
// it is left in the file.
func TestBodies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	f := open(t, Options{Path: path, Keep: time.Hour, BodiesKeep: time.Minute})
	now := time.Now()
	f.now = func() time.Time { return now }
	mark := noise(6000) // cannot be packed
	b := record.Bodies{Time: now, RequestID: "id-1", Tenant: "default", API: "chat", Outcome: "failed",
		Request: record.Body{Text: "{\"messages\":[]}", Size: 15}, Answer: record.Body{Binary: mark, Size: 7000, Cut: true}}
	if err := f.WriteBodies(t.Context(), []record.Bodies{{RequestID: "id-1"}, b}); err != nil {
		t.Fatal(err)
	}
	got, err := f.Bodies(t.Context(), "id-1", time.Time{})
	if err != nil || !bytes.Equal(got.Answer.Binary, mark) || !got.Answer.Cut ||
		got.Request.Text != b.Request.Text || !got.Expires.Equal(now.Truncate(time.Millisecond).Add(time.Minute)) {
		t.Fatalf("%+v, %v", got, err)
	}
	if left(t, f, path, b) == 0 {
		t.Fatal("the test does not find the bodies in the file")
	}
	if _, err := f.Bodies(t.Context(), "id-2", time.Time{}); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := f.Bodies(t.Context(), "id-1", time.Time{}); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("expired bodies are shown: %v", err)
	}
	if err := f.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := number(t, f, `SELECT count(*) FROM bodies`); n != 0 {
		t.Errorf("%d bodies are left", n)
	}
	if n := left(t, f, path, b); n != 0 {
		t.Errorf("the file has %d pieces of what has expired", n)
	}
}

// Of requests with the same id, each has its own bodies, or none.
func TestBodiesOfOneID(t *testing.T) {
	f := open(t, Options{})
	ended := time.Now().UTC()
	now := ended
	f.now = func() time.Time { return now }
	for i, text := range []string{"first", "second", "third"} {
		at := ended.Add(time.Duration(i) * 800 * time.Millisecond)
		now = at.Add(3 * time.Second) // they have waited for the disk
		if err := f.WriteBodies(t.Context(), []record.Bodies{{Time: at, RequestID: "id-1", Request: record.Body{Text: text}}}); err != nil {
			t.Fatal(err)
		}
	}
	for after, want := range map[time.Duration]string{
		0: "first", 800 * time.Millisecond: "second", 900 * time.Millisecond: "second", 1600 * time.Millisecond: "third", time.Minute: "", -time.Minute: "",
	} {
		b, err := f.Bodies(t.Context(), "id-1", ended.Add(after))
		if want == "" && !errors.Is(err, history.ErrNotFound) || want != "" && (err != nil || b.Request.Text != want) {
			t.Errorf("of the request that ended %v later: %q, %v", after, b.Request.Text, err)
		}
	}
	if b, err := f.Bodies(t.Context(), "id-1", time.Time{}); err != nil || b.Request.Text != "third" {
		t.Errorf("of the newest: %q, %v", b.Request.Text, err)
	}
}

// left counts pieces of bodies that are in the file.
func left(t *testing.T, f *File, path string, b record.Bodies) (n int) {
	t.Helper()
	if _, err := f.write.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(&b)
	if err != nil {
		t.Fatal(err)
	}
	packed := packer.EncodeAll(data, nil)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+32 < len(packed); i += 100 {
		if bytes.Contains(text, packed[i:i+32]) {
			n++
		}
	}
	return n
}
