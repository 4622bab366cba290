package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// Write writes all records or none, and deletes some of what is too old.
func (f *File) Write(ctx context.Context, entries []record.Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.missing(); err != nil {
		return err
	}
	f.written += len(entries)
	return f.withRoom(ctx, func() (int64, error) {
		w := writing{words: f.words, now: f.now(), batch: entries, uses: map[int64]int{}}
		err := f.within(ctx, w.run)
		return w.bytes, err
	})
}

var errMoved = errors.New("was moved away or deleted: restart heald to begin a new one")

// missing reports a file that was moved away or deleted: what is written to it
// would never be found.
func (f *File) missing() error {
	if _, err := os.Stat(f.o.Path); errors.Is(err, os.ErrNotExist) {
		return errMoved
	}
	return nil
}

// within does something in a transaction.
func (f *File) within(ctx context.Context, do func(context.Context, *transaction) error) (err error) {
	tx, err := f.write.BeginTx(ctx, nil)
	if err != nil {
		return worded(err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
			f.words.forget() // some may have got their numbers in vain
			err = worded(err)
		}
	}()
	t := &transaction{tx, f.prepared}
	if err := f.words.refresh(ctx, t); err != nil {
		return err
	}
	if err := do(ctx, t); err != nil {
		return err
	}
	return tx.Commit()
}

// writing is one call of Write.
type writing struct {
	words *words
	now   time.Time
	batch []record.Entry
	told  int64         // of the rows
	lag   int64         // the longest time from a request's beginning until it was told, in ms
	uses  map[int64]int // by how much the uses of words change
	tx    *transaction
	bytes int64 // written
}

// Facts are numbers about the whole file. bodiesFact is the bytes of all bodies,
// lagFact is the longest time that has passed between a request's beginning and
// its row. It says how far behind a time a row may be that began before it.
const (
	bodiesFact = "bodies"
	lagFact    = "lag"
)

// begin begins a transaction. Rows are in the order of their times, also where the
// clock is set back. Times that cannot be, since the clock was wrong, become now:
// what has them would never be too old.
func (w *writing) begin(ctx context.Context, tx *transaction) error {
	w.tx = tx
	if err := tx.row(ctx, lastTold).Scan(&w.told); err != nil {
		return err
	}
	now := w.now.UnixMilli()
	if w.told > now+skew.Milliseconds() {
		if err := tx.exec(ctx, pastTold, now, now); err != nil {
			return err
		}
		w.told = now
	}
	w.told = max(w.told, now)
	return nil
}

// end writes what was counted.
func (w *writing) end(ctx context.Context) error {
	for word, n := range w.uses {
		if err := w.tx.exec(ctx, countWord, n, word); err != nil {
			return err
		}
	}
	return w.tx.exec(ctx, raiseFact, lagFact, w.lag)
}

func (w *writing) run(ctx context.Context, tx *transaction) error {
	if err := w.begin(ctx, tx); err != nil {
		return err
	}
	later := map[string]int{} // requests of the batch that are still to come
	for _, e := range w.batch {
		if e.Request != nil && e.Request.RequestID != "" {
			later[e.Request.RequestID]++
		}
	}
	waiting := map[string][]record.Attempt{}
	for _, e := range w.batch {
		var err error
		switch {
		case e.Attempt != nil && e.Attempt.RequestID == "": // of a request that nobody will find
		case e.Attempt != nil && later[e.Attempt.RequestID] > 0:
			waiting[e.Attempt.RequestID] = append(waiting[e.Attempt.RequestID], *e.Attempt)
		case e.Attempt != nil:
			err = w.attempt(ctx, e.Attempt)
		case e.Request != nil:
			id := e.Request.RequestID
			err = w.request(ctx, *e.Request, waiting[id])
			later[id]--
			delete(waiting, id)
		}
		if err != nil {
			return err
		}
	}
	return w.end(ctx)
}

// request puts a request and those of its attempts that came before into a row.
func (w *writing) request(ctx context.Context, r record.Request, attempts []record.Attempt) error {
	loose, err := w.takeLoose(ctx, r.RequestID)
	if err != nil {
		return err
	}
	old, err := w.newest(ctx, r.RequestID)
	if err != nil {
		return err
	}
	before, err := w.found(ctx, r.RequestID, toldBefore, r.RequestID, r.RequestID, r.Time.UnixMilli())
	if err != nil {
		return err
	}
	if before != nil && again(&before.request, &r) {
		for _, a := range append(loose, attempts...) {
			if history.Takes(&before.request, &a, true) {
				if err := w.join(ctx, before, &a); err != nil {
					return err
				}
			}
		}
		return nil
	}
	replaces := old != nil && old.unfinished && history.During(&r, &record.Attempt{Origin: old.request.Origin})
	if replaces {
		loose = append(old.request.Attempts, loose...)
	}
	var others []record.Attempt // of an earlier request with the same id
	for _, a := range append(loose, attempts...) {
		switch {
		case history.Takes(&r, &a, true):
			history.Join(&r, a)
		case old != nil && !replaces && history.Takes(&old.request, &a, !old.unfinished):
			if err := w.join(ctx, old, &a); err != nil {
				return err
			}
		default:
			others = append(others, a)
		}
	}
	if len(others) > 0 {
		if err := w.insert(ctx, new(history.Unfinished(others)), true); err != nil {
			return err
		}
	}
	if replaces {
		return w.update(ctx, old.n, &r, false)
	}
	return w.insert(ctx, &r, false)
}

// again reports whether a request that is in the file is told once more: by another
// process that writes the file, or since it was read from the shared stream before
// a restart.
func again(old, r *record.Request) bool {
	return old.Outcome == r.Outcome && old.Reason == r.Reason && old.Replica == r.Replica && old.Tried == r.Tried &&
		time.Duration(old.Duration).Milliseconds() == time.Duration(r.Duration).Milliseconds()
}

// insert makes a row.
func (w *writing) insert(ctx context.Context, r *record.Request, unfinished bool) error {
	data, numbers, list, err := w.row(ctx, r)
	if err != nil {
		return err
	}
	began := r.Time.UnixMilli()
	w.lag = max(w.lag, w.told-began)
	var n int64
	err = w.tx.row(ctx, insertRequest, r.RequestID, r.TraceID, began, w.told, unfinished, list, data).Scan(&n)
	if err != nil {
		return err
	}
	for _, word := range numbers {
		w.uses[word]++
	}
	return w.tx.exec(ctx, insertMarks, n, list)
}

// update changes a row.
func (w *writing) update(ctx context.Context, n int64, r *record.Request, unfinished bool) error {
	data, _, list, err := w.row(ctx, r)
	if err != nil {
		return err
	}
	if err := each(ctx, w.tx, deleteMarks, func(word int64) error { w.uses[word]--; return nil }, n, n, list); err != nil {
		return err
	}
	if err := w.tx.exec(ctx, updateRequest, data, list, unfinished, n); err != nil {
		return err
	}
	return each(ctx, w.tx, addMarks, func(word int64) error { w.uses[word]++; return nil }, n, list)
}

// found is a row.
type found struct {
	n          int64
	unfinished bool
	request    record.Request
}

// newest is the newest row with an id; nil if there is none.
func (w *writing) newest(ctx context.Context, id string) (*found, error) {
	return w.found(ctx, id, newestOfID, id, id)
}

// found is the row that a statement finds for an id; nil if there is none.
func (w *writing) found(ctx context.Context, id, frequent string, args ...any) (*found, error) {
	if id == "" {
		return nil, nil
	}
	var out found
	var data []byte
	err := w.tx.row(ctx, frequent, args...).Scan(&out.n, &out.unfinished, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		if err = json.Unmarshal(data, &out.request); err != nil {
			err = fmt.Errorf("a request in the file: %w", err)
		}
		out.request.Bound()
	}
	return &out, err
}

// row makes the columns of a request.
func (w *writing) row(ctx context.Context, r *record.Request) (data string, numbers []int64, list string, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", nil, "", err
	}
	for _, t := range termsOf(r) {
		n, err := w.words.number(ctx, w.tx, t)
		if err != nil {
			return "", nil, "", err
		}
		numbers = append(numbers, n)
	}
	w.bytes += int64(len(text))
	words, err := json.Marshal(numbers)
	return string(text), numbers, string(words), err
}

// takeLoose takes the attempts that wait for their request.
func (w *writing) takeLoose(ctx context.Context, id string) (out []record.Attempt, err error) {
	if id == "" {
		return nil, nil
	}
	err = each(ctx, w.tx, takeLoose, func(data []byte) error {
		var a record.Attempt
		if err := json.Unmarshal(data, &a); err != nil {
			return fmt.Errorf("an attempt in the file: %w", err)
		}
		a.Bound()
		out = append(out, a)
		return nil
	}, id)
	return out, err
}

// attempt joins an attempt with its request, or has it wait.
func (w *writing) attempt(ctx context.Context, a *record.Attempt) error {
	old, err := w.newest(ctx, a.RequestID)
	if err != nil {
		return err
	}
	if old == nil || !history.Takes(&old.request, a, !old.unfinished) {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		w.bytes += int64(len(text))
		return w.tx.exec(ctx, insertLoose, a.RequestID, a.Number, w.told, string(text))
	}
	return w.join(ctx, old, a)
}

// join puts an attempt into its request's row.
func (w *writing) join(ctx context.Context, old *found, a *record.Attempt) error {
	if old.unfinished {
		history.JoinUnfinished(&old.request, *a)
	} else {
		history.Join(&old.request, *a)
	}
	return w.update(ctx, old.n, &old.request, old.unfinished)
}

// finish makes requests of attempts of whose request nothing was told for long.
func (w *writing) finish(ctx context.Context, tx *transaction) error {
	if err := w.begin(ctx, tx); err != nil {
		return err
	}
	now := w.now.UnixMilli()
	for _, statement := range []string{pastBodies, pastLoose} {
		if err := tx.exec(ctx, statement, now, now+skew.Milliseconds()); err != nil {
			return err
		}
	}
	since := w.now.Add(-history.EndTime).UnixMilli()
	var silent []string
	if err := each(ctx, tx, silentIDs, func(id string) error { silent = append(silent, id); return nil }, since); err != nil {
		return err
	}
	slices.Sort(silent)
	for _, id := range slices.Compact(silent) {
		var last int64
		if err := tx.row(ctx, newestLoose, id).Scan(&last); err != nil {
			return err
		}
		if last >= since {
			continue
		}
		attempts, err := w.takeLoose(ctx, id)
		if err != nil {
			return err
		}
		if err := w.insert(ctx, new(history.Unfinished(attempts)), true); err != nil {
			return err
		}
	}
	return w.end(ctx)
}
