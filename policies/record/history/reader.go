package history

import (
	"context"
	"encoding/json"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/record"
)

// Stream is a stream of records that replicas share; see record.Appender.
// Positions are ids of entries. Values are nil where this replica has appended
// them itself.
type Stream interface {
	// Newer returns entries after a position, the oldest first; "" is the
	// beginning.
	Newer(ctx context.Context, stream, after string, limit int) (ids []string, values [][]byte, err error)
	// Older returns entries before a position, the newest first; "" is the end.
	Older(ctx context.Context, stream, before string, limit int) (ids []string, values [][]byte, err error)
}

// Bounds of a Reader. The stream's server has other work, so that it gives little
// at once.
const (
	// readAtOnce is how many entries one call gets, some 2 KiB each.
	readAtOnce = 256
	// readPause is the pause between two rounds, readCalls the calls of a round at
	// the most: 2,048 entries a second, which is some 1,000 requests.
	readPause = time.Second
	readCalls = 8
	// readBehind is after how many full rounds the rest is left out.
	readBehind = 10
	// readBefore is how many entries from before the start are read.
	readBefore = 20 * readAtOnce
	// readTime bounds one call, readAgain the pause after calls that failed.
	readTime  = 2 * time.Second
	readAgain = 30 * time.Second
)

// Reader passes what other replicas append to the shared stream on to a
// recorder, from a goroutine of its own. Nothing waits for it.
type Reader struct {
	from   Stream
	to     Sink
	log    *zap.Logger
	cancel context.CancelFunc
	done   chan struct{}

	after string // the place up to which everything was read
	full  int    // rounds in a row that did not come to the end
}

// NewReader starts to read; Close ends it.
func NewReader(from Stream, to record.Recorder, log *zap.Logger) *Reader {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Reader{from: from, to: Sink{to}, log: log, cancel: cancel, done: make(chan struct{})}
	go r.run(ctx) // ends with Close, which waits for it
	return r
}

// Close ends the goroutine and waits for it.
func (r *Reader) Close() {
	r.cancel()
	<-r.done
}

func (r *Reader) run(ctx context.Context) {
	defer close(r.done)
	work, failures := r.before, 0
	for {
		pause := readPause
		if err := work(ctx); err != nil {
			// That the store does not answer is logged where requests need it.
			pause = min(readPause<<failures, readAgain)
			failures = min(failures+1, 5)
		} else {
			work, failures = r.round, 0
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// before passes on what was in the stream before the start.
func (r *Reader) before(ctx context.Context) error {
	var found [][]byte // the newest first
	place := ""
	for range readBefore / readAtOnce {
		ids, values, err := r.call(ctx, r.from.Older, place)
		if err != nil {
			return err
		}
		if place == "" && len(ids) > 0 {
			r.after = ids[0]
		}
		found = append(found, values...)
		if len(ids) < readAtOnce {
			break
		}
		place = ids[len(ids)-1]
	}
	for i := len(found) - 1; i >= 0; i-- {
		r.tell(found[i])
	}
	return nil
}

// round passes on what is new.
func (r *Reader) round(ctx context.Context) error {
	for range readCalls {
		ids, values, err := r.call(ctx, r.from.Newer, r.after)
		if err != nil {
			return err
		}
		for _, v := range values {
			r.tell(v)
		}
		if len(ids) > 0 {
			r.after = ids[len(ids)-1]
		}
		if len(ids) < readAtOnce {
			r.full = 0
			return nil
		}
	}
	if r.full++; r.full < readBehind {
		return nil
	}
	ids, _, err := r.call(ctx, r.from.Older, "")
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		r.after, r.full = ids[0], 0
		r.log.Warn("other replicas have more requests than are shown: some were left out", zap.Int("most_records_per_second", readAtOnce*readCalls))
	}
	return nil
}

func (r *Reader) call(ctx context.Context, read func(context.Context, string, string, int) ([]string, [][]byte, error), place string) ([]string, [][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return read(ctx, record.UsageStream, place, readAtOnce)
}

// tell passes on one value. A value that cannot be read is of another version.
func (r *Reader) tell(value []byte) {
	var e record.Entry
	if value != nil && json.Unmarshal(value, &e) == nil {
		r.to.tell(e)
	}
}
