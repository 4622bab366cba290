package observed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/prometheus"
	"github.com/heald-proxy/heald/test/stack"
)

// watch is a running set-up that is scraped as Prometheus would.
type watch struct {
	*stack.Stack
	prometheus.Recording
	redis *redistest.Server // nil for none
	t     testing.TB
}

func start(t testing.TB, o stack.Options) *watch {
	t.Helper()
	o.Plain = true
	w := &watch{Stack: stack.Start(t, o), t: t}
	w.eventually("all replicas healthy", func() bool { return w.healthy() == max(o.Replicas, 1) })
	return w
}

// scrape waits until nothing runs, and takes what replicas and Envoy tell.
func (w *watch) scrape() {
	w.t.Helper()
	w.Settle()
	w.scrapeNow()
}

// scrapeNow is scrape while requests run.
func (w *watch) scrapeNow() {
	w.t.Helper()
	w.Begin()
	for i, r := range w.Replicas {
		labels := fmt.Sprintf(`job="heald",instance="heald-%d"`, i)
		select {
		case <-r.Done():
			w.Add(labels, "", false)
		default:
			w.Add(labels, r.Get("/metrics"), true)
		}
	}
	w.Add(`job="envoy",instance="envoy-0"`, w.get(`/stats/prometheus?filter=^cluster\.(inner|heald)\.`), true)
}

func (w *watch) get(path string) string {
	w.t.Helper()
	resp, err := http.Get("http://" + w.Envoy.AdminAddress() + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// healthy is how many replicas Envoy reaches.
func (w *watch) healthy() int {
	stats, err := w.Envoy.Stats(w.t.Context(), `^cluster\.heald\.membership_healthy$`)
	if err != nil {
		w.t.Fatal(err)
	}
	return int(stats["cluster.heald.membership_healthy"])
}

// patience bounds every wait for something that must happen; a test that reaches it
// has failed.
const patience = time.Minute

func (w *watch) eventually(what string, holds func() bool) {
	w.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(end) {
			w.t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// model is the one that clients ask for.
const model = "gemini-3.5-flash"

// request is one of a client.
type request struct {
	path, body, key string
}

func claude(text string) request {
	return request{"/v1/messages", fmt.Sprintf(`{"model":%q,"max_tokens":1000,"stream":true,"messages":[{"role":"user","content":%q}]}`, model, text), ""}
}

func chat(text string) request {
	return request{"/v1/chat/completions", fmt.Sprintf(`{"model":%q,"logit_bias":{"1":5},"messages":[{"role":"user","content":%q}]}`, model, text), ""}
}

// by is the request with a client's key.
func (r request) by(key string) request {
	r.key = key
	return r
}

// ask sends requests at the same time, and returns when all have their answers.
func (w *watch) ask(requests ...request) {
	w.t.Helper()
	var wg sync.WaitGroup
	for _, r := range requests {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+r.path, strings.NewReader(r.body))
			if err != nil {
				w.t.Error(err)
				return
			}
			req.Header.Set("content-type", "application/json")
			if r.key != "" {
				req.Header.Set("authorization", "Bearer "+r.key)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				w.t.Errorf("POST %s: %v", r.path, err)
				return
			}
			defer resp.Body.Close()
			_, _ = io.Copy(io.Discard, resp.Body) // that it breaks off is a part of some nights
		})
	}
	wg.Wait()
}

// times is the same request n times.
func times(n int, r request) []request {
	out := make([]request, n)
	for i := range out {
		out[i] = r
	}
	return out
}
