package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/cmd/heald/otlp"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/file"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
	"github.com/heald-proxy/heald/policies/setting"
)

// flushTime is how long the sinks may take to write the waiting records when
// the process ends.
const flushTime = 5 * time.Second

// records are the sinks of a process, which outlive a reload.
type records struct {
	fan    record.Fan
	labels *record.Labels
	queues []*record.Queue
	past   past
	store  *sqlite.File       // nil if there is none
	lacks  *unstored          // what the store lacks; nil if there is none
	bodies *record.BodyKeeper // nil if none are kept
}

// namedSink is a sink of records, with its name in metrics.
type namedSink struct {
	name string
	sink record.Sink
}

// newRecords opens the sinks, and adds more that are open already; close ends them.
// shared is the store with the stream of records; nil if there is none.
func newRecords(cfg *config.Record, shared record.Appender, reg prometheus.Registerer, log *zap.Logger, more ...namedSink) (*records, error) {
	metrics := record.NewMetrics(reg)
	r := &records{labels: record.NewLabels(metrics)}
	r.fan = record.Fan{r.labels}
	add := func(name string, sink record.Sink) { r.fan = append(r.fan, r.queue(name, sink, metrics, log)) }
	for _, one := range more {
		add(one.name, one.sink)
	}
	if cfg.File != "" {
		sink, err := file.Open(cfg.Files())
		if err != nil {
			return nil, errors.Join(&setting.Problem{Path: "record.file", Found: err.Error(), Fix: "name a file in a directory that exists, in which heald may write"}, r.close())
		}
		add("file", sink)
	}
	if err := r.addTraces(cfg, metrics, log); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if cfg.RedisStream && shared != nil {
		add("redis_stream", record.NewStream(shared))
	}
	kept, err := r.keep(cfg, metrics, log)
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	r.remember(cfg, shared, kept, add, log)
	return r, nil
}

// keep opens the store that keeps requests in a file, and bodies where asked for.
// It returns the queue before the store, or nil.
func (r *records) keep(cfg *config.Record, metrics *record.Metrics, log *zap.Logger) (_ record.Recorder, err error) {
	if r.store, err = cfg.OpenStore(sqlite.Options{Log: log}); err != nil || r.store == nil {
		return nil, err
	}
	if cfg.KeepsBodies() {
		r.bodies = record.NewBodyKeeper(r.store, record.BodyOptions{
			All: cfg.Bodies == config.BodiesAll, Most: int(cfg.BodyMax), Queue: record.QueueOptions{Metrics: metrics, Log: log},
		})
	}
	r.lacks = &unstored{file: r.store, now: time.Now}
	q := r.queue("store", r.lacks, metrics, log) // closes it
	r.fan = append(r.fan, q)
	return q, nil
}

// queue puts a queue before a sink.
func (r *records) queue(name string, sink record.Sink, metrics *record.Metrics, log *zap.Logger) *record.Queue {
	q := record.NewQueue(sink, record.QueueOptions{Name: name, Metrics: metrics, Log: log})
	r.queues = append(r.queues, q)
	return q
}

// addTraces adds the sink of spans, if they go anywhere.
func (r *records) addTraces(cfg *config.Record, metrics *record.Metrics, log *zap.Logger) error {
	options, err := cfg.Traces(os.Getenv)
	if err != nil || options == nil {
		return err
	}
	options.Version = version
	sink, err := otlp.New(context.Background(), options)
	if err != nil {
		return err
	}
	r.fan = append(r.fan, sink.Sampled(r.queue("otlp", sink, metrics, log)))
	log.Info("sending traces", zap.String("to", options.Endpoint), zap.String("protocol", options.Protocol))
	return nil
}

// close writes the waiting records and ends the sinks, all at the same time.
func (r *records) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	r.past.close()
	var first error
	if r.bodies != nil { // its store is closed with the queues
		first = r.bodies.Close(ctx)
	}
	errs := make(chan error, len(r.queues))
	for _, q := range r.queues {
		go func() { errs <- q.Close(ctx) }() // ends a little after ctx at the latest
	}
	all := []error{first}
	for range r.queues {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
