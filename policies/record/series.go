package record

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// seriesLabels is how many labels a metric has at most.
	seriesLabels = 6
	// seriesLimit bounds how many series of a metric are remembered. Labels come
	// from closed sets: a configuration has far fewer.
	seriesLimit = 4096
)

// Vector is a vector of the Prometheus library, of counters or histograms.
type Vector[M any] interface {
	prometheus.Collector
	WithLabelValues(values ...string) M
}

// Series are the series of a vector, found faster: at each call the vector hashes
// the values byte by byte under a lock, which for a dozen metrics is felt in every
// attempt. It is safe for concurrent use.
type Series[M any] struct {
	Vector[M]
	known atomic.Pointer[map[[seriesLabels]string]M] // is replaced, never changed
	adds  sync.Mutex
}

// NewSeries makes the series of a vector, which has at most six labels.
func NewSeries[M any](v Vector[M]) *Series[M] {
	s := &Series[M]{Vector: v}
	s.known.Store(&map[[seriesLabels]string]M{})
	return s
}

// Of is the series with these values of its labels, which is made if there is none.
// The values must come from closed sets.
func (s *Series[M]) Of(values ...string) M {
	var key [seriesLabels]string
	copy(key[:], values)
	if m, ok := (*s.known.Load())[key]; ok {
		return m
	}
	return s.add(key, len(values))
}

func (s *Series[M]) add(key [seriesLabels]string, labels int) M {
	for i := range key {
		key[i] = strings.Clone(key[i]) // it may be a part of a request's body
	}
	m := s.WithLabelValues(key[:labels]...)
	s.adds.Lock()
	defer s.adds.Unlock()
	if known := *s.known.Load(); len(known) < seriesLimit {
		more := maps.Clone(known)
		more[key] = m
		s.known.Store(&more)
	}
	return m
}
