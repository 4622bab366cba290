package history_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// A queue tells all of it.
func TestBehindAQueue(t *testing.T) {
	m, now := history.NewMemory(history.MemoryOptions{}), history.NewNow()
	q := record.NewQueue(history.Sink{To: record.Fan{m, now}}, record.QueueOptions{Name: "history", Metrics: record.NewMetrics(prometheus.NewRegistry()), Log: zap.NewNop()})
	q.Attempt(historytest.Failed("id-1", 1, "peek_eof", 200))
	q.Request(historytest.Request("id-1", func(r *record.Request) { r.Tried, r.Attempts[0].Number = 2, 2 }))
	if err := q.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if items := all(t, m); len(items) != 1 || items[0].Attempts[0].Reason != "peek_eof" {
		t.Errorf("%+v", items)
	}
}

// What a request pays for being remembered: handing over its two records to the
// queue, against telling the store itself, and against the labels.
func BenchmarkTell(b *testing.B) {
	metrics := record.NewMetrics(prometheus.NewRegistry())
	labels := record.NewLabels(metrics)
	m, now := filled(), history.NewNow()
	q := record.NewQueue(history.Sink{To: record.Fan{m, now}}, record.QueueOptions{Name: "history", Metrics: metrics, Log: zap.NewNop()})
	defer q.Close(b.Context())
	a := historytest.Attempt(1)
	r := historytest.Request("id-1")
	a.Origin = r.Origin
	for name, to := range map[string]record.Recorder{"labels": labels, "queue": q, "store itself": record.Fan{m, now}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				to.Attempt(a)
				to.Request(r)
			}
		})
	}
}
