package monitor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// reader takes a stream of events; while it is held, it takes nothing.
type reader struct {
	head http.Header
	code int
	held chan struct{} // has one place; synctest knows channels, not mutexes

	mu   sync.Mutex
	text strings.Builder
}

func newReader() *reader { return &reader{head: http.Header{}, held: make(chan struct{}, 1)} }

func (r *reader) Header() http.Header { return r.head }
func (r *reader) WriteHeader(code int) {
	r.code = code
}
func (r *reader) Flush() {}
func (r *reader) Write(b []byte) (int, error) {
	r.held <- struct{}{}
	defer func() { <-r.held }()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

// took returns what has come since the last call.
func (r *reader) took() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	text := r.text.String()
	r.text.Reset()
	return text
}

// following starts to follow; leave ends it and waits.
func following(ctx context.Context, m *Monitor, target string, headers ...string) (out *reader, leave func()) {
	out = newReader()
	ctx, cancel := context.WithCancel(ctx)
	req := httptest.NewRequest(http.MethodGet, target, nil).WithContext(ctx)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	done := make(chan struct{})
	go func() {
		m.ServeHTTP(out, req)
		close(done)
	}()
	synctest.Wait()
	return out, func() { cancel(); <-done }
}

// quiet says that a stream is there.
const quiet = "event: quiet\ndata: {}\n\n"

// plain hides that a store can be followed.
type plain struct{ history.Source }

func TestFollow(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"of a store that tells": func(*Options) {}, "of any store": func(o *Options) { o.Store = plain{o.Store} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, store := page(t, change)
				out, leave := following(t.Context(), m, "/api/follow?outcome=failed")
				defer leave()
				if got := out.took(); got != ": requests as they end\n\n" || out.head.Get("Content-Type") != "text/event-stream" {
					t.Errorf("%q", got)
				}
				store.Request(historytest.Request("passed"))
				for _, id := range []string{"new-1", "new-2"} {
					store.Request(historytest.Request(id, func(r *record.Request) { r.Outcome, r.Alias = "failed", "two\nlines" }))
				}
				time.Sleep(1100 * time.Millisecond)
				got := out.took()
				item, _ := store.Get(t.Context(), "new-1")
				if strings.Count(got, "event: request\n") != 2 || !strings.HasPrefix(got, fmt.Sprintf("id: %d\nevent: request\ndata: {", item.Cursor)) ||
					strings.Index(got, "new-1") > strings.Index(got, "new-2") || strings.Count(got, "\n") != 8 {
					t.Errorf("%q", got)
				}
				time.Sleep(keepAlive + time.Second)
				if got := out.took(); got != quiet {
					t.Errorf("%q", got)
				}
			})
		})
	}
}

// A reader that reconnects gets what it missed, in order, and is told if that is
// more than a page.
func TestFollowAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, store := page(t)
		item, _ := store.Get(t.Context(), "id-1")
		out, leave := following(t.Context(), m, "/api/follow", "Last-Event-ID", fmt.Sprint(item.Cursor))
		if got := out.took(); strings.Count(got, "event: request") != 2 || strings.Index(got, "id-2") > strings.Index(got, "id/3") {
			t.Errorf("%q", got)
		}
		leave()
		for i := range history.MaxPage + 10 {
			store.Request(historytest.Request(fmt.Sprint(i)))
		}
		out, leave = following(t.Context(), m, "/api/follow", "Last-Event-ID", fmt.Sprint(item.Cursor))
		if got := out.took(); strings.Count(got, "event: request") != history.MaxPage || strings.Count(got, "event: lost") != 1 {
			t.Errorf("%d events", strings.Count(got, "event: request"))
		}
		leave()
		out, leave = following(t.Context(), m, "/api/follow", "Last-Event-ID", "nonsense")
		if got := out.took(); strings.Contains(got, "event") {
			t.Errorf("%q", got)
		}
		leave()
	})
}

// A slow reader loses events, is told how many, and delays nobody.
func TestFollowSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, store := page(t)
		out, leave := following(t.Context(), m, "/api/follow")
		defer leave()
		out.took()
		out.held <- struct{}{}
		const told = 2000
		for i := range told {
			store.Request(historytest.Request(fmt.Sprint(i)))
		}
		time.Sleep(time.Second)
		<-out.held
		got := out.took()
		var lost, n int
		for line := range strings.Lines(got) {
			if _, err := fmt.Sscanf(line, `data: {"lost":%d}`, &n); err == nil {
				lost += n
			}
		}
		if sent := strings.Count(got, "event: request"); sent+lost != told || lost < 1000 {
			t.Errorf("%d sent, %d lost", sent, lost)
		}
	})
}

// The number of readers is bounded, and the end of the process ends them all.
func TestFollowersAreBoundedAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, store := page(t)
		var leaves []func()
		for range history.Followers {
			_, leave := following(t.Context(), m, "/api/follow")
			leaves = append(leaves, leave)
		}
		if w := get(m, "/api/follow"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !onlyError(w) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		leaves[0]()
		_, leave := following(t.Context(), m, "/api/follow")
		m.Close()
		synctest.Wait()
		if _, err := store.Follow(history.Filter{}); err != nil {
			t.Errorf("the places of those who left: %v", err)
		}
		for _, l := range append(leaves[1:], leave) {
			l()
		}
		out, leave := following(t.Context(), m, "/api/follow") // too late
		leave()
		if out.code != 0 && out.code != http.StatusOK {
			t.Error(out.code)
		}
	})
}

// few is a store of so many requests, with the cursors 1, 2, 3 …
type few struct {
	history.Source
	mu     sync.Mutex
	n      int
	asked  []history.Filter
	vanish bool // between the next two questions
}

func (s *few) grow(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += n
}

func (s *few) Query(_ context.Context, f history.Filter, before history.Cursor, limit int) (page history.Page, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, f)
	if s.vanish && limit > 1 {
		s.n, s.vanish = 0, false
	}
	for i := s.n; i > 0 && len(page.Items) < limit; i-- {
		page.Items = append(page.Items, history.Item{Cursor: history.Cursor(i), Request: historytest.Request(fmt.Sprint("no-", i), func(r *record.Request) {
			r.Outcome = []string{"passed", "failed"}[i%2]
		})})
		page.Next = history.Cursor(i - 1)
	}
	return page, nil
}

// A store without a live stream also reports its very first request, is never
// searched with a filter, and the number of its readers is bounded.
func TestFollowByAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &few{}
		m := New(Options{Store: store})
		out, leave := following(t.Context(), m, "/api/follow?outcome=failed")
		out.took()
		tell := func(n int) string {
			store.grow(n)
			time.Sleep(askAgain + time.Millisecond)
			return out.took()
		}
		time.Sleep(askAgain / 2)
		if got := tell(1); !strings.HasPrefix(got, "id: 1\n") {
			t.Errorf("the first: %q", got)
		}
		if got := tell(1); got != "" {
			t.Errorf("one that the filter does not ask for: %q", got)
		}
		if got := tell(20); strings.Count(got, "event: request") != 10 || strings.Contains(got, "lost") {
			t.Errorf("twenty more: %q", got)
		}
		if got := tell(history.MaxPage + 100); strings.Count(got, "event: lost") != 1 || strings.Count(got, "event: request") != history.MaxPage/2 {
			t.Errorf("more than a page: %d", strings.Count(got, "event: request"))
		}
		if got := tell(history.MaxPage); strings.Contains(got, "event: lost") || strings.Count(got, "event: request") != history.MaxPage/2 {
			t.Errorf("a page: %d", strings.Count(got, "event: request"))
		}
		if got := tell(-10); got != "event: lost\ndata: {\"lost\":1}\n\n" {
			t.Errorf("a store that counts anew: %q", got)
		}
		if got := tell(2); strings.Count(got, "event: request") != 1 || strings.Contains(got, "event: lost") {
			t.Errorf("two more: %q", got)
		}
		store.mu.Lock()
		store.vanish = true
		store.mu.Unlock()
		if got := tell(5); strings.Contains(got, "event: request") {
			t.Errorf("what is deleted meanwhile: %q", got)
		}
		for _, f := range store.asked {
			if !reflect.DeepEqual(f, history.Filter{}) {
				t.Fatalf("asked for %+v", f)
			}
		}
		leaves := []func(){leave}
		for range history.Followers - 1 {
			_, leave := following(t.Context(), m, "/api/follow")
			leaves = append(leaves, leave)
		}
		if w := get(m, "/api/follow"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("one too many: %d", w.Code)
		}
		for _, leave := range leaves {
			leave()
		}
		_, leave = following(t.Context(), m, "/api/follow")
		leave()
		if m.asking.Load() != 0 {
			t.Errorf("%d places are still taken", m.asking.Load())
		}
	})
}

// busy is a store that is asked until the reader gives up.
type busy struct{ history.Source }

func (busy) Query(ctx context.Context, _ history.Filter, _ history.Cursor, _ int) (history.Page, error) {
	<-ctx.Done()
	return history.Page{}, errors.New("interrupted")
}

// A store that is busy when it is time to say that nothing has come does not end the
// stream.
func TestFollowABusyStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(Options{Store: busy{}})
		out, leave := following(t.Context(), m, "/api/follow")
		defer leave()
		out.took()
		time.Sleep(2*keepAlive + time.Second)
		if got := out.took(); got != quiet+quiet {
			t.Errorf("%q", got)
		}
	})
}

// A question about the head alone does not follow, and one that nobody understands is
// refused.
func TestFollowRefuses(t *testing.T) {
	m, _ := page(t)
	r := httptest.NewRequest(http.MethodHead, "/api/follow", nil)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r) // returns
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := get(m, "/api/follow?since=x"); w.Code != http.StatusBadRequest || !onlyError(w) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// broken is a store that fails.
type broken struct{ history.Source }

func (broken) Query(context.Context, history.Filter, history.Cursor, int) (history.Page, error) {
	return history.Page{}, errors.New("disk: I/O error at /secret/path")
}

func (broken) Get(context.Context, string) (history.Item, error) {
	return history.Item{}, errors.New("disk: I/O error at /secret/path")
}

// If a store fails, the answer says so without the store's own error, and streams end.
func TestBrokenStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := page(t, func(o *Options) { o.Store = broken{o.Store} })
		for _, target := range []string{"/api/requests", "/api/requests/id-1", "/api/requests/id-1/report", "/api/facets", "/api/export?format=csv"} {
			if w := get(m, target); w.Code != http.StatusServiceUnavailable || !onlyError(w) || strings.Contains(w.Body.String(), "secret") || w.Header().Get("Content-Disposition") != "" {
				t.Errorf("%s: %d %s", target, w.Code, w.Body)
			}
		}
		for _, after := range []string{"", "1"} { // the second one has missed something
			_, leave := following(t.Context(), m, "/api/follow", "Last-Event-ID", after)
			if n := m.asking.Load(); n != 0 {
				t.Errorf("after %q: %d streams go on", after, n)
			}
			leave()
		}
	})
}

// Over a real connection, each event comes at once.
func TestFollowOverHTTP(t *testing.T) {
	m, store := page(t)
	server := httptest.NewServer(m)
	defer server.Close()
	defer m.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	resp, err := client.Get(server.URL + "/api/follow")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != ": requests as they end" {
		t.Fatal(lines.Text())
	}
	store.Request(historytest.Request("live"))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			break
		}
	}
	if !strings.Contains(lines.Text(), `"request_id":"live"`) {
		t.Errorf("%q, %v", lines.Text(), lines.Err())
	}
}
