package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// moment is when a client leaves.
type moment struct {
	name  string
	reply fakegemini.Reply // never ends by itself
	// messages is how many Envoy has told heald of each request by then:
	// headers, body, headers and body of the response.
	messages uint64
	begun    bool // a streaming client has bytes by then
}

var moments = []moment{
	{name: "before headers", reply: fakegemini.SilentBeforeHeaders(), messages: 2},
	{name: "silent after headers", reply: fakegemini.SilentAfterHeaders(), messages: 3},
	{name: "heartbeats", reply: fakegemini.Heartbeats(10*time.Millisecond, 0), messages: 4},
	{name: "mid-stream", reply: fakegemini.EndWithoutFinish("Half an ans").Then(fakegemini.Silence()), messages: 4, begun: true},
}

// Whenever a client leaves, everything that worked for it ends.
func TestDisconnects(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version})
		for range 4 { // connections and what else stays are there afterwards
			s.Post(messages, streamed)
		}
		s.Settle()
		quiet := s.Replicas[0].Goroutines()
		for _, m := range moments {
			for _, p := range stack.Protocols {
				t.Run(fmt.Sprintf("%s/%s", m.name, p), func(t *testing.T) {
					bothKinds(t, func(t *testing.T, stream bool) { m.leave(t, s, p, stream) })
				})
			}
		}
		// Each Envoy worker may have opened connections since: a handful of
		// goroutines, not one for each of the clients above.
		const slack = 12
		eventually(t, "goroutines back to where they were", func() bool {
			return s.Replicas[0].Goroutines() <= quiet+slack
		})
		t.Logf("goroutines: %d before, %d after", quiet, s.Replicas[0].Goroutines())
	})
}

// leave lets some clients ask, waits until the moment has come, and has them
// all leave.
func (m moment) leave(t *testing.T, s *stack.Stack, p stack.Protocol, stream bool) {
	const clients = 4
	fake, replica := s.Fake(), s.Replicas[0]
	fake.Reset()
	canceled := replica.Metric("heald_streams_total", `end="canceled"`)
	ctx, leave := context.WithCancel(patient(t))
	defer leave()
	client := stack.NewClient(t, p)
	told := messagesToHeald(t, s)
	begun := make(chan struct{}, clients)
	var wg sync.WaitGroup
	for range clients {
		fake.Enqueue(m.reply)
		wg.Go(func() { m.ask(ctx, s, client, stream, begun) })
	}
	if err := fake.WaitRequests(ctx, clients); err != nil {
		t.Fatal(err)
	}
	eventually(t, "heald knows of all that came", func() bool {
		return messagesToHeald(t, s) >= told+clients*m.messages
	})
	if m.begun && stream {
		for range clients {
			select {
			case <-begun:
			case <-ctx.Done():
				t.Fatal("the streams did not begin")
			}
		}
	}
	leave()
	wg.Wait()
	s.Settle()
	calls := fake.Requests()
	if len(calls) != clients {
		t.Errorf("%d upstream calls, want %d", len(calls), clients)
	}
	for _, c := range calls {
		if c.Ended != fakegemini.EndedClient {
			t.Errorf("an upstream call ended as %q, want %q", c.Ended, fakegemini.EndedClient)
		}
	}
	if n := replica.Metric("heald_streams_total", `end="canceled"`) - canceled; n != clients {
		t.Errorf("%v streams of heald were canceled, want %d", n, clients)
	}
}

// messagesToHeald is how many messages Envoy has sent to its sidecars.
func messagesToHeald(t *testing.T, s *stack.Stack) uint64 {
	t.Helper()
	stats, err := s.Envoy.Stats(t.Context(), `ext_proc.*stream_msgs_sent$`)
	if err != nil || len(stats) == 0 {
		t.Fatalf("no count of messages: %v", err)
	}
	sum := uint64(0)
	for _, n := range stats {
		sum += n
	}
	return sum
}

// ask reads what comes until ctx ends, and tells when something came.
func (m moment) ask(ctx context.Context, s *stack.Stack, c *http.Client, stream bool, begun chan<- struct{}) {
	resp, err := s.Open(ctx, c, messages, strings.NewReader(turn(model, "hello", stream)))
	if err != nil {
		return
	}
	defer resp.Body.Close()
	buf := make([]byte, 4*kib)
	for first := true; ; first = false {
		_, err := resp.Body.Read(buf)
		if first {
			begun <- struct{}{}
		}
		if err != nil {
			return
		}
	}
}
