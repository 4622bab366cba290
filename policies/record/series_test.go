package record

import (
	"strconv"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func newTestSeries() (*prometheus.CounterVec, *Series[prometheus.Counter]) {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "things_total", Help: "Things."}, []string{"a", "b"})
	return v, NewSeries(v)
}

// A series is the vector's own, whoever asks first, and finding it again allocates
// nothing.
func TestSeries(t *testing.T) {
	v, s := newTestSeries()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range 100 {
				s.Of("x", strconv.Itoa(n%10)).Inc()
			}
		})
	}
	all.Wait()
	v.WithLabelValues("x", "3").Inc()
	if got := testutil.ToFloat64(s.Of("x", "3")); got != 81 {
		t.Errorf("got %v, want 81", got)
	}
	if n := testutil.CollectAndCount(s); n != 10 || len(*s.known.Load()) != 10 {
		t.Errorf("%d series, %d remembered, want 10", n, len(*s.known.Load()))
	}
	if n := testing.AllocsPerRun(100, func() { s.Of("x", "3").Inc() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever labels come, what is remembered is bounded, and each is counted.
func TestSeriesAreBounded(t *testing.T) {
	v, s := newTestSeries()
	for n := range seriesLimit + 10 {
		s.Of("", strconv.Itoa(n)).Inc()
	}
	if n := len(*s.known.Load()); n != seriesLimit {
		t.Errorf("%d remembered, want %d", n, seriesLimit)
	}
	if got := testutil.ToFloat64(v.WithLabelValues("", strconv.Itoa(seriesLimit+1))); got != 1 {
		t.Errorf("got %v, want 1", got)
	}
}

// BenchmarkSeries compares finding a series with what the vector does itself.
func BenchmarkSeries(b *testing.B) {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "things_total", Help: "Things."}, []string{"api", "backend", "account", "model", "verdict", "reason"})
	s := NewSeries(v)
	labels := [...]string{"claude", "studio", "studio-1", "gemini-3.5-flash", "pass", "ok"}
	b.Run("vector", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.WithLabelValues(labels[:]...).Inc()
		}
	})
	b.Run("series", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Of(labels[:]...).Inc()
		}
	})
}
