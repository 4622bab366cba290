package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// walk lists the numbers of the rows that may be asked for, the newest first.
type walk struct {
	ids       []int64 // all of them, where the filter has an id
	statement string  // lists those with some words; "" where it is all rows
	args      []any   // of the statement, after its from, to and limit
	window    int64   // how many rows the statement goes through
}

const (
	// leastWindow and mostWindow bound the rows that one statement goes through: where
	// words are common and meet nowhere, it finds nothing for long.
	leastWindow, mostWindow = 1 << 12, 1 << 16
	// slowWindow is the time after which windows do not grow any longer.
	slowWindow = 20 * time.Millisecond
)

// plan finds the way to the rows. It is not possible that there are any if a word is
// unknown.
func (q *search) plan(ctx context.Context) (possible bool, err error) {
	known, possible, err := q.known(ctx)
	if err != nil || !possible {
		return false, err
	}
	q.walk.window = leastWindow
	switch {
	case q.filter.ID != "":
		id := q.filter.ID
		q.walk.ids, err = q.list(ctx, byBeginning, q.from, q.to, id, id+"\U0010FFFF")
		return true, err
	case len(known) > 0:
		q.walk.statement, q.walk.args = q.withWords(known)
	}
	return true, nil
}

// byBeginning lists the rows whose id or trace id begins with the filter's, whatever
// the case of letters. The index is that of ids: with +n SQLite does not take that of
// numbers.
const byBeginning = `SELECT n FROM requests WHERE id COLLATE NOCASE >= ?3 AND id COLLATE NOCASE < ?4 AND +n BETWEEN ?1 AND ?2
	UNION SELECT n FROM requests WHERE trace <> '' AND trace COLLATE NOCASE >= ?3 AND trace COLLATE NOCASE < ?4 AND +n BETWEEN ?1 AND ?2 ORDER BY n DESC`

// withWords is the statement that lists the rows with words. It begins with the
// rarest.
func (q *search) withWords(known []wanted) (statement string, args []any) {
	slices.SortFunc(known, func(a, b wanted) int { return int(a.uses - b.uses) })
	place := func(w int64) string {
		args = append(args, w)
		return fmt.Sprintf("?%d", 3+len(args))
	}
	var others strings.Builder
	for _, k := range known[1:] {
		var places []string
		for _, w := range k.numbers {
			places = append(places, place(w))
		}
		others.WriteString(` AND EXISTS (SELECT 1 FROM marks AS o WHERE o.w IN (` + strings.Join(places, ",") + `) AND o.n = m.n)`)
	}
	var arms []string
	for _, w := range known[0].numbers {
		arms = append(arms, `SELECT n FROM marks AS m WHERE w = `+place(w)+` AND n BETWEEN ?1 AND ?2`+others.String())
	}
	return strings.Join(arms, ` UNION `) + ` ORDER BY n DESC LIMIT ?3`, args
}

// next takes some numbers from what was not looked at yet.
func (q *search) next(ctx context.Context, most int) (numbers []int64, err error) {
	w := &q.walk
	switch {
	case q.filter.ID != "":
		most = min(most, len(w.ids))
		numbers, w.ids = w.ids[:most], w.ids[most:]
		if q.to = q.from - 1; len(w.ids) > 0 {
			q.to = w.ids[0]
		}
		return numbers, nil
	case w.statement == "":
		for ; q.to >= q.from && len(numbers) < most; q.to-- {
			numbers = append(numbers, q.to)
		}
		return numbers, nil
	}
	low, begun := max(q.from, q.to-w.window+1), time.Now()
	numbers, err = q.list(ctx, w.statement, append([]any{low, q.to, most}, w.args...)...)
	if q.to = low - 1; len(numbers) == most {
		q.to = numbers[most-1] - 1
	} else if time.Since(begun) < slowWindow {
		w.window = min(2*w.window, mostWindow)
	}
	return numbers, err
}

// list reads numbers.
func (q *search) list(ctx context.Context, statement string, args ...any) (numbers []int64, err error) {
	rows, err := q.tx.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, rows.Err()
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
