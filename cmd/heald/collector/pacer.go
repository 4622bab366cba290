package collector

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Pacer chooses GOGC after each collection. Its zero value does nothing; make
// one with New.
type Pacer struct {
	read func() Reading
	set  func(percent int)

	mu      sync.Mutex
	limit   int64 // 0 for none
	percent int   // the value that is set; 0 before the first
	stopped bool
}

// New returns a pacer for this process, without a limit, and starts it. The
// caller must see that the environment's GOGC wins: where it is set, there
// should be no pacer.
func New() *Pacer {
	p := newPacer(readRuntime, func(percent int) { debug.SetGCPercent(percent) })
	p.pace()
	p.wake()
	return p
}

func newPacer(read func() Reading, set func(int)) *Pacer { return &Pacer{read: read, set: set} }

// SetLimit tells how many bytes the process may use; 0 for no limit.
func (p *Pacer) SetLimit(bytes int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.limit = bytes
	p.mu.Unlock()
	p.pace()
}

// Stop ends it, and sets Go's own GOGC again.
func (p *Pacer) Stop() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.stopped = true
		p.set(plain)
	}
}

// pace sets the GOGC for now; false once it is stopped.
func (p *Pacer) pace() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	if percent := Percent(p.read(), p.limit); percent != p.percent {
		p.percent = percent
		p.set(percent)
	}
	return true
}

// collected is an object that nobody holds. It has a pointer, so that it shares
// its memory with no other.
type collected struct{ _ *byte }

// wake makes the next collection call pace.
func (p *Pacer) wake() {
	runtime.AddCleanup(&collected{}, func(p *Pacer) {
		if p.pace() {
			p.wake()
		}
	}, p)
}

// The names of runtime/metrics, each of the last collection.
const (
	liveBytes  = "/gc/heap/live:bytes"
	stackBytes = "/gc/scan/stack:bytes"
	globals    = "/gc/scan/globals:bytes"
)

func readRuntime() Reading {
	samples := []metrics.Sample{{Name: liveBytes}, {Name: stackBytes}, {Name: globals}}
	metrics.Read(samples)
	return Reading{Live: samples[0].Value.Uint64(), Roots: samples[1].Value.Uint64() + samples[2].Value.Uint64()}
}
