package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record/history"
)

// Query returns the newest requests that f asks for.
//
// It walks the numbers of rows that may be asked for, newest first: those of the
// rarest word, of an id, or all. Rows are read in batches, and what the words do
// not say is looked up in the row.
func (r *Reader) Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (page history.Page, err error) {
	limit = history.Limit(limit)
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one state of the file
	if err != nil {
		return page, worded(err)
	}
	defer func() { _ = tx.Rollback() }()
	defer func() { err = worded(err) }()
	q := &search{tx: tx, filter: f}
	if possible, err := q.bound(ctx, before); err != nil || !possible {
		return page, err
	}
	walk, args, possible, err := q.walk(ctx)
	if err != nil || !possible {
		return page, err
	}
	rows, err := tx.QueryContext(ctx, walk, args...)
	if err != nil {
		return page, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for more := true; more; {
		var numbers []int64
		if numbers, more, err = take(rows, q.batch()); err != nil {
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
	return page, nil
}

// take reads some numbers, and reports whether there may be more.
func take(rows *sql.Rows, most int) (numbers []int64, more bool, err error) {
	for len(numbers) < most {
		if !rows.Next() {
			return numbers, false, rows.Err()
		}
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, false, err
		}
		numbers = append(numbers, n)
	}
	return numbers, true, nil
}

// search is one question.
type search struct {
	tx       *sql.Tx
	filter   history.Filter
	from, to int64 // of the rows, both included
	batches  int
}

// batch is how many rows are looked at next: a few at first, since a page is often
// full at once.
func (q *search) batch() int {
	q.batches++
	return min(64<<q.batches, 2048)
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

// walk is the statement that lists the numbers of rows, the newest first. It is not
// possible that there are any if a word is unknown.
func (q *search) walk(ctx context.Context) (statement string, args []any, possible bool, err error) {
	known, possible, err := q.known(ctx)
	if err != nil || !possible {
		return "", nil, false, err
	}
	if q.filter.ID != "" {
		statement, args = q.byID()
		return statement, args, true, nil
	}
	if text := q.plainText(); text != nil && len(known) == 0 {
		// Within SQLite a row takes a quarter of the time.
		return `SELECT n FROM requests WHERE n BETWEEN ? AND ? AND data LIKE ? ESCAPE '\' ORDER BY n DESC`,
			[]any{q.from, q.to, "%" + likeEscapes.Replace(string(text)) + "%"}, true, nil
	}
	if len(known) == 0 {
		return `SELECT n FROM requests WHERE n BETWEEN ? AND ? ORDER BY n DESC`, []any{q.from, q.to}, true, nil
	}
	slices.SortFunc(known, func(a, b wanted) int { return int(a.uses - b.uses) })
	var others strings.Builder
	var otherArgs []any
	for _, k := range known[1:] {
		others.WriteString(` AND EXISTS (SELECT 1 FROM marks AS o WHERE o.w IN (`)
		for i, w := range k.numbers {
			if i > 0 {
				others.WriteByte(',')
			}
			others.WriteByte('?')
			otherArgs = append(otherArgs, w)
		}
		others.WriteString(`) AND o.n = m.n)`)
	}
	var arms []string
	for _, w := range known[0].numbers {
		arms = append(arms, `SELECT n FROM marks AS m WHERE w = ? AND n BETWEEN ? AND ?`+others.String())
		args = append(append(args, w, q.from, q.to), otherArgs...)
	}
	return strings.Join(arms, ` UNION `) + ` ORDER BY n DESC`, args, true, nil
}

// likeEscapes takes their meaning from the signs of LIKE.
var likeEscapes = strings.NewReplacer(`%`, `\%`, `_`, `\_`)

// byID lists the rows whose id or trace id begins with the filter's, whatever the
// case of letters. The index is that of ids: with +n SQLite does not take that of numbers.
func (q *search) byID() (statement string, args []any) {
	id := q.filter.ID
	end := id + "\U0010FFFF"
	return `SELECT n FROM requests WHERE id COLLATE NOCASE >= ? AND id COLLATE NOCASE < ? AND +n BETWEEN ? AND ?
		UNION SELECT n FROM requests WHERE trace <> '' AND trace COLLATE NOCASE >= ? AND trace COLLATE NOCASE < ? AND +n BETWEEN ? AND ? ORDER BY n DESC`,
		[]any{id, end, q.from, q.to, id, end, q.from, q.to}
}

// wanted is what one field of the filter asks for.
type wanted struct {
	numbers []int64 // of its words
	uses    int64   // of all of them
}

// mostAsked bounds the words of one field: each is a part of the statement. With
// more the rows themselves are looked at.
const mostAsked = 50

// known finds the numbers of the filter's words. A field none of whose words is
// known leaves nothing possible.
func (q *search) known(ctx context.Context) (out []wanted, possible bool, err error) {
	f := &q.filter
	for _, field := range []struct {
		kind  kind
		words []string
	}{{api, f.APIs}, {tenant, f.Tenants}, {backend, f.Backends}, {account, f.Accounts}, {model, f.Models}, {outcome, f.Outcomes}, {reason, f.Reasons}} {
		if len(field.words) == 0 || len(field.words) > mostAsked {
			continue
		}
		var k wanted
		for _, word := range field.words {
			var n, uses int64
			err := q.tx.QueryRowContext(ctx, `SELECT w, uses FROM words WHERE kind = ? AND word = ?`, field.kind, word).Scan(&n, &uses)
			switch {
			case errors.Is(err, sql.ErrNoRows), slices.Contains(k.numbers, n):
			case err != nil:
				return nil, false, err
			default:
				k.numbers, k.uses = append(k.numbers, n), k.uses+uses
			}
		}
		if len(k.numbers) == 0 {
			return nil, false, nil
		}
		out = append(out, k)
	}
	return out, true, nil
}

// loadRows reads rows in the order of a list. The cross join has SQLite go through
// the list and look each row up: to sort the rows by number it would go through all
// of them.
const loadRows = `SELECT r.n, r.data FROM json_each(?) AS list CROSS JOIN requests AS r ON r.n = list.value`

// load reads rows, at most so many that the filter asks for.
func (q *search) load(ctx context.Context, numbers []int64, most int) (out []history.Item, err error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	rows, err := q.tx.QueryContext(ctx, loadRows, string(list))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	text := q.plainText()
	for len(out) < most && rows.Next() {
		var n int64
		var data sql.RawBytes
		if err := rows.Scan(&n, &data); err != nil {
			return nil, err
		}
		if text != nil && !bytes.Contains(bytes.ToLower(data), text) {
			continue
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

// plainText is the filter's text where it would stand in a row's JSON as it is: a
// row without it need not be decoded. nil if that cannot be told.
func (q *search) plainText() []byte {
	text := strings.ToLower(q.filter.Text)
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || strings.IndexByte(`"\<>&`, c) >= 0 {
			return nil
		}
	}
	if text == "" {
		return nil
	}
	return []byte(text)
}
