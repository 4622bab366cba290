package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/record"
)

// kind is what a word stands for. The numbers are in files.
type kind uint8

const (
	api     kind = 1
	tenant  kind = 2
	backend kind = 3
	account kind = 4
	model   kind = 5
	outcome kind = 6
	reason  kind = 7
)

// term is a word by which requests are looked for.
type term struct {
	kind kind
	word string
}

// termsOf are the words of a request and of its attempts, each once: all that
// history.Filter compares with, "" as well.
func termsOf(r *record.Request) []term {
	out := []term{{api, r.API}, {tenant, r.Tenant}, {model, r.Alias}, {model, r.Model}, {outcome, r.Outcome}, {reason, r.Reason}}
	if r.BrokenBy != "" {
		out = append(out, term{reason, r.BrokenBy})
	}
	for i := range r.Attempts {
		a := &r.Attempts[i]
		out = append(out, term{backend, a.Backend}, term{account, a.Account}, term{model, a.Model}, term{reason, a.Reason})
	}
	slices.SortFunc(out, func(a, b term) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), strings.Compare(a.word, b.word))
	})
	return slices.Compact(out)
}

// mostWords bounds how many words are remembered; models come from clients.
const mostWords = 4096

// words remembers the numbers of words. It belongs to whoever writes, and is
// emptied when what it knows may be wrong: after a write that failed, and after
// another process has written.
type words struct {
	numbers map[term]int64
	version int64 // of the file, when they were right
}

func newWords() *words { return &words{numbers: map[term]int64{}} }

func (w *words) forget() { clear(w.numbers) }

// refresh forgets everything if another connection has written.
func (w *words) refresh(ctx context.Context, tx *transaction) error {
	var version int64
	if err := tx.row(ctx, dataVersion).Scan(&version); err != nil {
		return err
	}
	if version != w.version || len(w.numbers) > mostWords {
		w.forget()
	}
	w.version = version
	return nil
}

// number is the word's, which gets one if it has none.
func (w *words) number(ctx context.Context, tx *transaction, t term) (int64, error) {
	if n, ok := w.numbers[t]; ok {
		return n, nil
	}
	var n int64
	err := tx.row(ctx, findWord, t.kind, t.word).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.row(ctx, insertWord, t.kind, t.word).Scan(&n)
	}
	if err == nil {
		w.numbers[t] = n
	}
	return n, err
}
