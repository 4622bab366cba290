package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// With a damaged history on disk heald starts, shows what comes from memory, and says
// in the log, on the page and in heald check which file it is and what to do.
func TestDamagedStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	cfg := &config.Record{Store: "sqlite:" + path, StoreKeep: time.Hour}
	core, logged := observer.New(zap.WarnLevel)
	start := func() *records {
		r, err := newRecords(cfg, nil, prometheus.NewRegistry(), zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := start()
	for range 500 {
		r.fan.Request(historytest.Request("old"))
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	yaml := write(t, "heald.yaml", minimal+"record: {store: 'sqlite:"+path+"'}\n")
	t.Setenv("KEY", "a-credential-of-some-length")
	if code, out, errs := heald(t, "check", "--config", yaml); code != exitOK || strings.Contains(out, "damaged") {
		t.Errorf("exit %d:\n%s%s", code, out, errs)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(text[4096 : 12*4096])
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}

	code, out, errs := heald(t, "check", "--config", yaml)
	if code != exitOK || !strings.Contains(out, "record.store: the file "+path+" is damaged: move it away with its -wal and -shm, and start heald") || !strings.Contains(out, "no request fails for that") || !strings.Contains(out, "no problems, ") {
		t.Errorf("exit %d:\n%s%s", code, out, errs)
	}

	r = start()
	defer func() { _ = r.close() }() // what was not written is an error
	d := newOnDisk(r.lacks, zap.New(core))
	soon(t, "the page does not say that the file is damaged", func() bool {
		trouble := d.trouble()
		return trouble != nil && strings.HasPrefix(trouble.Words, "is damaged: move it away") && trouble.Since.IsZero() && trouble.Memory
	})
	lines := logged.FilterMessageSnippet("the history on disk is damaged; heald goes on").All()
	if len(lines) != 1 || lines[0].ContextMap()["path"] != path || lines[0].Level != zap.ErrorLevel {
		t.Errorf("logged %v", lines)
	}
	r.fan.Request(historytest.Request("new", func(r *record.Request) { r.Time = time.Now() }))
	soon(t, "a new request is not shown", func() bool {
		page, err := d.Query(t.Context(), history.Filter{}, 0, 10)
		return err == nil && len(page.Items) > 0 && page.Items[0].RequestID == "new"
	})
	if _, err := d.Get(t.Context(), "new"); err != nil {
		t.Error(err)
	}
}

// A file whose beginning is damaged cannot be opened: heald says so before it starts.
func TestDamagedStoreThatCannotBeOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database at all\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KEY", "a-credential-of-some-length")
	code, out, errs := heald(t, "check", "--config", write(t, "heald.yaml", minimal+"record: {store: 'sqlite:"+path+"'}\n"))
	if code != exitProblems || !strings.Contains(out, "record.store: the file "+path+" is no database") || !strings.Contains(out, "heald does not start") || !strings.Contains(out, "move this file away, or name another one") {
		t.Errorf("exit %d:\n%s%s", code, out, errs)
	}
}
