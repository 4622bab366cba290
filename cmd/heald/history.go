package main

import (
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/admin/monitor"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/endpoint"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/price"
)

// past is the history of requests of this process. Its zero value remembers nothing.
type past struct {
	memory *history.Memory
	now    *history.Now
	reader *history.Reader // of the other replicas' records; nil if there is none
}

// historyBytes bounds the average memory of a remembered request.
const historyBytes = 4 << 10

// remember opens the history. shared is the store with the stream of records.
func (r *records) remember(cfg *config.Record, shared record.Appender, add func(string, record.Sink), log *zap.Logger) {
	requests := cfg.Remembered()
	if requests == 0 {
		return
	}
	r.past = past{memory: history.NewMemory(history.MemoryOptions{Requests: requests, Bytes: requests * historyBytes}), now: history.NewNow()}
	to := record.Fan{r.past.memory, r.past.now}
	add("history", history.Sink{To: to})
	if from, ok := shared.(history.Stream); ok && cfg.RedisStream {
		r.past.reader = history.NewReader(from, to, log)
	}
}

// close ends the reader; the history ends with its queue.
func (p *past) close() {
	if p.reader != nil {
		p.reader.Close()
	}
}

// page makes the page on the admin listener.
func (s *sidecar) page() *monitor.Monitor {
	replica, _, _ := s.state.report()
	p := &s.records.past
	o := monitor.Options{
		Now: p.now, Accounts: s.report,
		Info: monitor.Info{Version: version, Replica: replica, Store: "off", Bodies: "off", Currency: price.Currency()},
	}
	if p.memory != nil {
		o.Store, o.Info.Store = p.memory, "memory"
	}
	if p.reader != nil {
		o.Info.Store = "redis"
	}
	if f := s.records.store; f != nil {
		o.Store, o.Info.Store = f, "sqlite"
		if s.records.bodies != nil {
			o.Bodies, o.Info.Bodies = f, s.recordTo.Bodies
		}
	}
	for _, d := range endpoint.Dialects {
		o.Info.API = append(o.Info.API, d.Name())
	}
	return monitor.New(o)
}
