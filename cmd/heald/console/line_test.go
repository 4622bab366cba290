package console

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/test/fixture"
)

// screen is a terminal of a test.
type screen struct{ bytes.Buffer }

func (*screen) Size() (int, int) { return 120, 40 }

func requests() []record.Request {
	at := record.Origin{Time: time.Date(2027, 1, 31, 14, 2, 50, 0, time.UTC), API: "claude", RequestID: "3f2a9c1e-7b55-4d0e-9d1f-0c7c2b6a1e11"}
	with := func(api, path string) record.Origin {
		o := at
		o.API, o.Path = api, path
		if path != "" {
			o.RequestID = "x\x1b"
		}
		return o
	}
	ms := func(n int) record.Duration { return record.Duration(time.Duration(n) * time.Millisecond) }
	ok := record.Attempt{Number: 1, Account: "studio-1", Verdict: "pass", Reason: "ok"}
	eof := record.Attempt{Number: 1, Account: "studio-1", Verdict: "retry", Reason: "peek_eof"}
	limited := record.Attempt{Number: 3, Account: "studio-2", Verdict: "fail", Reason: "rate_limited", Error: "Resource has been exhausted (e.g. check quota)."}
	return []record.Request{
		{Origin: at, Alias: "claude-opus-4-5", Model: "gemini-3.8-flash", Outcome: "passed", Reason: "ok", Status: 200, Tried: 1,
			Attempts: []record.Attempt{ok}, Usage: &record.Usage{Input: 12345, Output: 678}, Duration: ms(1234)},
		{Origin: at, Alias: "claude-opus-4-5", Model: "gemini-3.8-flash", Outcome: "passed", Reason: "ok", Status: 200, Tried: 2,
			Attempts: []record.Attempt{eof, {Number: 2, Account: "studio-2", Verdict: "pass", Reason: "ok"}}, Usage: &record.Usage{Input: 1234567, Output: 6}, Duration: ms(61_234)},
		{Origin: with("gemini", ""), Alias: "gemini-3.8-flash", Model: "gemini-3.8-flash", Outcome: "failed", Reason: "rate_limited", Status: 429, Tried: 3,
			Attempts: []record.Attempt{limited}, Duration: ms(87)},
		{Origin: with("chat", ""), Alias: "gpt-5", Model: "gemini-3.8-pro", Outcome: "failed", Reason: "connect_failure", Status: 500, Tried: 3,
			Attempts: []record.Attempt{{Account: "a", Reason: "connect_failure"}, {Account: "a", Reason: "connect_failure"}, {Account: "b", Reason: "connect_failure"}}, Duration: ms(296)},
		{Origin: with("chat", ""), Alias: "gpt-5", Model: "gemini-3.8-pro", Outcome: "broken", Status: 200, Tried: 1, BrokenBy: "stream_stalled",
			Attempts: []record.Attempt{ok}, Resume: &record.Resume{Result: "resume_failed"}, Duration: ms(10_000)},
		{Origin: with("chat", ""), Alias: "gpt-5", Model: "gemini-3.8-pro", Outcome: "passed", Status: 200, Tried: 1, BrokenBy: "stream_truncated",
			Attempts: []record.Attempt{ok}, Resume: &record.Resume{Result: "resumed"}, Duration: ms(10_000)},
		{Origin: with("responses", "/v1/models"), Outcome: "local", Reason: "model_list", Status: 200, Duration: ms(1)},
		{Origin: with("", "/v1/messages"), Outcome: "failed", Reason: "client_key", Status: 401, Duration: ms(0)},
		{Origin: at, Alias: "evil\x1b[2J\nname", Model: "AIzaSyD4u6Ff9xUqk1bH2v7W0cR8mZt3YpLs5Ea", Outcome: "canceled", Reason: "canceled", Tried: 1,
			Attempts: []record.Attempt{{Number: 1, Verdict: "fail", Reason: "canceled", Error: "\x1b]0;title\x07 AIzaSyD4u6Ff9xUqk1bH2v7W0cR8mZt3YpLs5Ea"}}, Duration: ms(500)},
	}
}

// What is printed with colors and without, line by line.
func TestLines(t *testing.T) {
	t.Setenv("TERM", "xterm")
	entries := []record.Entry{{Attempt: &record.Attempt{Verdict: "pass"}}}
	for _, r := range requests() {
		entries = append(entries, record.Entry{Request: &r})
	}
	for name, noColor := range map[string]string{"colors": "", "plain": "1"} {
		t.Setenv("NO_COLOR", noColor)
		var w screen
		s := NewSink(&w, time.UTC)
		if err := errors.Join(s.Write(context.Background(), entries), s.Close()); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".txt")
		fixture.Diff(t, file, stored(t, file), w.Bytes())
		if strings.Contains(w.String(), "AIza") || strings.Contains(w.String(), "\x07") || strings.Contains(w.String(), "\x1b[2J") {
			t.Errorf("%s: %q", name, w.String())
		}
		if noColor != "" && strings.Contains(w.String(), "\x1b") {
			t.Errorf("colors in spite of NO_COLOR: %q", w.String())
		}
	}
}

// Warnings and errors show, the lines of requests do not come twice.
func TestLogForPeople(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	var w screen
	log := zap.New(NewLog(&w, zap.WarnLevel)).With(zap.String("a", "b"))
	log.Error("request finished", zap.Int("status", 500))
	log.Warn("attempt finished")
	log.Info("configuration loaded")
	log.Warn("the account is out", zap.String("account", "studio-1"))
	got := w.String()
	if !strings.HasSuffix(got, "WARN  the account is out  {\"a\": \"b\", \"account\": \"studio-1\"}\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("%q", got)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 1500 * time.Microsecond: "2ms", 1234 * time.Millisecond: "1.2s", 83 * time.Second: "1m23s"} {
		if got := duration(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

// stored is a golden file; nothing where it is to be made.
func stored(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return data
}
