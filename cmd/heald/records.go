package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/cmd/heald/otlp"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/file"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
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
	store  *sqlite.File       // nil if there is none
	bodies *record.BodyKeeper // nil if none are kept
}

// newRecords opens the sinks; close ends them. shared is the store with the
// stream of records; nil if there is none.
func newRecords(cfg *config.Record, shared record.Appender, reg prometheus.Registerer, log *zap.Logger) (*records, error) {
	metrics := record.NewMetrics(reg)
	r := &records{labels: record.NewLabels(metrics)}
	r.fan = record.Fan{r.labels}
	add := func(name string, sink record.Sink) {
		q := record.NewQueue(sink, record.QueueOptions{Name: name, Metrics: metrics, Log: log})
		r.queues = append(r.queues, q)
		r.fan = append(r.fan, q)
	}
	if cfg.File != "" {
		sink, err := file.Open(cfg.Files())
		if err != nil {
			return nil, errors.Join(&setting.Problem{Path: "record.file", Found: err.Error(), Fix: "name a file in a directory that exists, in which heald may write"}, r.close())
		}
		add("file", sink)
	}
	if cfg.OTLP != nil {
		headers, err := cfg.OTLP.ReadHeaders()
		if err == nil {
			var sink *otlp.Sink
			if sink, err = otlp.New(context.Background(), otlp.Options{Endpoint: cfg.OTLP.Endpoint, Headers: headers, Version: version}); err == nil {
				add("otlp", sink)
			}
		}
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	if cfg.RedisStream && shared != nil {
		add("redis_stream", record.NewStream(shared))
	}
	var err error
	if r.store, err = cfg.OpenStore(sqlite.Options{Log: log}); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if r.store == nil {
		return r, nil
	}
	if cfg.KeepsBodies() {
		r.bodies = record.NewBodyKeeper(r.store, record.BodyOptions{
			All: cfg.Bodies == config.BodiesAll, Most: int(cfg.BodyMax), Queue: record.QueueOptions{Metrics: metrics, Log: log},
		})
	}
	add("store", r.store) // closes it
	return r, nil
}

// close writes what waits and ends the sinks, all at the same time.
func (r *records) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
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
