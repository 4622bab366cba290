package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// options are the flags.
type options struct {
	heald       string // path of the binary
	envoy       string // version; "" for the newest
	rounds      int
	duration    time.Duration // of a cell
	warmUp      time.Duration // of each variant, before its first cell; 0 for none
	concurrency int
	scenario    string // filter
	json        string // file for the raw results
}

// cell is one variant in one scenario in one round.
type cell struct {
	Scenario string  `json:"scenario"`
	Variant  string  `json:"variant"`
	Round    int     `json:"round"`
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	// Processor time, in milliseconds, of the whole cell.
	SidecarCPU float64 `json:"sidecar_cpu_ms"`
	EnvoyCPU   float64 `json:"envoy_cpu_ms"`
	// Latency of whole answers, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	// Messages that Envoy sent to the sidecar.
	Messages uint64 `json:"messages"`
}

// bench is a running set-up.
type bench struct {
	upstream *upstream
	load     *load
	variants [2]*variant // no-op first
	progress io.Writer
}

// start starts the upstream and both variants, each with an Envoy of its own.
func start(ctx context.Context, o options, envoy, dir string, progress io.Writer) (b *bench, err error) {
	b = &bench{load: newLoad(o.concurrency), progress: progress}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("not everything was ready after a minute"))
	defer cancel()
	if b.upstream, err = startUpstream(); err != nil {
		return b, err
	}
	if b.variants[0], err = startNoop(ctx, dir, envoy, b.upstream); err != nil {
		return b, err
	}
	b.variants[1], err = startHeald(ctx, dir, o.heald, envoy, b.upstream)
	return b, err
}

func (b *bench) close() error {
	b.load.close()
	var errs []error
	for _, v := range b.variants {
		if v != nil {
			errs = append(errs, v.close())
		}
	}
	if b.upstream != nil {
		errs = append(errs, b.upstream.close())
	}
	return errors.Join(errs...)
}

// run measures every cell. Rounds go over all scenarios, so that a slow minute
// of the machine falls on all of them, and the variants of a scenario follow
// each other directly, in turns of order.
func (b *bench) run(ctx context.Context, list []scenario, o options) ([]cell, error) {
	var cells []cell
	for round := range o.rounds {
		for i := range list {
			pair, err := b.pair(ctx, &list[i], round, (round+i)%2 == 1, o)
			if err != nil {
				return nil, fmt.Errorf("scenario %s: %w", list[i].name, err)
			}
			cells = append(cells, pair...)
		}
		fmt.Fprintf(b.progress, "round %d of %d done\n", round+1, o.rounds)
	}
	return cells, nil
}

// pair measures both variants in one scenario.
func (b *bench) pair(ctx context.Context, s *scenario, round int, healdFirst bool, o options) ([]cell, error) {
	if err := b.prepare(ctx, s); err != nil {
		return nil, err
	}
	if round == 0 {
		if err := b.warm(ctx, o.warmUp); err != nil {
			return nil, err
		}
	}
	order := b.variants
	if healdFirst {
		order[0], order[1] = order[1], order[0]
	}
	var cells []cell
	for _, v := range order {
		c, err := b.measure(ctx, v, o.duration)
		if err != nil {
			return nil, err
		}
		c.Scenario, c.Round = s.name, round
		cells = append(cells, c)
	}
	return cells, nil
}

// prepare sets what upstream answers and what the clients send. heald's first
// request is caught where it arrives: the yardstick's client sends just that,
// so that upstream reads the same bytes from both. Both answers are looked at
// once, whole; later only their ends are.
func (b *bench) prepare(ctx context.Context, s *scenario) error {
	a := newAnswer(s.chunks)
	b.upstream.answer.Store(a)
	noop, heald := b.variants[0], b.variants[1]
	heald.request = s.request()
	arrived, err := b.upstream.capture(func() error {
		got, err := b.load.whole(ctx, heald)
		if err != nil {
			return err
		}
		return s.check(got, a)
	})
	if err != nil {
		return fmt.Errorf("heald: %w", err)
	}
	arrived.tail = a.tail()
	noop.request = arrived
	got, err := b.load.whole(ctx, noop)
	if err == nil {
		err = checkEcho(got, a)
	}
	if err != nil {
		return fmt.Errorf("no-op: %w", err)
	}
	return nil
}

// warm lets connections, heaps and caches reach their usual size.
func (b *bench) warm(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	for _, v := range b.variants {
		if _, err := b.load.drive(ctx, v, d); err != nil {
			return err
		}
	}
	return nil
}

// measure is one cell.
func (b *bench) measure(ctx context.Context, v *variant, d time.Duration) (cell, error) {
	runtime.GC() // what the last cell left is not this one's
	before, err := b.read(ctx, v)
	if err != nil {
		return cell{}, err
	}
	began := time.Now()
	latencies, err := b.load.drive(ctx, v, d)
	if err != nil {
		return cell{}, errors.Join(err, v.ended())
	}
	elapsed := time.Since(began)
	after, err := b.read(ctx, v)
	if err != nil {
		return cell{}, err
	}
	if served := after.served - before.served; served != int64(len(latencies)) {
		return cell{}, fmt.Errorf("%s: upstream got %d requests for %d: some were repeated", v.name, served, len(latencies))
	}
	return cell{
		Variant: v.name, Requests: len(latencies), Seconds: elapsed.Seconds(),
		SidecarCPU: milliseconds(after.sidecar - before.sidecar), EnvoyCPU: milliseconds(after.envoy - before.envoy),
		P50: milliseconds(quantile(latencies, 0.5)), P99: milliseconds(quantile(latencies, 0.99)),
		Messages: after.messages - before.messages,
	}, nil
}

// reading is what the counters say at one moment.
type reading struct {
	sidecar, envoy time.Duration // processor time
	messages       uint64
	served         int64
}

func (b *bench) read(ctx context.Context, v *variant) (reading, error) {
	r := reading{served: b.upstream.served.Load()}
	var err1, err2, err3 error
	r.sidecar, err1 = cpuTime(v.sidecar.pid())
	r.envoy, err2 = cpuTime(v.envoy.PID())
	r.messages, err3 = v.messages(ctx)
	return r, errors.Join(err1, err2, err3)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
