package exchange

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
)

// What a request may take at its peak, body included: a multiple of the body,
// and bytes beyond for the entries that a small body may have, too.
const (
	memoryMultiple = 10
	memoryFloor    = 5 << 20
)

// memorySizes are the sizes of bodies in KB, for HEALD_MEMORY to replace.
const memorySizes = "512"

// stopTheWorld makes collections count nothing that has become garbage
// meanwhile. It is read when a process starts.
const stopTheWorld = "gcstoptheworld=2"

// newMemoryExchange is an exchange as the binary runs it, which logs to
// nowhere.
func newMemoryExchange(t *testing.T) *Exchange {
	t.Helper()
	counters := NewMetrics(prometheus.NewRegistry())
	x, err := New(Config{
		Backends:   []route.Backend{{Name: "a", Kind: route.AIStudio}},
		Accounts:   []account.Account{{ID: "a-1", Backend: "a", Secret: account.NewSecret("key")}},
		MemoryKeys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
	}, Deps{Log: zap.NewNop(), Metrics: counters, Signatures: NewSignatures(counters)})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// peakOf runs f and returns the most memory that was reachable at the end of a
// garbage collection meanwhile, beyond what was before, and all that f
// allocated. Collections follow each other closely, so that little is missed.
func peakOf(f func()) (peak, allocated uint64) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	base := liveHeap()
	var most atomic.Uint64
	var over atomic.Bool
	defer over.Store(true)
	var watch func(*[16]byte) // runs after each collection
	watch = func(*[16]byte) {
		most.Store(max(most.Load(), liveHeap()))
		if !over.Load() {
			runtime.SetFinalizer(new([16]byte), watch)
		}
	}
	watch(nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return max(most.Load(), liveHeap()) - base, after.TotalAlloc - before.TotalAlloc
}

// liveHeap is what the last garbage collection found reachable, in bytes.
func liveHeap() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

// take leads a request to the point where it goes upstream, and tells how that
// ended.
func take(x *Exchange, path string, body []byte) string {
	ctx := context.Background()
	a := x.Begin(ctx, &policies.Request{Method: "POST", Path: path, Headers: policies.Headers{
		{Name: policies.HeaderRequestID, Value: "id"}, {Name: policies.HeaderAttemptCount, Value: "1"},
	}})
	defer a.Close(policies.EndCancelled)
	if r := a.RequestHeaders(); r != nil {
		return strconv.Itoa(r.Status)
	}
	f, r := a.RequestBody(ctx, body)
	if r != nil {
		return fmt.Sprintf("%d %.200s", r.Status, strings.Join(strings.Fields(string(r.Body)), " ")) // on one line
	}
	return fmt.Sprintf("sent %.1f x", float64(len(f.Body))/float64(len(body)))
}

// TestMemory asserts that no JSON makes a request take more than a small
// multiple of its bytes. It runs in a process of its own, whose collections are
// exact. `make memory` prints the table, for larger bodies.
func TestMemory(t *testing.T) {
	if os.Getenv("GODEBUG") != stopTheWorld {
		self := exec.Command(os.Args[0], "-test.run=^TestMemory$") //nolint:gosec // it is this test
		self.Env = append(os.Environ(), "GODEBUG="+stopTheWorld)
		if out, err := self.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	x := newMemoryExchange(t)
	list, table := os.LookupEnv("HEALD_MEMORY")
	if !table {
		list = memorySizes
	}
	for _, s := range memoryShapes() {
		t.Run(s.wire.name+"/"+s.name, func(t *testing.T) {
			for size := range strings.SplitSeq(list, ",") {
				kb, err := strconv.Atoi(size)
				if err != nil {
					t.Fatalf("HEALD_MEMORY is a list of sizes in KB: %v", err)
				}
				body, result := s.body(kb<<10), ""
				take(x, s.wire.path, []byte(`{}`)) // what is made once is made now
				peak, allocated := peakOf(func() { result = take(x, s.wire.path, body) })
				peak += uint64(len(body))
				multiple := func(n uint64) float64 { return float64(n) / float64(len(body)) }
				if table {
					fmt.Printf("%-10s %-38s %6d KB  peak %5.1f x  allocated %5.1f x  %s\n",
						s.wire.name, s.name, kb, multiple(peak), multiple(allocated), result)
				}
				if most := uint64(memoryMultiple*len(body) + memoryFloor); peak > most {
					t.Errorf("%d bytes take %d, %.1f times as much; %d are allowed: %s", len(body), peak, multiple(peak), most, result)
				}
			}
		})
	}
}
