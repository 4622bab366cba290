package pool

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

const (
	// redisSlow is what a message to or from the slow Redis takes longer.
	redisSlow = 15 * time.Millisecond
	// stall is how much slower than the slowest one without anybody watching a
	// request may be: it catches one that waits for a sink, not a busy machine.
	stall = 8 * time.Second
	// watchedGrowth bounds what a replica holds more after all rounds than after the
	// first: queues and history have their own bounds.
	watchedGrowth = 128 << 20
)

// Whoever watches is no reason for a request to fail or to wait: with bodies kept,
// a collector that is dead and one that hangs, a slow Redis and pages that follow
// and do not read, all answers come as without any of it. What a sink cannot take
// is counted, and a replica ends in time.
func TestEverythingOn(t *testing.T) {
	clients, rounds := sized(60, 500), sized(5, 20)
	server := redistest.Start(t)
	plain := watched{stack.Start(t, watchedOptions(server.URL(), nil)), t}
	alone := plain.load(clients, rounds)
	for _, r := range plain.Replicas {
		plain.end(r)
	}

	redis := newCable(t, server.Addr())
	redis.slow.Store(int64(redisSlow))
	dir, collectors := t.TempDir(), []string{dead(t), hanging(t)}
	store := func(i int) string { return filepath.Join(dir, fmt.Sprintf("replica-%d.db", i)) }
	s := watched{stack.Start(t, watchedOptions(redis.url(), func(i int) string {
		return fmt.Sprintf("record: {store: 'sqlite:%s', bodies: all, redis_stream: true, otlp: {endpoint: 'http://%s', timeout: 1s}}\n", store(i), collectors[i])
	})), t}
	for _, r := range s.Replicas {
		if info := r.Get("/api/info"); !strings.Contains(info, `"bodies":"all"`) {
			t.Fatalf("not everything is on: %s", info)
		}
		follow(t, r, true)
		follow(t, r, false)
	}
	s.load(clients, 1) // warms up
	var before []uint64
	for _, r := range s.Replicas {
		r.Live() // collects garbage
		before = append(before, r.Resident())
	}
	all := s.load(clients, rounds)
	t.Logf("%d requests of %d clients: the slowest took %v without and %v with everything on, the median %v and %v",
		len(all), clients, last(alone), last(all), alone[len(alone)/2], all[len(all)/2])
	if last(all) > last(alone)+stall {
		t.Errorf("the slowest took %v, without anybody watching %v", last(all), last(alone))
	}
	for i, r := range s.Replicas {
		r.Live()
		if now := r.Resident(); now > before[i]+watchedGrowth {
			t.Errorf("replica %d grew from %d to %d MiB", i, before[i]>>20, now>>20)
		}
		eventually(t, "what collectors do not take is counted", patience, func() bool { return r.Metric("heald_record_dropped_total", `sink="otlp"`) > 0 })
		for _, sink := range []string{"store", "bodies", "redis_stream", "otlp"} {
			t.Logf("replica %d: %v records dropped by %s", i, r.Metric("heald_record_dropped_total", fmt.Sprintf("sink=%q", sink)), sink)
		}
	}
	sum := 0
	for i, r := range s.Replicas {
		told := len(r.Log.Lines("request finished"))
		sum += told
		dropped := int(r.Metric("heald_record_dropped_total", `sink="store"`))
		s.end(r)
		// A store has its own replica's requests, and by redis_stream those of the others.
		if kept := requestsIn(t, store(i)); kept > clients*(rounds+1) || kept+dropped < told {
			t.Errorf("replica %d: %d requests ended, %d are kept and %d records counted as dropped", i, told, kept, dropped)
		}
	}
	if want := clients * (rounds + 1); sum != want {
		t.Errorf("%d requests have ended, want %d", sum, want)
	}
}

// watchedOptions are two replicas that share a Redis; own are lines of each one.
func watchedOptions(redis string, own func(int) string) stack.Options {
	return stack.Options{
		Envoy: locate.Versions[0], Plain: true, Replicas: 2, Own: own, Drain: time.Second,
		Config: fmt.Sprintf("state: {redis: {url: '%s'}}\n", redis),
		Fake:   fakegemini.Options{Pace: 50 * time.Millisecond},
	}
}

// watched is a set-up whose requests somebody watches, or nobody.
type watched struct {
	*stack.Stack
	t *testing.T
}

// load has clients ask for streams, each some times. All must get their whole
// answer. It returns how long each took, in order.
func (w watched) load(clients, rounds int) []time.Duration {
	w.t.Helper()
	client := stack.NewClient(w.t, stack.HTTP1)
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for round := range rounds {
				text := fmt.Sprintf("client %d in round %d", i, round)
				begun := time.Now()
				if err := w.ask(client, text, i*rounds+round); err != nil {
					w.t.Errorf("%s: %v", text, err)
				}
				mu.Lock()
				took = append(took, time.Since(begun))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	w.Settle()
	slices.Sort(took)
	return took
}

// ask sends a request in a trace that is sampled.
func (w watched) ask(client *http.Client, text string, n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := &dialects[n%len(dialects)]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+d.path(true), strings.NewReader(d.body(text, true)))
	if err != nil {
		return err
	}
	req.Header.Set("content-type", "application/json")
	req.Header.Set("traceparent", fmt.Sprintf("00-%032x-%016x-01", n+1, n+1))
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !d.whole(string(body), "You said: "+text, true)) {
		err = fmt.Errorf("%s: %d, %.300q", d.name, resp.StatusCode, body)
	}
	return err
}

// end ends a replica, which must not wait for those who watch.
func (w watched) end(r *stack.Replica) {
	w.t.Helper()
	r.Terminate()
	select {
	case <-r.Done():
		if err := r.Err(); err != nil {
			w.t.Errorf("%v ended: %v", r, err)
		}
	case <-time.After(patience):
		w.t.Errorf("%v does not end", r)
	}
}

func last(of []time.Duration) time.Duration { return of[len(of)-1].Round(time.Millisecond) }

// dead is an address where nothing listens.
func dead(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// hanging takes connections and never answers.
func hanging(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the kernel takes connections, nobody reads
	return l.Addr().String()
}

// follow has a page follow a replica until the test ends, and read what comes or
// not.
func follow(t *testing.T, r *stack.Replica, reads bool) {
	t.Helper()
	resp, err := http.Get("http://" + r.Admin + "/api/follow")
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("/api/follow: %s", resp.Status)
	}
	var read sync.WaitGroup
	if reads {
		read.Go(func() { _, _ = io.Copy(io.Discard, resp.Body) }) // ends with the body
	}
	t.Cleanup(func() {
		_ = resp.Body.Close()
		read.Wait()
	})
}

// requestsIn counts the requests of a store.
func requestsIn(t *testing.T, path string) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), stack.PlainBinary(t), "requests", "--store", "sqlite:"+path, "--json", "--limit", "1000000").Output()
	if err != nil {
		t.Fatalf("heald requests: %v", err)
	}
	return strings.Count(string(out), "\n")
}
