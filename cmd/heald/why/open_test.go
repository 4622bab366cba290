package why

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// Requests that have not ended are remembered as far as there is room, and those that
// have one keep it.
func TestLogOfRequestsThatDoNotEnd(t *testing.T) {
	m := newTold("the log")
	attempt := func(id int) {
		m.tell(record.Entry{Attempt: new(historytest.Failed(fmt.Sprint("id-", id), 1, "peek_eof", 200))})
	}
	for id := range mostOpen + 1 {
		attempt(id)
	}
	attempt(0)
	attempt(mostOpen)
	if n := len(m.attempts); n != mostOpen || len(m.attempts["id-0"]) != 2 || m.attempts[fmt.Sprint("id-", mostOpen)] != nil {
		t.Errorf("%d are remembered, the first with %d attempts", n, len(m.attempts["id-0"]))
	}
	m.tell(record.Entry{Request: new(historytest.Request("id-1"))})
	attempt(mostOpen)
	if n := len(m.attempts); n != mostOpen || m.attempts["id-1"] != nil || len(m.attempts[fmt.Sprint("id-", mostOpen)]) != 1 {
		t.Errorf("%d are remembered once one has ended", n)
	}
	m.tell(record.Entry{}) // of bodies
	if m.records != mostOpen+5 {
		t.Errorf("%d records", m.records)
	}
}

// The sources that are named are asked in their order; a running heald only if there
// are none.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path, log := filepath.Join(dir, "history.db"), filepath.Join(dir, "log")
	f, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.WriteFile(log, []byte(aLog), 0o600); err != nil {
		t.Fatal(err)
	}
	running := errors.New("nothing listens there")
	client, err := accounts.NewClient("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		where Where
		want  string // names of the sources, or of the error
		wrong bool
	}{
		{"a log", Where{Logs: []string{log}}, "the log in " + log, false},
		{"standard input", Where{Logs: []string{log, "-"}}, "the log in " + log + ", standard input", false},
		{"a store", Where{Store: "sqlite:" + path}, "the file " + path, false},
		{"both", Where{Logs: []string{"-"}, Store: "sqlite:" + path}, "the log in standard input|the file " + path, false},
		{"a running heald", Where{Running: func() (*accounts.Client, error) { return client, nil }}, "the heald at " + client.Address(), false},
		{"none that runs", Where{Running: func() (*accounts.Client, error) { return nil, running }}, "nothing listens there", false},
		{"no such log", Where{Logs: []string{log + "x"}}, "--log: open " + log + "x", true},
		{"no such store", Where{Logs: []string{log}, Store: "sqlite:" + path + "x"}, "--store: " + path + "x", true},
		{"no store", Where{Store: path}, "--store: write sqlite: and the path", true},
		{"Redis of no file", Where{Redis: true, Config: func() string { return "" }}, "--redis: name the heald.yaml", true},
		{"Redis of a file that is missing", Where{Redis: true, Config: func() string { return filepath.Join(dir, "none.yaml") }}, "none.yaml", false},
	} {
		s, err := c.where.Open(t.Context(), strings.NewReader(aLog), "", time.Time{})
		if err != nil {
			var wrong *Wrong
			if !strings.Contains(err.Error(), c.want) || errors.As(err, &wrong) != c.wrong || wrong != nil && !strings.Contains(wrong.Unwrap().Error(), c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var names []string
		for _, source := range s.List {
			names = append(names, source.Name())
		}
		if got := strings.Join(names, "|"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What a log says of the number of attempts is not counted up to.
func TestLogIsBoundedAsItIsRead(t *testing.T) {
	text := `{"time":"2026-11-29T12:00:03Z","msg":"request finished","request_id":"id-1","outcome":"passed","tried":300000000,"duration_ms":1}` + "\n"
	for range 40 {
		text += `{"time":"2026-11-29T12:00:03Z","msg":"attempt finished","request_id":"id-2","attempt":300000000,"verdict":"retry","duration_ms":1}` + "\n"
	}
	source := logOf(t, text, "").(*told)
	item, err := source.Get(t.Context(), "id-1")
	if err != nil || item.Tried != 1000 {
		t.Errorf("tried %d, %v", item.Tried, err)
	}
	if list := source.attempts["id-2"]; len(list) != record.AttemptsKept || list[0].Number != 1000 {
		t.Errorf("%d attempts", len(list))
	}
}
