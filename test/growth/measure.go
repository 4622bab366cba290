package main

import (
	"math"
	"runtime"
	"syscall"
	"time"
)

const (
	// bodyLimit is the longest body that heald takes by default, in bytes.
	bodyLimit = 32 << 20
	// shortest is the length that is tried first. A hundred times as many
	// messages are still taken.
	shortest = 900
	// tellable is the time above which growth can be distinguished from noise.
	tellable = 20 * time.Millisecond
	// enough is the time from which on a longer list is not tried any more.
	enough = 3 * time.Second
	// roomy bounds what a list may allocate before a longer one is tried, in
	// bytes: the machine is shared.
	roomy = 256 << 20
)

// meter measures lists.
type meter struct {
	most int // entries
	// cost is the CPU time that a body takes, and the bytes it allocates.
	cost func(s sample, body []byte) (cpu time.Duration, allocated uint64)
}

// measure feeds longer and longer lists.
func (m meter) measure(s sample) row {
	r := row{name: s.name, exponent: math.NaN()}
	var before point
	for n := shortest; n <= m.most; n *= 10 {
		body := s.body(n)
		if len(body) > bodyLimit {
			break
		}
		cpu, allocated := m.cost(s, body)
		p := point{n, len(body), cpu}
		if before.entries > 0 && cpu >= tellable {
			// What is fixed counts for the shorter list as well, and makes the
			// growth look smaller than it is; below a tenth of a millisecond
			// it is all there is.
			base := max(before.cpu, 100*time.Microsecond)
			r.exponent = math.Log(float64(cpu)/float64(base)) / math.Log(float64(n)/float64(before.entries))
		}
		r.last, before = p, p
		if cpu >= enough || allocated >= roomy {
			break
		}
	}
	return r
}

// cost is the CPU time that a body takes, the best of three if it is short, and
// its allocations.
func cost(s sample, body []byte) (best time.Duration, allocated uint64) {
	for range 3 {
		work := s.prepare(body)
		var from, to runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&from)
		start := cpuTime()
		work()
		took := cpuTime() - start
		runtime.ReadMemStats(&to)
		allocated = to.TotalAlloc - from.TotalAlloc
		if best == 0 || took < best {
			best = took
		}
		if took > 100*time.Millisecond {
			break
		}
	}
	return best, allocated
}

// cpuTime is the time that the process has spent so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("growth: getrusage: " + err.Error()) // cannot fail for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
