package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// What a process records can be asked for afterwards: from its file of records and
// from its store, by the same command.
func TestWhyAfterwards(t *testing.T) {
	dir := t.TempDir()
	cfg := &config.Record{File: filepath.Join(dir, "usage.jsonl"), Store: "sqlite:" + filepath.Join(dir, "history.db"), Bodies: config.BodiesAll, BodyMax: 1 << 10, StoreKeep: time.Hour, BodiesKeep: time.Hour}
	r, err := newRecords(cfg, nil, prometheus.NewRegistry(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	first := historytest.Failed("id-1", 1, "rate_limited", 429)
	first.Time = time.Now()
	r.fan.Attempt(first)
	failed := historytest.Request("id-1", func(r *record.Request) {
		r.Time, r.Outcome, r.Reason, r.Status, r.Tried = time.Now(), "failed", "rate_limited", 429, 2
		r.Attempts[0] = historytest.Failed("", 2, "rate_limited", 429)
	})
	r.fan.Request(failed)
	r.fan.Request(historytest.Request("id-2", func(r *record.Request) { r.Time = time.Now().Add(-time.Hour) }))
	c := r.bodies.Begin()
	c.Request([]byte("a prompt"))
	c.Keep(record.Bodies{RequestID: "id-1", Outcome: "failed"}, strings.ToUpper)
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	for _, from := range [][]string{{"--log", cfg.File}, {"--store", cfg.Store}} {
		code, out, errs := heald(t, append([]string{"why", "id-1"}, from...)...)
		if code != exitOK || !strings.Contains(out, "attempt 1 at studio-1") || !strings.Contains(out, "the client got an error, 429") {
			t.Errorf("%v: exit %d:\n%s%s", from, code, out, errs)
		}
		code, out, errs = heald(t, append([]string{"requests", "--outcome", "failed,broken", "--since", "10m"}, from...)...)
		if code != exitOK || !strings.Contains(out, `"request_id":"id-1"`) || strings.Contains(out, "id-2") {
			t.Errorf("%v: exit %d:\n%s%s", from, code, out, errs)
		}
		code, out, errs = heald(t, append([]string{"requests", "--table"}, from...)...)
		if code != exitOK || !strings.HasPrefix(out, "TIME") || strings.Count(out, "\n") != 3 {
			t.Errorf("%v: exit %d:\n%s%s", from, code, out, errs)
		}
	}
	code, out, errs := heald(t, "why", "id-3", "--store", cfg.Store, "--log", cfg.File)
	if code != exitProblems || out != "" || !strings.Contains(errs, "heald why: nothing is known of id-3. Asked: the log in "+cfg.File+", which reaches back to") || !strings.Contains(errs, "the file "+filepath.Join(dir, "history.db")+", which reaches back to") {
		t.Errorf("exit %d:\n%s%s", code, out, errs)
	}
	f, err := cfg.OpenStore(sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := f.Bodies(t.Context(), "id-1", time.Time{}); err != nil || b.Request.Text != "A PROMPT" {
		t.Errorf("%+v, %v", b, err)
	}
}

// A trace id looks like a credential, and is none where requests are asked for by it.
func TestWhyByTrace(t *testing.T) {
	const trace = "0af7651916cd43dd8448eb211c80319c"
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte(`{"time":"2026-11-29T12:00:03Z","msg":"request finished","request_id":"id-1","trace_id":"`+trace+`","outcome":"passed","duration_ms":1}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"why", trace}, {"why", strings.ToUpper(trace)}, {"requests", "--id", trace}, {"requests", "--id=" + trace}} {
		if code, out, errs := heald(t, append(args, "--log", log)...); code != exitOK || !strings.Contains(out, "id-1") {
			t.Errorf("%v: exit %d:\n%s%s", args, code, out, errs)
		}
	}
	for _, args := range [][]string{{"check", trace}, {"why", trace + trace}, {"requests", "--tenant", "x=" + trace}} {
		if code, _, errs := heald(t, args...); code != exitUsage || !strings.Contains(errs, "looks like a credential") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

// A day and a time without a zone are those of the table, which shows the local ones.
func TestTimesOfRequests(t *testing.T) {
	now := time.Date(2026, 11, 29, 15, 0, 0, 0, time.FixedZone("here", 3600))
	for text, want := range map[string]string{
		"": "0001-01-01T00:00:00Z", "10m": "2026-11-29T13:50:00Z", "2h ago": "2026-11-29T12:00:00Z", "2026-11-29": "2026-11-28T23:00:00Z",
		"2026-11-29 12:30:00": "2026-11-29T11:30:00Z", "2026-11-29T12:30:00Z": "2026-11-29T12:30:00Z", "2026-11-29T12:30:00+02:00": "2026-11-29T10:30:00Z",
	} {
		if got, err := agoOrTime("since", text, now); err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q: got %v, %v; want %s", text, got, err, want)
		}
	}
}

func TestWhyMistakes(t *testing.T) {
	dir := t.TempDir()
	yaml := filepath.Join(dir, "heald.yaml")
	if err := os.WriteFile(yaml, []byte("auth: none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	two := filepath.Join(dir, "two.log")
	line := `{"time":"2026-11-29T12:00:03Z","msg":"request finished","request_id":"id-1%s","outcome":"passed","duration_ms":1}` + "\n"
	if err := os.WriteFile(two, []byte(fmt.Sprintf(line, "1")+fmt.Sprintf(line, "2")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"why", "id-1", "--log", two}, exitUsage, "several requests begin with id-1: id-12, id-11; write more of the id"},
		{[]string{"why", "id-", "--log", filepath.Join(dir, "none.log")}, exitUsage, `"id-" is too short: write 4 or more characters`},
		{[]string{"why"}, exitUsage, "heald why: name one request by its id"},
		{[]string{"why", "a", "b"}, exitUsage, "name one request by its id"},
		{[]string{"why", "id-1", "--admin", "127.0.0.1:1"}, exitFailed, "the heald at 127.0.0.1:1: nothing listens there: is heald running?"},
		{[]string{"why", "id-1", "--admin", "nowhere"}, exitUsage, "--admin: this is no address"},
		{[]string{"why", "id-1", "--store", dir}, exitUsage, "--store: write sqlite: and the path"},
		{[]string{"why", "id-1", "--store", "sqlite:" + filepath.Join(dir, "none.db")}, exitUsage, "none.db"},
		{[]string{"why", "id-1", "--at", "noon"}, exitUsage, `--at: "noon" is no time; write when the request began, as in 2026-11-29T12:00:00Z`},
		{[]string{"why", "id-1", "--log", filepath.Join(dir, "none.log")}, exitUsage, "--log: open"},
		{[]string{"why", "id-1", "--redis"}, exitUsage, "--redis: name the heald.yaml"},
		{[]string{"why", "id-1", "--redis", "--config", yaml}, exitFailed, "state.redis"},
		{[]string{"requests", "--since", "yesterday"}, exitUsage, `--since: "yesterday" is no time; write how long ago, as in 10m`},
		{[]string{"requests", "--outcome", "fialed"}, exitUsage, "--outcome: there is none called \"fialed\"; did you mean failed?"},
		{[]string{"requests", "--reason", "ok,peek_oef"}, exitUsage, "did you mean peek_eof?"},
		{[]string{"requests", "--limit", "0"}, exitUsage, "--limit: 0 is not 1 or more"},
		{[]string{"requests", "--json", "--table"}, exitUsage, "exclude each other"},
		{[]string{"requests", "--store", "sqlite:x", "--redis", "--config", yaml}, exitUsage, "--store"},
		{[]string{"requests", "all"}, exitUsage, `unexpected argument "all"`},
	} {
		if code, out, errs := heald(t, c.args...); code != c.code || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, want %d with %q:\n%s%s", c.args, code, c.code, c.want, out, errs)
		}
	}
}
