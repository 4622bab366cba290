package main

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// score counts what became of mutants.
type score struct{ killed, survived, equivalent int }

func (s *score) add(o score) {
	s.killed += o.killed
	s.survived += o.survived
	s.equivalent += o.equivalent
}

// percent is the share of mutants that were killed, of those that can be.
func (s score) percent() float64 {
	if s.killed+s.survived == 0 {
		return 100
	}
	return 100 * float64(s.killed) / float64(s.killed+s.survived)
}

func (s score) String() string {
	return fmt.Sprintf("%5.1f %%: %d killed, %d survived, %d equivalent", s.percent(), s.killed, s.survived, s.equivalent)
}

// pass tests a sample of the mutants of one package. Its workers take mutants
// from the queue until enough of them compiled.
type pass struct {
	target target
	known  map[change]string

	mu    sync.Mutex
	queue []*mutant // in the order of the sample
	want  int       // how many are still to be taken
	err   error     // the first that a worker met
	score score
	out   io.Writer
}

// run tests the sample and waits for its workers.
func (p *pass) run(ctx context.Context, r *runner, workers int) error {
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for m := p.next(); m != nil; m = p.next() {
				o, err := p.one(ctx, r, m)
				p.done(m, o, err)
			}
		})
	}
	wg.Wait()
	return p.err
}

func (p *pass) one(ctx context.Context, r *runner, m *mutant) (outcome, error) {
	if _, ok := p.known[m.change()]; ok {
		return equivalent, nil
	}
	return r.test(ctx, p.target, m)
}

// next takes the next mutant; nil when there are enough or none is left.
func (p *pass) next() *mutant {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil || p.want == 0 || len(p.queue) == 0 {
		return nil
	}
	m := p.queue[0]
	p.queue, p.want = p.queue[1:], p.want-1
	return m
}

// done counts an outcome and prints a survivor.
func (p *pass) done(m *mutant, o outcome, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		if p.err == nil {
			p.err = err
		}
		return
	}
	switch o {
	case killed:
		p.score.killed++
	case equivalent:
		p.score.equivalent++
	case invalid:
		p.want++
	case survived:
		p.score.survived++
		before, after := m.lines()
		fmt.Fprintf(p.out, "%s: %s\n  - %s\n  + %s\n", m.place(), m.what, before, after)
	}
}
