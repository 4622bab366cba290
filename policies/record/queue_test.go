package record

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/redact"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeSink keeps what it is given; write, if there is one, comes first.
type fakeSink struct {
	write  func(context.Context) error
	got    []Entry
	pieces []int // their lengths
	calls  int
	closed int
}

func (s *fakeSink) Write(ctx context.Context, entries []Entry) error {
	s.calls++
	if s.write != nil {
		if err := s.write(ctx); err != nil {
			return err
		}
	}
	s.got, s.pieces = append(s.got, entries...), append(s.pieces, len(entries))
	return nil
}

func (s *fakeSink) Close() error { s.closed++; return nil }

// newQueue makes a queue; dropped tells how many records it has dropped.
func newQueue(t *testing.T, sink Sink, size int) (q *Queue, dropped func() float64) {
	reg := prometheus.NewRegistry()
	q = NewQueue(sink, QueueOptions{Name: "fake", Size: size, Metrics: NewMetrics(reg), Log: zap.NewNop()})
	return q, func() float64 { return series(t, reg)["heald_record_dropped_total{sink=fake}"] }
}

// A sink that is slow or hangs costs records, and nobody waits for it.
func TestQueueDropsWhatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		sink := &fakeSink{write: func(context.Context) error { <-release; return nil }}
		q, dropped := newQueue(t, sink, 3)
		q.Attempt(Attempt{Number: 1})
		synctest.Wait() // the sink has the first
		before := time.Now()
		for n := 2; n <= 10; n++ {
			q.Attempt(Attempt{Number: n})
		}
		if time.Since(before) > 0 {
			t.Error("handing over has waited")
		}
		if got := dropped(); got != 6 {
			t.Errorf("%v dropped, want 6", got)
		}
		close(release)
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if len(sink.got) != 4 || sink.got[3].Attempt.Number != 4 || sink.calls != 2 || sink.closed != 1 {
			t.Errorf("got %d in %d calls, closed %d times", len(sink.got), sink.calls, sink.closed)
		}
	})
}

// A sink gets what waits in pieces that it can write in time.
func TestQueueHandsOverInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		sink := &fakeSink{write: func(context.Context) error { <-release; return nil }}
		q, dropped := newQueue(t, sink, 2*mostAtOnce+100)
		q.Attempt(Attempt{})
		synctest.Wait() // the sink has the first
		for range 2*mostAtOnce + 100 {
			q.Attempt(Attempt{})
		}
		close(release)
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if want := []int{1, mostAtOnce, mostAtOnce, 100}; !slices.Equal(sink.pieces, want) || dropped() != 0 {
			t.Errorf("got %v, want %v", sink.pieces, want)
		}
	})
}

// Close writes what waits; what comes later is dropped and counted.
func TestQueueFlushes(t *testing.T) {
	sink := &fakeSink{}
	q, dropped := newQueue(t, sink, 2000)
	for n := range 1000 {
		q.Request(Request{Tried: n})
	}
	if err := q.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	q.Request(Request{})
	if len(sink.got) != 1000 || dropped() != 1 {
		t.Errorf("%d written, %v dropped", len(sink.got), dropped())
	}
	for n, e := range sink.got {
		if e.Request.Tried != n {
			t.Fatalf("record %d came %d-th", e.Request.Tried, n)
		}
	}
}

// Close ends at its deadline, whatever the sink does.
func TestQueueGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{write: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		q, dropped := newQueue(t, sink, 1000)
		for range 600 {
			q.Attempt(Attempt{})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		before := time.Now()
		err := q.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "sink fake: 600 records were not written") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(before); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
		if len(sink.got) != 0 || dropped() != 600 || sink.closed != 1 {
			t.Errorf("%d written, %v dropped", len(sink.got), dropped())
		}
	})
}

// Close says how many records a sink refused that was dead at the end, and counts none
// that were lost before.
func TestQueueTellsWhatWasNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("connection refused")
		var slow atomic.Bool
		sink := &fakeSink{write: func(context.Context) error {
			if slow.Load() {
				time.Sleep(time.Second)
			}
			return refused
		}}
		q, dropped := newQueue(t, sink, 10)
		for range 5 {
			q.Attempt(Attempt{})
		}
		synctest.Wait()
		slow.Store(true)
		for range 3 {
			q.Attempt(Attempt{})
		}
		err := q.Close(t.Context())
		if !errors.Is(err, refused) || err.Error() != "sink fake: 3 records were not written: connection refused" || dropped() != 8 {
			t.Errorf("%v dropped: %v", dropped(), err)
		}
	})
}

// A call that hangs ends, and later records are written again.
func TestQueueGoesOnAfterFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fail atomic.Bool
		fail.Store(true)
		sink := &fakeSink{write: func(ctx context.Context) error {
			if fail.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		q, dropped := newQueue(t, sink, 10)
		q.Attempt(Attempt{Number: 1})
		time.Sleep(writeTime + time.Second)
		fail.Store(false)
		q.Attempt(Attempt{Number: 2})
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if dropped() != 1 || len(sink.got) != 1 || sink.got[0].Attempt.Number != 2 {
			t.Errorf("%v dropped, %d written", dropped(), len(sink.got))
		}
	})
}

// A sink that panics costs its records, not the process, and is a defect in the log.
func TestQueueSurvivesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		sink := &fakeSink{}
		sink.write = func(context.Context) error {
			if sink.calls <= 2 {
				panic("index out of range")
			}
			return nil
		}
		metrics := NewMetrics(prometheus.NewRegistry())
		q := NewQueue(sink, QueueOptions{Name: "fake", Metrics: metrics, Log: zap.New(core)})
		for range 3 {
			q.Attempt(Attempt{})
			synctest.Wait() // the sink was called
		}
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if lost := testutil.ToFloat64(metrics.dropped.WithLabelValues("fake")); len(sink.got) != 1 || lost != 2 {
			t.Errorf("%d written, %v dropped", len(sink.got), lost)
		}
		lines := logs.All()
		if len(lines) != 1 || lines[0].Level != zap.ErrorLevel || lines[0].ContextMap()["error"] != "panic: index out of range" || !strings.Contains(lines[0].ContextMap()["stack"].(string), "TestQueueSurvivesPanics") {
			t.Errorf("%+v", lines)
		}
	})
}

// Every record is written or counted, also of those that race with Close.
func TestQueueLosesNothingSilently(t *testing.T) {
	sink := &fakeSink{}
	q, dropped := newQueue(t, sink, 16)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 500 {
				q.Attempt(Attempt{})
			}
		})
	}
	time.Sleep(time.Millisecond)
	if err := q.Close(t.Context()); err != nil {
		t.Error(err)
	}
	group.Wait()
	if got := float64(len(sink.got)) + dropped(); got != 4000 {
		t.Errorf("%d written and %v dropped of 4000", len(sink.got), dropped())
	}
}

// A call that cannot be canceled does not keep the process from ending.
func TestQueueLeavesWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		sink := &fakeSink{write: func(context.Context) error { <-release; return nil }}
		q, _ := newQueue(t, sink, 10)
		q.Attempt(Attempt{})
		synctest.Wait() // the sink has it
		q.Attempt(Attempt{})
		q.Attempt(Attempt{})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		before := time.Now()
		if err := q.Close(ctx); err == nil || err.Error() != "sink fake hangs: 2 records that wait, and those that it is writing, were not written" {
			t.Errorf("got %v", err)
		}
		if took := time.Since(before); took != 2*time.Second+graceTime {
			t.Errorf("took %v", took)
		}
		close(release)
	})
}

// The log tells of a sink that fails once a minute, and no credential that a
// collector repeats.
func TestQueueComplains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		sink := &fakeSink{write: func(context.Context) error {
			const key = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"
			return errors.New("refused: Authorization: Bearer " + key + " " + strings.Repeat("x ", redact.Limit/2-54) + key + strings.Repeat(" x", 10_000)) // the second is where the line is cut
		}}
		q := NewQueue(sink, QueueOptions{Name: "fake", Metrics: NewMetrics(prometheus.NewRegistry()), Log: zap.New(core)})
		for range 150 {
			q.Attempt(Attempt{})
			time.Sleep(time.Second)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		lines := logs.All()
		if len(lines) != 3 {
			t.Fatalf("%d lines in 150 s", len(lines))
		}
		if said := lines[0].ContextMap()["error"].(string); strings.Contains(said, "api03") || len(said) > redact.Limit || !strings.Contains(said, "refused") {
			t.Errorf("said %q", said)
		}
	})
}
