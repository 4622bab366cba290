package main

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
	"github.com/heald-proxy/heald/policies/state/redis"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// With a store in a file, the page shows all replicas' requests as well; each once,
// also after a restart, when the stream is read again, and without a memory.
func TestStoreHasAllReplicas(t *testing.T) {
	server := redistest.Start(t)
	store := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
	none := 0
	replica := func(cfg *config.Record) *records {
		s, err := redis.New(redis.Config{URL: server.URL()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		cfg.RedisStream, cfg.StoreKeep = true, time.Hour
		return openRecords(t, cfg, s)
	}
	shows := func(r *records, want int) {
		t.Helper()
		var page history.Page
		soon(t, "the page does not show all requests", func() bool {
			var err error
			page, err = newOnDisk(r.lacks, zap.NewNop()).Query(t.Context(), history.Filter{}, 0, 10)
			return err == nil && len(page.Items) >= want
		})
		if len(page.Items) != want {
			t.Errorf("%d requests, want %d", len(page.Items), want)
		}
	}
	a, b := replica(&config.Record{Store: store}), replica(&config.Record{})
	now := func(id string) { // not so old that it is deleted
		r := historytest.Request(id)
		r.Time = time.Now()
		map[string]*records{"of-a": a, "of-b": b}[id].fan.Request(r)
	}
	now("of-a")
	now("of-b")
	shows(a, 2)
	again := replica(&config.Record{Store: store, History: &none}) // reads both from the stream
	r := historytest.Request("later")
	r.Time = time.Now()
	b.fan.Request(r)
	shows(again, 3)
	shows(a, 3)
}

// What the file does not answer, memory does; the log tells of it once.
func TestUnreadFile(t *testing.T) {
	r := openRecords(t, &config.Record{Store: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), StoreKeep: time.Hour}, nil)
	core, logged := observer.New(zap.WarnLevel)
	d := newOnDisk(r.lacks, zap.New(core))
	r.past.memory.Request(historytest.Request("no-room")) // in memory alone
	if _, err := d.Get(t.Context(), "no-room"); err != nil {
		t.Error(err)
	}
	if _, err := d.Get(t.Context(), "nobody's"); !errors.Is(err, history.ErrNotFound) || logged.Len() != 0 {
		t.Errorf("%v, %d lines", err, logged.Len())
	}
	if err := r.store.Reader.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		page, err := d.Query(t.Context(), history.Filter{}, 0, 10)
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%+v, %v", page, err)
		}
		if f, err := history.FacetsOf(t.Context(), d); err != nil || len(f.Backends) != 1 {
			t.Errorf("%+v, %v", f, err)
		}
	}
	if _, err := d.Bodies(t.Context(), "no-room", time.Time{}); err == nil || errors.Is(err, history.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if logged.FilterMessageSnippet("cannot be read").Len() != 1 {
		t.Errorf("%d lines of the log", logged.Len())
	}
}
