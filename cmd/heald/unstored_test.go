package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/admin/monitor"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// fullStore is a process whose history on disk has room for small requests only.
type fullStore struct {
	*testing.T
	*records
	path string
	reg  *prometheus.Registry
	told int
}

func newFullStore(t *testing.T) *fullStore {
	s := &fullStore{T: t, path: filepath.Join(t.TempDir(), "history.db"), reg: prometheus.NewRegistry()}
	var err error
	s.records, err = newRecords(&config.Record{Store: "sqlite:" + s.path, StoreKeep: time.Hour, StoreMaxSize: 256 << 10}, nil, s.reg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// aClock stands still until it is told to go on.
type aClock struct{ now atomic.Int64 }

func (c *aClock) Now() time.Time      { return time.Unix(0, c.now.Load()) }
func (c *aClock) add(d time.Duration) { c.now.Add(int64(d)) }

func (s *fullStore) clock() *aClock {
	c := &aClock{}
	c.add(time.Duration(time.Now().UnixNano()))
	s.lacks.now = c.Now
	return c
}

// tell tells of requests, one after the other; those called "big…" have no room.
func (s *fullStore) tell(ids ...string) {
	s.Helper()
	for _, id := range ids {
		s.told++
		lost := s.lost()
		s.fan.Request(historytest.Request(id, func(r *record.Request) {
			r.Time = historytest.Start.Add(time.Duration(s.told) * time.Second)
			if strings.HasPrefix(id, "big") {
				r.Warnings = strings.Repeat(id, 50_000)
			}
			r.Alias = id
		}))
		soon(s.T, id+" is not in its place", func() bool {
			_, inMemory := s.past.memory.Get(s.Context(), id)
			_, inFile := s.store.Get(s.Context(), id)
			return inMemory == nil && (inFile == nil || s.lost() > lost)
		})
	}
}

// lost is the counter of records that were dropped.
func (s *fullStore) lost() int {
	s.Helper()
	families, err := s.reg.Gather()
	if err != nil {
		s.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "heald_record_dropped_total" && m.GetLabel()[0].GetValue() == "store" {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	return 0
}

// list is what the page lists, in pages of some requests.
func (s *fullStore) list(d *onDisk, f history.Filter, limit int) (out []string) {
	s.Helper()
	var before history.Cursor
	for range 50 {
		page, err := d.Query(s.Context(), f, before, limit)
		if err != nil {
			s.Fatal(err)
		}
		for _, item := range page.Items {
			out = append(out, item.RequestID)
		}
		if before = page.Next; before == 0 {
			return out
		}
	}
	s.Fatal("the list has no end")
	return nil
}

// Where the disk is full, the list goes on with the newest requests, from memory; each
// is there once, whatever the pages; the metric counts them, and the page says since
// when and why.
func TestFullDisk(t *testing.T) {
	s := newFullStore(t)
	d := newOnDisk(s.lacks, zap.NewNop())
	clock := s.clock()
	s.tell("a", "b", "c")
	if d.trouble() != nil {
		t.Errorf("%+v", d.trouble())
	}
	failed := clock.Now()
	s.tell("big-1", "d", "big-2", "e", "big-3")
	want := []string{"big-3", "e", "big-2", "d", "big-1", "c", "b", "a"}
	for _, limit := range []int{1, 2, 3, 4, 5, 6, 100} {
		if got := s.list(d, history.Filter{}, limit); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v, want %v", limit, got, want)
		}
	}
	if got := s.list(d, history.Filter{Models: []string{"big-1", "a", "d"}}, 1); !slices.Equal(got, []string{"d", "big-1", "a"}) {
		t.Errorf("with a filter: %v", got)
	}
	if facets, err := d.Facets(t.Context()); err != nil || !slices.Contains(facets.Models, "big-2") || !slices.Contains(facets.Models, "a") {
		t.Errorf("%v, %v", facets.Models, err)
	}
	if trouble := d.trouble(); trouble == nil || !trouble.Since.Equal(failed) || !trouble.Until.IsZero() || trouble.Records != 3 || !trouble.Memory ||
		trouble.Words != "cannot grow: the disk, or the user's share of it, is full" {
		t.Errorf("%+v", trouble)
	}
	if n := s.lost(); n != 3 {
		t.Errorf("%d records are counted as dropped", n)
	}
	// An id that is used again is the newest's, wherever that is.
	s.tell("f")
	item, err := s.store.Get(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	s.past.memory.Request(historytest.Request("f", func(r *record.Request) { r.Time, r.Alias = item.Time.Add(time.Minute), "newer" }))
	if item, err := d.Get(t.Context(), "f"); err != nil || item.Alias != "newer" {
		t.Errorf("%s, %v", item.Alias, err)
	}

	clock.add(gapPause)
	s.tell("g")
	if got := s.list(d, history.Filter{}, 3); !slices.Equal(got, []string{"g", "f", "e", "d", "c", "b", "a"}) {
		t.Errorf("once there is room again: %v", got)
	}
	if trouble := d.trouble(); trouble == nil || !trouble.Since.Equal(failed) || !trouble.Until.Equal(failed) || trouble.Records != 3 {
		t.Errorf("%+v", trouble)
	}
	clock.add(gapTold)
	if d.trouble() != nil {
		t.Errorf("a day later: %+v", d.trouble())
	}
}

// The queues of the file and of the memory may get two requests of the same moment in
// different orders.
func TestFullDiskInTheMiddleOfABatch(t *testing.T) {
	s := newFullStore(t)
	d := newOnDisk(s.lacks, zap.NewNop())
	request := func(id string) *record.Request {
		return new(historytest.Request(id, func(r *record.Request) {
			if r.Time = historytest.Start; id == "big" {
				r.Warnings = strings.Repeat(id, 100_000)
			}
		}))
	}
	for _, id := range []string{"a", "big", "b"} {
		s.past.memory.Request(*request(id))
	}
	for _, id := range []string{"a", "b", "big"} {
		err := s.lacks.Write(t.Context(), []record.Entry{{Request: request(id)}})
		if (err != nil) != (id == "big") {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, limit := range []int{1, 2, 10} {
		if got := s.list(d, history.Filter{}, limit); !slices.Equal(got, []string{"big", "b", "a"}) {
			t.Errorf("in pages of %d: %v", limit, got)
		}
	}
}

// counting counts the questions.
type counting struct {
	*onDisk
	asked atomic.Int32
}

func (c *counting) Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (history.Page, error) {
	defer c.asked.Add(1)
	return c.onDisk.Query(ctx, f, before, limit)
}

// Whoever follows the requests is told of each once, when the file begins to fail and
// when it works again.
func TestFullDiskIsFollowed(t *testing.T) {
	s := newFullStore(t)
	clock := s.clock()
	s.tell("a", "b")
	d := &counting{onDisk: newOnDisk(s.lacks, zap.NewNop())}
	page := monitor.New(monitor.Options{Store: d})
	server := httptest.NewServer(page)
	defer server.Close()
	defer page.Close()
	client := server.Client()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // where what is expected never comes
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/follow", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewScanner(resp.Body)
	in.Buffer(nil, 4<<20)
	var seen []string
	until := func(last string) {
		t.Helper()
		for in.Scan() {
			for _, id := range []string{"a", "b", "c", "big-1", "d", "big-2"} {
				if strings.Contains(in.Text(), fmt.Sprintf(`"request_id":%q`, id)) {
					seen = append(seen, id)
				}
			}
			if strings.HasPrefix(in.Text(), "event: lost") {
				seen = append(seen, "lost")
			}
			if len(seen) > 0 && seen[len(seen)-1] == last {
				return
			}
		}
		t.Fatalf("the stream ended after %v: %v", seen, in.Err())
	}
	soon(t, "the stream does not ask", func() bool { return d.asked.Load() > 1 }) // the first time it learns what is the newest
	s.tell("c")
	until("c")
	s.tell("big-1", "d", "big-2")
	until("big-2")
	if !slices.Equal(seen, []string{"c", "big-1", "d", "big-2"}) {
		t.Errorf("told of %v", seen)
	}
	clock.add(gapPause)
	s.tell("e")
	until("lost") // whoever follows begins anew
}

// What is wrong with the store is a part of the page's facts.
func TestTroubleIsTold(t *testing.T) {
	s := newFullStore(t)
	d := newOnDisk(s.lacks, zap.NewNop())
	page := monitor.New(monitor.Options{Store: d, Trouble: d.trouble})
	defer page.Close()
	info := func() string {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/info", nil))
		return w.Body.String()
	}
	if got := info(); strings.Contains(got, "trouble") {
		t.Error(got)
	}
	if err := os.Rename(s.path, s.path+".1"); err != nil {
		t.Fatal(err)
	}
	s.fan.Request(historytest.Request("id-1"))
	soon(t, "the page does not say that the file is gone", func() bool { return strings.Contains(info(), `"words":"was moved away or deleted: restart heald`) })
	if got := info(); !strings.Contains(got, `"trouble":{"since":"`) || !strings.Contains(got, `"records":1,"memory":true`) || strings.Contains(got, "until") || strings.Contains(got, s.path) {
		t.Error(got)
	}
	if err := os.Rename(s.path+".1", s.path); err != nil {
		t.Fatal(err)
	}
}

// Without a memory there is nothing else to show, but the page says why.
func TestFullDiskWithoutMemory(t *testing.T) {
	s := newFullStore(t)
	s.lacks.memory, s.past.memory = nil, nil
	d := newOnDisk(s.lacks, zap.NewNop())
	for _, id := range []string{"a", "big-1"} {
		r := historytest.Request(id)
		if id == "big-1" {
			r.Warnings = strings.Repeat(id, 50_000)
		}
		_ = s.lacks.Write(context.Background(), []record.Entry{{Request: &r}})
	}
	if got := s.list(d, history.Filter{}, 10); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %v", got)
	}
	if trouble := d.trouble(); trouble == nil || trouble.Memory {
		t.Errorf("%+v", trouble)
	}
}
