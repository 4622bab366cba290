package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// options are the flags.
type options struct {
	lineup
	rounds      int
	duration    time.Duration // of a cell; 0 for what makes a run of usual length
	warmUp      time.Duration // of each variant, before its first cell; 0 for none
	concurrency int
	scenario    string // filter
	json        string // file for the raw results
	streams     []int  // how many are opened
}

// cell is one variant in one scenario in one round.
type cell struct {
	Scenario string  `json:"scenario"`
	Variant  string  `json:"variant"`
	Round    int     `json:"round"`
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	// Processor time, in milliseconds, of the whole cell. A variant without a
	// sidecar has 0.
	SidecarCPU float64 `json:"sidecar_cpu_ms"`
	EnvoyCPU   float64 `json:"envoy_cpu_ms"`
	// Latency of whole answers, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	// Messages that Envoy sent to the sidecar; 0 where it sends none.
	Messages uint64 `json:"messages"`
}

// bench is a running set-up.
type bench struct {
	upstream *upstream
	load     *load
	variants []*variant
	progress io.Writer
}

// start starts the upstream and all variants, each with an Envoy of its own.
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
	kinds, err := o.kinds(b.upstream)
	if err != nil {
		return b, err
	}
	for _, k := range kinds {
		v, err := k.start(ctx, place{dir: dir, envoy: envoy, window: room, clients: o.concurrency})
		if err != nil {
			return b, err
		}
		b.variants = append(b.variants, v)
	}
	return b, nil
}

func (b *bench) close() error {
	b.load.close()
	var errs []error
	for _, v := range b.variants {
		errs = append(errs, v.close())
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
	d := o.cellTime(len(list), len(b.variants))
	for round := range o.rounds {
		for i := range list {
			group, err := b.group(ctx, &list[i], round, turn(b.variants, round+i), d, o.warmUp)
			if err != nil {
				return nil, fmt.Errorf("scenario %s: %w", list[i].name, err)
			}
			cells = append(cells, group...)
		}
		fmt.Fprintf(b.progress, "round %d of %d done\n", round+1, o.rounds)
	}
	return cells, nil
}

// turn is the k-th order of the variants. Every second one is backwards, so
// that of two neighbors each is as often the first; and the order rotates, so
// that no variant is always the last.
func turn(variants []*variant, k int) []*variant {
	first := k / 2 % len(variants)
	order := slices.Concat(variants[first:], variants[:first])
	if k%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// group measures all variants in one scenario.
func (b *bench) group(ctx context.Context, s *scenario, round int, order []*variant, d, warmUp time.Duration) ([]cell, error) {
	if err := b.prepare(ctx, s); err != nil {
		return nil, err
	}
	if round == 0 {
		if err := b.warm(ctx, warmUp); err != nil {
			return nil, err
		}
	}
	var cells []cell
	for _, v := range order {
		c, err := b.measure(ctx, v, d)
		if err != nil {
			return nil, err
		}
		c.Scenario, c.Round = s.name, round
		cells = append(cells, c)
	}
	return cells, nil
}

// prepare sets what upstream answers and what the clients send. The first
// request through heald is caught where it arrives: the clients of the
// yardsticks send just that, so that upstream reads the same bytes from all. All
// answers are looked at once, whole; later only their ends are.
func (b *bench) prepare(ctx context.Context, s *scenario) error {
	a := newAnswer(s.chunks)
	b.upstream.answer.Store(a)
	var arrived *request
	for _, v := range b.variants {
		if !v.heald {
			continue
		}
		v.request = s.request()
		caught, err := b.upstream.capture(func() error { return b.try(ctx, v, func(got []byte) error { return s.check(got, a) }) })
		if err != nil {
			return err
		}
		if arrived == nil {
			arrived = caught
		}
	}
	arrived.tail = a.tail()
	for _, v := range b.variants {
		if v.heald {
			continue
		}
		v.request = arrived
		if err := b.try(ctx, v, func(got []byte) error { return checkEcho(got, a) }); err != nil {
			return err
		}
	}
	return nil
}

// try sends a request and checks the whole answer.
func (b *bench) try(ctx context.Context, v *variant, check func([]byte) error) error {
	got, err := b.load.whole(ctx, v)
	if err == nil {
		err = check(got)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", v.name, err), v.ended())
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
	var err1, err2 error
	r.sidecar, r.envoy, err1 = v.cpu()
	r.messages, err2 = v.messages(ctx)
	return r, errors.Join(err1, err2)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
