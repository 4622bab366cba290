package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record/history"
)

// Query returns the newest requests that f asks for.
//
// It goes through the numbers of rows that may be asked for, newest first: those of
// the rarest word, of an id, or all. Rows are read in batches, and what the words do
// not say is looked up in the row. Between two batches it looks at the clock.
func (r *Reader) Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (page history.Page, err error) {
	limit = history.Limit(limit)
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one state of the file
	if err != nil {
		return page, worded(err)
	}
	defer func() { _ = tx.Rollback() }()
	defer func() { err = worded(err) }()
	q := &search{tx: tx, filter: f}
	stop := time.Now().Add(r.searchTime)
	possible, err := q.bound(ctx, before)
	if err == nil && possible {
		possible, err = q.plan(ctx)
	}
	for err == nil && possible && q.from <= q.to {
		if q.batches > 0 && time.Now().After(stop) {
			page.Next = history.Cursor(q.to + 1)
			page.SearchedTo, err = q.searchedTo(ctx)
			return page, err
		}
		numbers, err := q.next(ctx, q.batch())
		if err != nil {
			return page, err
		}
		items, err := q.load(ctx, numbers, limit+1-len(page.Items))
		if err != nil {
			return page, err
		}
		if page.Items = append(page.Items, items...); len(page.Items) > limit {
			page.Items = page.Items[:limit]
			page.Next = page.Items[limit-1].Cursor
			return page, nil
		}
	}
	return page, err
}

// search is one question.
type search struct {
	tx       *sql.Tx
	filter   history.Filter
	from, to int64 // of the rows that were not looked at yet, both included
	walk     walk
	batches  int // that were looked at
}

// mostRows bounds the rows that are read between two looks at the clock.
const mostRows = 1024

// batch is how many rows are looked at next: a few at first, since a page is often
// full at once.
func (q *search) batch() int {
	q.batches++
	return min(64<<min(q.batches, 10), mostRows)
}

// skew is how far the clocks of replicas may be apart.
const skew = time.Minute

// bound finds between which rows the times of the filter are. Rows are in the order
// in which they were told, and what began at some time was told then or later, at
// most the longest lag later.
func (q *search) bound(ctx context.Context, before history.Cursor) (possible bool, err error) {
	var first, last sql.NullInt64
	if err := q.tx.QueryRowContext(ctx, `SELECT (SELECT min(n) FROM requests), (SELECT max(n) FROM requests)`).Scan(&first, &last); err != nil {
		return false, err
	}
	q.from, q.to = first.Int64, last.Int64
	if before > 0 {
		q.to = min(q.to, int64(before)-1)
	}
	if since := q.filter.Since; !since.IsZero() {
		if q.from, err = q.firstTold(ctx, since.Add(-skew).UnixMilli()); err != nil {
			return false, err
		}
	}
	if until := q.filter.Until; !until.IsZero() {
		var lag int64
		err := q.tx.QueryRowContext(ctx, `SELECT value FROM facts WHERE name = ?`, lagFact).Scan(&lag)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return false, err
		}
		end, err := q.firstTold(ctx, until.Add(skew).UnixMilli()+lag)
		if err != nil {
			return false, err
		}
		q.to = min(q.to, end-1)
	}
	return first.Valid && q.from <= q.to, nil
}

// firstTold is the first row that was told at a time or later, or the one after the
// last.
func (q *search) firstTold(ctx context.Context, ms int64) (int64, error) {
	low, high := q.from, q.to+1
	if before := high; before <= low {
		return low, nil
	}
	for low < high {
		middle := low + (high-low)/2
		var n, told int64
		err := q.tx.QueryRowContext(ctx, `SELECT n, told FROM requests WHERE n >= ? ORDER BY n LIMIT 1`, middle).Scan(&n, &told)
		switch {
		case errors.Is(err, sql.ErrNoRows): // only rows that were deleted are there
			high = middle
		case err != nil:
			return 0, err
		case told >= ms:
			high = middle
		default:
			low = n + 1
		}
	}
	return low, nil
}

// searchedTo is when the oldest request was told of that was looked at.
func (q *search) searchedTo(ctx context.Context) (time.Time, error) {
	var told int64
	err := q.tx.QueryRowContext(ctx, `SELECT told FROM requests WHERE n > ? ORDER BY n LIMIT 1`, q.to).Scan(&told)
	return time.UnixMilli(told), err
}

// loadRows reads rows in the order of a list. The cross join has SQLite go through
// the list and look each row up: to sort the rows by number it would go through all
// of them. withText leaves rows out within SQLite, where one takes half the time.
const (
	loadRows = `SELECT r.n, r.data FROM json_each(?) AS list CROSS JOIN requests AS r ON r.n = list.value`
	withText = ` AND r.data LIKE ? ESCAPE '\'`
)

// load reads rows, at most so many that the filter asks for.
func (q *search) load(ctx context.Context, numbers []int64, most int) (out []history.Item, err error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	statement, args := loadRows, []any{string(list)}
	if text := plainText(q.filter.Text); text != "" {
		statement, args = loadRows+withText, append(args, "%"+likeEscapes.Replace(text)+"%")
	}
	rows, err := q.tx.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for len(out) < most && rows.Next() {
		var n int64
		var data sql.RawBytes
		if err := rows.Scan(&n, &data); err != nil {
			return nil, err
		}
		it, err := item(n, data)
		if err != nil {
			return nil, err
		}
		if q.filter.Match(&it.Request) {
			out = append(out, it)
		}
	}
	return out, rows.Err()
}

// likeEscapes takes their meaning from the signs of LIKE.
var likeEscapes = strings.NewReplacer(`%`, `\%`, `_`, `\_`)

// plainText is the longest part of a text that stands in a row's JSON as it is: a
// row without it need not be decoded.
func plainText(text string) (longest string) {
	for part := range strings.FieldsFuncSeq(text, func(c rune) bool { return c < ' ' || c >= 0x7f || strings.ContainsRune(`"\<>&`, c) }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}
