package e2e

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// load is a crowd of clients that ask for one stream after another.
type load struct {
	s       *stack.Stack
	done    atomic.Int64
	stopped atomic.Bool
	wg      sync.WaitGroup
}

// start begins with n clients, half of them on each protocol.
func (l *load) start(t *testing.T, n int) {
	ctx := patient(t)
	for i := range n {
		client := stack.NewClient(t, stack.Protocols[i%len(stack.Protocols)])
		l.wg.Go(func() {
			for !l.stopped.Load() {
				l.ask(ctx, t, client)
			}
		})
	}
}

// ask takes a stream of about two seconds.
func (l *load) ask(ctx context.Context, t *testing.T, c *http.Client) {
	l.s.Fake().Enqueue(fakegemini.Text("one ", "two ", "three ", "four ", "five ", "six ", "seven ", "eight").Slow(250 * time.Millisecond))
	text, err := answerText(l.s.PostAs(ctx, c, messages, strings.NewReader(streamed)), true)
	if err != nil || text != "one two three four five six seven eight" {
		t.Errorf("a stream failed: %q, %v", text, err)
		l.stopped.Store(true)
	}
	l.done.Add(1)
}

func (l *load) stop() {
	l.stopped.Store(true)
	l.wg.Wait()
}

// One of two replicas is restarted under load, and no client notices.
func TestGracefulRestart(t *testing.T) {
	const clients = 200
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2})
		healthy(t, s, 2)
		l := &load{s: s}
		l.start(t, clients)
		defer l.stop()
		active := func(i int) float64 { return s.Replicas[i].Metric("heald_streams_active") }
		eventually(t, "both replicas share the load", func() bool {
			return s.Fake().Active() >= clients*9/10 && active(0) > clients/4 && active(1) > clients/4
		})

		running := active(0)
		stopInOrder(t, s.Replicas[0])
		s.Restart(0)
		healthy(t, s, 2)
		eventually(t, "the new replica has its share", func() bool { return active(0) > clients/4 })
		l.stop()
		s.Settle()
		t.Logf("%d streams, all complete; %v ran on the replica when it was asked to stop", l.done.Load(), running)
	})
}

// stopInOrder asks a replica to stop, and waits until it has.
func stopInOrder(t *testing.T, r *stack.Replica) {
	t.Helper()
	r.Terminate()
	select {
	case <-r.Done():
	case <-patient(t).Done():
		t.Fatal("the replica does not end")
	}
	if err := r.Err(); err != nil {
		t.Errorf("the replica ended with %v, want exit code 0", err)
	}
}
