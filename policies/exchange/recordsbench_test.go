package exchange

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
)

// BenchmarkTell is what metrics and records add to an attempt that ends a request,
// without the lines of the log.
func BenchmarkTell(b *testing.B) {
	x, err := New(Config{Backends: []route.Backend{{Name: "a", Kind: route.AIStudio}}, Accounts: []account.Account{{ID: "a-1", Backend: "a", Secret: account.NewSecret("key-a-1")}}},
		Deps{Log: zap.NewNop(), Metrics: NewMetrics(prometheus.NewRegistry()), Prices: price.New(price.Config{}), Recorder: record.Fan{record.NewLabels(record.NewMetrics(prometheus.NewRegistry()))}})
	if err != nil {
		b.Fatal(err)
	}
	a := rig{Exchange: x}.begin(1, "", "traceparent", traceparent)
	a.RequestHeaders()
	if _, reply := a.RequestBody(b.Context(), []byte(ask)); reply != nil {
		b.Fatal(reply.Status)
	}
	answerWith(a, 200, hello+stop)
	b.ReportAllocs()
	for b.Loop() {
		a.writeRecords("passed")
	}
}
