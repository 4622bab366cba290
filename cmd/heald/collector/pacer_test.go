package collector

import (
	"reflect"
	"runtime"
	"runtime/metrics"
	"testing"
)

// The live heap grows and shrinks; GOGC is set only when it changes.
func TestPacer(t *testing.T) {
	live := uint64(8 << 20)
	var set []int
	p := newPacer(func() Reading { return Reading{Live: live} }, func(percent int) { set = append(set, percent) })
	p.SetLimit(512 << 20)
	for _, live = range []uint64{9 << 20, 10 << 20, 128 << 20, 129 << 20, 400 << 20, 8 << 20} {
		if !p.pace() {
			t.Fatal("it has stopped")
		}
	}
	p.SetLimit(64 << 20) // by a reload
	p.Stop()
	p.Stop()
	if p.pace() {
		t.Error("it goes on after its end")
	}
	if want := []int{400, 100, 75, 25, 400, 300, 100}; !reflect.DeepEqual(set, want) {
		t.Errorf("got %v, want %v", set, want)
	}
}

// No pacer is one that does nothing: the operator's GOGC counts.
func TestNoPacer(t *testing.T) {
	var p *Pacer
	p.SetLimit(1)
	p.Stop()
}

// It hears of each collection of the real collector until it is stopped.
func TestCollectionsWakeIt(t *testing.T) {
	readings := make(chan struct{}, 1)
	p := newPacer(func() Reading {
		select {
		case readings <- struct{}{}:
		default: // of a collection that nobody waits for
		}
		return Reading{}
	}, func(int) {})
	defer p.Stop()
	p.wake()
	for range 3 {
		runtime.GC()
		<-readings
	}
}

// The names of the runtime's metrics are those that this Go has.
func TestReadRuntime(t *testing.T) {
	runtime.GC()
	if r := readRuntime(); r.Live == 0 || r.Roots == 0 {
		t.Errorf("got %+v", r)
	}
}

// What real allocation costs: share is the collector's part of the processor
// time, in percent.
func BenchmarkGarbage(b *testing.B) {
	hold := make([][]byte, 64) // 4 MiB are live
	for i := range hold {
		hold[i] = make([]byte, 64<<10)
	}
	run := func(b *testing.B) {
		b.ReportAllocs()
		runtime.GC()
		before := cpu()
		for b.Loop() {
			for range 16 {
				list = &node{next: nil, text: make([]byte, 512)}
				for range 8 {
					list = &node{next: list, text: make([]byte, 256)}
				}
			}
		}
		after := cpu()
		b.ReportMetric((after.gc-before.gc)/(after.user+after.gc-before.user-before.gc)*100, "share")
		b.ReportMetric(float64(after.cycles-before.cycles)/float64(b.N)*1e6, "collections/1e6op")
	}
	b.Run("plain", run)
	b.Run("paced", func(b *testing.B) {
		p := New()
		defer p.Stop()
		p.SetLimit(512 << 20)
		run(b)
	})
	runtime.KeepAlive(hold)
}

type node struct {
	next *node
	text []byte
}

var list *node

type used struct {
	gc, user float64 // seconds
	cycles   uint64
}

func cpu() used {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/user:cpu-seconds"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return used{s[0].Value.Float64(), s[1].Value.Float64(), s[2].Value.Uint64()}
}
