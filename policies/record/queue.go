package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/redact"
)

// Sink writes records somewhere. Its queue calls it from one goroutine.
type Sink interface {
	// Write writes all entries or returns an error; it obeys ctx. What fails is
	// not repeated: the place may have it already.
	Write(ctx context.Context, entries []Entry) error
	// Close lets go of what the sink holds.
	Close() error
}

// Bounds of a queue.
const (
	// DefaultQueue is how many records wait for a sink, some 2 KiB each.
	DefaultQueue = 4096
	// mostAtOnce is how many records a sink gets in one call.
	mostAtOnce = 256
	// writeTime is how long one call may take.
	writeTime = 10 * time.Second
	// graceTime is how long a canceled call may take, such as one that writes to
	// a disk that hangs.
	graceTime = time.Second
	// complaintPause is the least time between two lines of the log about one sink.
	complaintPause = time.Minute
)

// Queue is a recorder that hands records to a sink from a goroutine of its own.
// What the sink cannot take in time is dropped.
type Queue struct {
	name    string
	sink    Sink
	log     *zap.Logger
	dropped prometheus.Counter

	entries chan Entry
	ctx     context.Context // of the sink's calls; ends with Close
	cancel  context.CancelFunc
	done    chan struct{} // closed when the goroutine has ended

	mu     sync.RWMutex // of closed: nobody sends once entries is closed
	closed bool

	complained time.Time // the goroutine's own
	closing    chan struct{}
	unwritten  atomic.Int64 // records that were dropped since Close began
	why        error        // of the first of them; the goroutine's own until done
}

// QueueOptions are what a queue needs.
type QueueOptions struct {
	// Name is the sink's, as the metrics have it.
	Name string
	// Size is how many records may wait; 0 means DefaultQueue.
	Size    int
	Metrics *Metrics
	Log     *zap.Logger
}

// NewQueue starts the goroutine that feeds a sink; Close ends it.
func NewQueue(sink Sink, o QueueOptions) *Queue {
	if o.Size <= 0 {
		o.Size = DefaultQueue
	}
	q := &Queue{
		name: o.Name, sink: sink, log: o.Log, dropped: o.Metrics.dropped.WithLabelValues(o.Name),
		entries: make(chan Entry, o.Size), done: make(chan struct{}), closing: make(chan struct{}),
	}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	go q.run() // ends with Close, which waits for it
	return q
}

// Attempt queues an attempt, or drops it.
func (q *Queue) Attempt(a Attempt) {
	a.own()
	q.put(Entry{Attempt: &a})
}

// Request queues a request, or drops it.
func (q *Queue) Request(r Request) {
	r.own()
	q.put(Entry{Request: &r})
}

func (q *Queue) put(e Entry) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if !q.closed {
		select {
		case q.entries <- e:
			return
		default:
		}
	}
	q.dropped.Inc()
	if e.Bodies != nil {
		e.Bodies.release()
	}
}

// run writes what is there, as much as there is at once.
func (q *Queue) run() {
	defer close(q.done)
	batch := make([]Entry, 0, mostAtOnce)
	for e := range q.entries {
		batch = append(batch[:0], e)
		for len(batch) < mostAtOnce && len(q.entries) > 0 {
			batch = append(batch, <-q.entries)
		}
		q.write(batch)
		clear(batch) // so that nothing written is kept
	}
}

func (q *Queue) write(batch []Entry) {
	ctx, cancel := context.WithTimeout(q.ctx, writeTime)
	defer cancel()
	err := ctx.Err() // Close gave up: the rest is only counted
	if err == nil {
		err = q.handOver(ctx, batch)
	}
	if err == nil {
		return
	}
	q.dropped.Add(float64(len(batch)))
	select {
	case <-q.closing:
		q.unwritten.Add(int64(len(batch)))
		q.why = cmp.Or(q.why, err)
	default:
	}
	if now := time.Now(); now.Sub(q.complained) >= complaintPause {
		q.complained = now
		level, stack := zap.WarnLevel, zap.Skip()
		if p, ok := errors.AsType[*panicError](err); ok {
			level, stack = zap.ErrorLevel, p.stack
		}
		q.log.Log(level, "records were dropped", zap.String("sink", q.name), zap.Int("records", len(batch)),
			zap.String("error", logged(err)), stack)
	}
}

// handOver calls the sink. A panic there is a defect that costs these records: the
// process, and with it all requests, goes on.
func (q *Queue) handOver(ctx context.Context, batch []Entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{p, zap.Stack("stack")}
		}
	}()
	return q.sink.Write(ctx, batch)
}

// panicError is a panic of a sink.
type panicError struct {
	value any
	stack zap.Field
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Close writes what waits and closes the sink. When ctx ends first, the rest is
// dropped and counted, and a call of the sink that runs is canceled. The error says
// how many records were not written since Close was called, or may not have been.
// Records that come later are dropped. Close must be called once.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	close(q.entries)
	close(q.closing)
	q.mu.Unlock()
	defer context.AfterFunc(ctx, q.cancel)()
	select {
	case <-q.done:
	case <-after(ctx, graceTime):
		return fmt.Errorf("sink %s hangs: %d records that wait, and those that it is writing, were not written", q.name, len(q.entries)+int(q.unwritten.Load()))
	}
	q.cancel()
	err := q.sink.Close()
	if n := q.unwritten.Load(); n > 0 {
		return errors.Join(&unwrittenError{q.name, n, cmp.Or(ctx.Err(), q.why)}, err)
	}
	return err
}

// unwrittenError says how many records a sink did not write at the end.
type unwrittenError struct {
	sink    string
	records int64
	cause   error
}

func (e *unwrittenError) Error() string {
	return fmt.Sprintf("sink %s: %d records were not written: %s", e.sink, e.records, logged(e.cause))
}

func (e *unwrittenError) Unwrap() error { return e.cause }

// logged is an error of a sink, which may quote what a collector says. A credential
// that the limit would cut in two is found whole.
func logged(err error) string {
	return redact.Bound(redact.ForLog(redact.Bound(err.Error(), redact.Limit+beyondCut)), redact.Limit)
}

// after is closed some time after ctx has ended.
func after(ctx context.Context, d time.Duration) <-chan struct{} {
	late, cancel := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return late.Done()
}
