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
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/file"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/tenant"
)

// flushTime is how long the sinks of records may take to write what waits when
// the process ends.
const flushTime = 5 * time.Second

// records are the sinks of a process, which outlive a reload.
type records struct {
	fan    record.Fan
	labels *record.Labels
	queues []*record.Queue
}

// newRecords opens the sinks; close ends them. shared is the store with the
// stream of records; nil if there is none.
func newRecords(cfg *config.Record, shared record.Appender, reg prometheus.Registerer, log *zap.Logger) (*records, error) {
	metrics := record.NewMetrics(reg)
	r := &records{labels: record.NewLabels(metrics)}
	r.fan = record.Fan{r.labels}
	add := func(name string, sink record.Sink) { r.fan = append(r.fan, r.queue(name, sink, metrics, log)) }
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
	return r, nil
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

// close writes what waits and ends the sinks, all at the same time.
func (r *records) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	errs := make(chan error, len(r.queues))
	for _, q := range r.queues {
		go func() { errs <- q.Close(ctx) }() // ends a little after ctx at the latest
	}
	var all []error
	for range r.queues {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// tenantNames are the names of tenants.
func tenantNames(r *tenant.Registry) map[string]bool {
	names := map[string]bool{}
	for _, t := range r.Tenants() {
		names[t.Name] = true
	}
	return names
}

// namesOf are the names of a configuration that may become labels.
func namesOf(cfg *config.Config, x *exchange.Config) record.Names {
	n := record.Names{Tenants: tenantNames(x.Tenants), Backends: map[string]bool{}, Accounts: map[string]bool{}}
	models := map[string]bool{}
	for _, b := range x.Backends {
		n.Backends[b.Name] = true
		for _, m := range b.Models {
			models[m] = true
		}
	}
	for _, a := range x.Accounts {
		n.Accounts[a.ID] = true
	}
	for _, chain := range x.Models.Aliases {
		for _, hop := range chain {
			models[hop.Model] = true
		}
	}
	for m := range x.Models.Known {
		models[m] = true
	}
	prices := price.New(cfg.Prices)
	n.Model = func(m string) string {
		if models[m] {
			return m
		}
		return prices.Name(m)
	}
	return n
}
