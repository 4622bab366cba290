package history_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	historytest.Test(t, func(*testing.T) history.Store { return history.NewMemory(history.MemoryOptions{}) })
}

func TestMemorySearch(t *testing.T) {
	historytest.TestSearch(t, history.NewMemory(history.MemoryOptions{SearchTime: -1}))
}

// all returns what a store has, the newest first.
func all(t testing.TB, s history.Store) []history.Item {
	t.Helper()
	var out []history.Item
	var before history.Cursor
	for {
		p, err := s.Query(context.Background(), history.Filter{}, before, history.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Items...)
		if before = p.Next; before == 0 {
			return out
		}
	}
}

// The newest 10,000 requests are remembered.
func TestMemoryIsBoundedByNumber(t *testing.T) {
	m := history.NewMemory(history.MemoryOptions{})
	for i := range 3 * history.DefaultRequests {
		m.Request(historytest.Request(fmt.Sprint(i)))
	}
	items := all(t, m)
	if len(items) != history.DefaultRequests || items[0].RequestID != "29999" || items[9999].RequestID != "20000" {
		t.Fatalf("%d requests", len(items))
	}
	if _, err := m.Get(t.Context(), "19999"); !errors.Is(err, history.ErrNotFound) {
		t.Error("an old one is remembered")
	}
	if _, err := m.Get(t.Context(), "20000"); err != nil {
		t.Error(err)
	}
	m.Attempt(historytest.Failed("5", 2, "peek_eof", 200)) // its request is forgotten
	if p, _ := m.Query(t.Context(), history.Filter{}, items[9999].Cursor, 10); len(p.Items) != 0 || p.Next != 0 {
		t.Errorf("before the oldest: %+v", p)
	}
}

// Long texts cost older requests, never more memory: whatever clients send,
// DefaultBytes is about what it takes. So do attempts without a request.
func TestMemoryIsBoundedBySize(t *testing.T) {
	for name, tell := range map[string]func(*history.Memory, int){
		"requests as they are": func(m *history.Memory, i int) {
			id := fmt.Sprintf("9f1c2a34-5b6d-4e7f-8a90-%012d", i)
			m.Attempt(historytest.Failed(id, 1, "peek_eof", 200))
			m.Request(historytest.Request(id, func(r *record.Request) { r.Tried, r.Attempts = 2, []record.Attempt{historytest.Attempt(2)} }))
		},
		"long texts": func(m *history.Memory, i int) {
			m.Request(historytest.Request(fmt.Sprint(i), func(r *record.Request) { r.Alias = strings.Repeat("X", 20_000) }))
		},
		"joined long texts": func(m *history.Memory, i int) {
			m.Request(historytest.Request(fmt.Sprint(i)))
			a := historytest.Failed(fmt.Sprint(i), 2, "peek_eof", 200)
			a.Error = strings.Repeat("X", 20_000)
			m.Attempt(a)
		},
		"attempts alone": func(m *history.Memory, i int) { m.Attempt(historytest.Failed(fmt.Sprint(i), 1, "peek_eof", 200)) },
		"many attempts of one": func(m *history.Memory, i int) {
			m.Attempt(historytest.Failed(fmt.Sprint(i/1000), i, "peek_eof", 200))
		},
		"long attempts": func(m *history.Memory, i int) {
			a := historytest.Failed(fmt.Sprint(i), 1, "peek_eof", 200)
			a.Error = strings.Repeat("x", 20_000)
			m.Attempt(a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			m := history.NewMemory(history.MemoryOptions{})
			n := 2 * history.DefaultRequests
			if strings.Contains(name, "long") {
				n = 4000 // 80 MB of texts
			}
			for i := range n {
				tell(m, i)
			}
			used := int64(heap()) - int64(before)
			t.Logf("%d requests in %.1f MB", len(all(t, m)), float64(used)/(1<<20))
			if used > history.DefaultBytes*5/4 {
				t.Errorf("it takes %d bytes", used)
			}
			runtime.KeepAlive(m)
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// A record that is kept keeps nothing of the body or the headers that its texts are
// parts of.
func TestMemoryKeepsNoBodies(t *testing.T) {
	before := heap()
	m := history.NewMemory(history.MemoryOptions{})
	for i := range 200 {
		body := strings.Repeat(fmt.Sprintf("%09d ", i), 100_000) // 1 MB
		m.Request(historytest.Request(body[:9], func(r *record.Request) {
			r.Alias, r.Model, r.Attempts[0].Model, r.Attempts[0].Error = body[10:19], body[20:29], body[30:39], body[40:49]
			r.Resume = &record.Resume{Error: body[50:59]}
		}))
		a := historytest.Failed(body[:9], 2, body[60:69], 0)
		a.Error = body[70:79]
		m.Attempt(a)
		m.Attempt(historytest.Failed(body[1:10], 1, body[80:89], 0)) // of nobody
	}
	if _, err := m.Facets(t.Context()); err != nil {
		t.Error(err)
	}
	if used := int64(heap()) - int64(before); used > 20<<20 {
		t.Errorf("%d bytes are kept", used)
	}
	if item, err := m.Get(t.Context(), "000000007"); err != nil || item.Alias != "000000007" || item.Resume.Error != "000000007" {
		t.Errorf("%+v, %v", item, err)
	}
	runtime.KeepAlive(m)
}

// The record that was told stays as it is: other sinks have it, too.
func TestMemoryChangesNothing(t *testing.T) {
	m := history.NewMemory(history.MemoryOptions{})
	r := historytest.Request("id-1", func(r *record.Request) {
		r.Resume = &record.Resume{Result: "resumed"}
		r.Attempts = make([]record.Attempt, 2, 10)
		r.Attempts[0], r.Attempts[1] = record.Attempt{Number: 1}, historytest.Attempt(2)
	})
	m.Request(r)
	m.Attempt(historytest.Failed("id-1", 1, "peek_eof", 200))
	m.Attempt(historytest.Failed("id-1", 3, "peek_eof", 200))
	if r.Attempts[0].Reason != "" || len(r.Attempts) != 2 || r.Attempts[:3][2].Number != 0 {
		t.Errorf("%+v", r.Attempts)
	}
}

// A request that ends before an answer began is told by its attempts alone. After
// some silence it counts as ended.
func TestUnfinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := history.NewMemory(history.MemoryOptions{})
		at := func(a record.Attempt, began time.Duration) record.Attempt {
			a.Began, a.Time = record.Duration(began), historytest.Start.Add(began)
			return a
		}
		m.Attempt(at(historytest.Failed("left", 1, "rate_limited", 429), 0))
		m.Attempt(at(historytest.Failed("left", 2, "canceled", 0), 2*time.Second))
		m.Attempt(historytest.Failed("refused by Envoy", 1, "upstream_error", 500))
		time.Sleep(history.EndTime - time.Second)
		if items := all(t, m); len(items) != 0 {
			t.Errorf("too early: %+v", items)
		}
		m.Attempt(at(historytest.Failed("left", 3, "canceled", 0), 5*time.Second)) // one more
		time.Sleep(2 * time.Second)
		items := all(t, m)
		if len(items) != 1 || items[0].RequestID != "refused by Envoy" || items[0].Outcome != history.OutcomeFailed || items[0].Reason != "upstream_error" {
			t.Fatalf("%+v", items)
		}
		time.Sleep(history.EndTime)
		item, err := m.Get(t.Context(), "left")
		if err != nil || item.Outcome != history.OutcomeCanceled || !item.Aborted || item.Tried != 3 || len(item.Attempts) != 3 || item.API != "chat" || item.Tenant != "default" ||
			!item.Time.Equal(historytest.Start) || item.Duration != record.Duration(6200*time.Millisecond) {
			t.Errorf("%+v, %v", item, err)
		}
		// It goes on after all.
		m.Attempt(at(historytest.Failed("left", 4, "peek_eof", 200), 6*time.Second))
		if item, _ := m.Get(t.Context(), "left"); item.Tried != 4 || item.Outcome != history.OutcomeFailed || item.Reason != "peek_eof" {
			t.Errorf("%+v", item)
		}
		m.Request(historytest.Request("left", func(r *record.Request) { r.Tried, r.Attempts[0].Number = 5, 5 }))
		got, err := m.Get(t.Context(), "left")
		if err != nil || got.Outcome != "passed" || len(got.Attempts) != 5 || got.Cursor != item.Cursor || len(all(t, m)) != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		// An end that is told later changes nothing of another request with the id.
		m.Request(historytest.Request("left", func(r *record.Request) { r.Time = historytest.Start.Add(time.Hour) }))
		if got, _ := m.Get(t.Context(), "left"); len(got.Attempts) != 1 || len(all(t, m)) != 3 {
			t.Errorf("%+v", got)
		}
	})
}

// Attempts of an earlier request with the same id do not join a later one.
func TestMemorySameIDLater(t *testing.T) {
	m := history.NewMemory(history.MemoryOptions{})
	later := func(a record.Attempt, d time.Duration) record.Attempt {
		a.Time = a.Time.Add(d)
		return a
	}
	m.Request(historytest.Request("id-1"))
	m.Attempt(later(historytest.Failed("id-1", 2, "peek_eof", 200), time.Hour))
	if item, _ := m.Get(t.Context(), "id-1"); len(item.Attempts) != 1 {
		t.Errorf("an attempt an hour later has joined: %+v", item.Attempts)
	}
	m.Request(historytest.Request("id-1", func(r *record.Request) { r.Time, r.Attempts[0].Number = r.Time.Add(time.Hour), 3 }))
	if item, _ := m.Get(t.Context(), "id-1"); len(item.Attempts) != 2 {
		t.Errorf("%+v", item.Attempts)
	}
	// Number 3 of the second request is known: this is the beginning of a third.
	m.Attempt(later(historytest.Failed("id-1", 3, "upstream_error", 500), time.Hour))
	if item, _ := m.Get(t.Context(), "id-1"); item.Attempts[1].Reason != "ok" {
		t.Errorf("%+v", item.Attempts)
	}
}

func filled() *history.Memory {
	m := history.NewMemory(history.MemoryOptions{})
	for i := range history.DefaultRequests {
		id := fmt.Sprintf("9f1c2a34-5b6d-4e7f-8a90-%012d", i)
		m.Attempt(historytest.Failed(id, 1, "peek_eof", 200))
		m.Request(historytest.Request(id, func(r *record.Request) { r.Tried, r.Attempts = 2, []record.Attempt{historytest.Attempt(2)} }))
	}
	return m
}

// Questions at 10,000 requests; those that find nothing look at all of them.
func BenchmarkQuery(b *testing.B) {
	m := filled()
	for name, f := range map[string]history.Filter{
		"newest": {}, "rare outcome": {Outcomes: []string{"failed"}}, "account": {Accounts: []string{"none"}}, "text": {Text: "Not There"},
		"id": {ID: "9f1c2a34-5b6d-4e7f-8a90-000000000001"}, "since": {Since: historytest.Start.Add(time.Hour)},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Query(b.Context(), f, 0, 200); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("facets", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = m.Facets(b.Context())
		}
	})
}
