package why

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
	"github.com/heald-proxy/heald/policies/state/redis"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// What replicas have written to the stream of a real Redis is found by the heald.yaml
// that names it.
func TestWhyOfRedis(t *testing.T) {
	server := redistest.Start(t)
	store, err := redis.New(redis.Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var list []record.Entry
	for i := range 5 {
		id := fmt.Sprintf("id-%d", i)
		list = append(list, record.Entry{Attempt: new(historytest.Failed(id, 1, "peek_eof", 200))},
			record.Entry{Request: new(historytest.Request(id, func(r *record.Request) {
				r.Time, r.Tried, r.Attempts[0].Number = historytest.Start.Add(time.Duration(i)*time.Minute), 2, 2
			}))})
	}
	if err := record.NewStream(store).Write(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "heald.yaml")
	text := "auth: none\nbackends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}]\nstate: {redis: {url: '" + server.URL() + "'}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := Where{Redis: true, Config: func() string { return file }}
	s, err := w.Open(t.Context(), nil, "id-3", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tell(t, "id-3", s.List...); err != nil || !inOrder(got, "request id-3", "the shared stream of records", "attempt 1", "attempt 2") {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := tell(t, "id-9", s.List...); err == nil || !inOrder(err.Error(), "nothing is known of id-9", "the shared stream of records, which reaches back to") {
		t.Error(err)
	}
	s, err = w.Open(t.Context(), nil, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.List[0].Query(t.Context(), history.Filter{}, 0, 10)
	if err != nil || len(page.Items) != 5 {
		t.Errorf("%d requests, %v", len(page.Items), err)
	}
	server.Kill()
	if _, err := w.Open(t.Context(), nil, "", time.Time{}); err == nil || !inOrder(err.Error(), "the shared stream of records does not answer") {
		t.Error(err)
	}
}
