package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/stack"
)

// Bounds on what the readers of TestReaders may add to the memory; their
// answers are 80 MB.
const (
	// Of a stream, Envoy keeps several buffers of about twice the limit, which
	// is 1 MiB by default: it stops reading from the provider.
	envoyStreams = 48 * mib
	// A document comes from heald at once, and Envoy takes all of it.
	envoyDocuments = 96 * mib
	// What heald's process holds, garbage included: of streams little, and all
	// documents at once, since clients get them whole or not at all.
	healdStreams   = 128 * mib
	healdDocuments = 512 * mib
	// What heald has in use while four readers do not read their 40 MB: what
	// fits into the flow-control windows on both sides.
	healdStanding = 16 * mib
)

// watcher keeps the most memory that was used while it watched.
type watcher struct {
	envoyBefore, healdBefore uint64
	liveBefore               uint64 // of heald
	envoyBound, healdBound   uint64
	envoyMost, healdMost     uint64
	stop                     context.CancelFunc
	stopped                  chan struct{} // closed when the figures stand
}

func watchMemory(t *testing.T, s *stack.Stack, stream bool) *watcher {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watcher{stop: stop, stopped: make(chan struct{}), envoyBound: envoyDocuments, healdBound: healdDocuments}
	if stream {
		w.envoyBound, w.healdBound = envoyStreams, healdStreams
	}
	now := func() (envoy, heald uint64) {
		envoy, err := s.Envoy.Memory(t.Context())
		if err != nil {
			t.Errorf("envoy does not say what it uses: %v", err)
		}
		return envoy, s.Replicas[0].Resident()
	}
	w.liveBefore = s.Replicas[0].Live()
	w.envoyBefore, w.healdBefore = now()
	go func() { // ends with report, or with the test
		defer close(w.stopped)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				envoy, heald := now()
				w.envoyMost, w.healdMost = max(w.envoyMost, envoy), max(w.healdMost, heald)
			case <-ctx.Done():
				return
			}
		}
	}()
	return w
}

// standing checks what heald keeps while nothing moves.
func (w *watcher) standing(t *testing.T, s *stack.Stack) {
	t.Helper()
	live := s.Replicas[0].Live()
	t.Logf("MiB in use by heald: %d before, %d for those who do not read", w.liveBefore/mib, live/mib)
	if live > w.liveBefore+healdStanding {
		t.Errorf("heald keeps %d MiB more, bound %d", (live-w.liveBefore)/mib, healdStanding/mib)
	}
}

// report ends the watch and holds what it saw against the bounds.
func (w *watcher) report(t *testing.T) {
	t.Helper()
	w.stop()
	<-w.stopped
	t.Logf("MiB before and at most: Envoy %d, %d; heald %d, %d",
		w.envoyBefore/mib, w.envoyMost/mib, w.healdBefore/mib, w.healdMost/mib)
	if w.envoyMost > w.envoyBefore+w.envoyBound {
		t.Errorf("envoy took %d MiB more, bound %d", (w.envoyMost-w.envoyBefore)/mib, w.envoyBound/mib)
	}
	if w.healdMost > w.healdBefore+w.healdBound {
		t.Errorf("heald took %d MiB more, bound %d", (w.healdMost-w.healdBefore)/mib, w.healdBound/mib)
	}
}
