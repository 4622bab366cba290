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

// remember opens the history. shared is the store with the stream of records; what
// other replicas append to it goes to all that the page reads, kept included: the
// queue before the store in a file, nil if there is none.
func (r *records) remember(cfg *config.Record, shared record.Appender, kept record.Recorder, add func(string, record.Sink), log *zap.Logger) {
	var all record.Fan
	if requests := cfg.Remembered(); requests > 0 {
		r.past = past{memory: history.NewMemory(history.MemoryOptions{Requests: requests, Bytes: requests * historyBytes}), now: history.NewNow()}
		all = record.Fan{r.past.memory, r.past.now}
		if r.lacks != nil {
			r.lacks.memory = r.past.memory
		}
		add("history", history.Sink{To: all})
	}
	if kept != nil {
		all = append(all, kept)
	}
	if from, ok := shared.(history.Stream); ok && cfg.RedisStream && len(all) > 0 {
		r.past.reader = history.NewReader(from, all, log)
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
	if lacks := s.records.lacks; lacks != nil {
		from := newOnDisk(lacks, s.log)
		o.Store, o.Info.Store, o.Trouble = from, "sqlite", from.trouble
		if s.records.bodies != nil {
			o.Bodies, o.Info.Bodies = from, s.recordTo.Bodies
		}
	}
	for _, d := range endpoint.Dialects {
		o.Info.API = append(o.Info.API, d.Name())
	}
	return monitor.New(o)
}
