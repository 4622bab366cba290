package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/admin"
	"github.com/heald-proxy/heald/cmd/heald/admin/monitor"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
	"github.com/heald-proxy/heald/policies/state/redis"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

func openRecords(t *testing.T, cfg *config.Record, shared *redis.Store) *records {
	t.Helper()
	var r *records
	var err error
	if shared == nil {
		r, err = newRecords(cfg, nil, prometheus.NewRegistry(), zap.NewNop())
	} else {
		r, err = newRecords(cfg, shared, prometheus.NewRegistry(), zap.NewNop())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// soon waits until something is so that happens in the background.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 2000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(what)
}

// The page on the admin listener shows what was recorded, to browsers at this
// machine and to nobody's page but its own; what it streams ends with the process.
func TestPage(t *testing.T) {
	r := openRecords(t, &config.Record{}, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	page := monitor.New(monitor.Options{Store: r.past.memory, Now: r.past.now})
	s := admin.New(admin.Options{Registry: prometheus.NewRegistry(), Ready: func() (string, error) { return "", nil }, Page: page})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(path, host string, headers ...string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			req.Host = host
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	live := ask("/api/follow", "", "sec-fetch-site", "same-origin")
	defer live.Body.Close()
	r.fan.Attempt(historytest.Failed("id-1", 1, "peek_eof", 200))
	r.fan.Request(historytest.Request("id-1", func(r *record.Request) { r.Tried, r.Attempts[0].Number = 2, 2 }))
	soon(t, "the request is not remembered", func() bool { _, err := r.past.memory.Get(t.Context(), "id-1"); return err == nil })
	for _, c := range []struct {
		path, host, site string
		want             int
	}{
		{"/", "", "none", 200}, {"/monitor/index.html", "", "same-origin", 200}, {"/api/requests/id-1", "localhost:1", "same-origin", 200}, {"/accounts", "", "none", 404},
		{"/api/requests", "", "cross-site", 403}, {"/api/requests", "", "same-site", 403}, {"/api/requests", "evil.example", "same-origin", 403}, {"/", "evil.example", "none", 403},
		{"/nothing", "", "none", 404},
	} {
		resp := ask(c.path, c.host, "sec-fetch-site", c.site)
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != c.want || c.want == 403 && strings.Contains(string(body), "id-1") {
			t.Errorf("%+v: %d %s", c, resp.StatusCode, body)
		}
		if c.path == "/api/requests/id-1" && !strings.Contains(string(body), "peek_eof") {
			t.Errorf("%s", body)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if b, _ := io.ReadAll(live.Body); !strings.Contains(string(b), `"request_id":"id-1"`) {
		t.Errorf("followed: %s", b)
	}
}

// With history: 0 nothing is remembered, and the page says so.
func TestNothingIsRemembered(t *testing.T) {
	none := 0
	r := openRecords(t, &config.Record{History: &none}, nil)
	if r.past.memory != nil || len(r.queues) != 0 {
		t.Error("it is remembered")
	}
	r.fan.Request(historytest.Request("id-1"))
}

// With a stream in Redis, the page of any replica shows all replicas' requests:
// those from before its start, and those that come; its own once.
func TestReplicasShareHistory(t *testing.T) {
	server := redistest.Start(t)
	replica := func() *records {
		store, err := redis.New(redis.Config{URL: server.URL()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return openRecords(t, &config.Record{RedisStream: true}, store)
	}
	a := replica()
	a.fan.Attempt(historytest.Failed("id-1", 1, "rate_limited", 429))
	a.fan.Request(historytest.Request("id-0"))
	b := replica()
	second := historytest.Request("id-1")
	second.Tried, second.Attempts[0].Number = 2, 2
	b.fan.Request(second)
	for name, r := range map[string]*records{"a": a, "b": b} {
		soon(t, name+" does not know all of both requests", func() bool {
			item, err := r.past.memory.Get(t.Context(), "id-1")
			_, other := r.past.memory.Get(t.Context(), "id-0")
			return err == nil && other == nil && len(item.Attempts) == 2 && item.Attempts[0].Reason == "rate_limited"
		})
		page, err := r.past.memory.Query(t.Context(), history.Filter{}, 0, 10)
		if err != nil || len(page.Items) != 2 {
			text, _ := json.Marshal(page)
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}
