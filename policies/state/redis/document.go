package redis

import (
	"context"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// mostDocs bounds the documents of a pool.
const mostDocs = 16384

// Change implements state.Store. The first step only reads: no document is "?".
func (s *Store) Change(ctx context.Context, doc state.Doc, life time.Duration, change func([]byte) []byte) error {
	field := string(doc.Of) + "\x00" + doc.Name + "\x00" + doc.Part
	seen, put := "?", "-"
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := &call{script: changeScript, keys: []string{s.keys.docs}, args: []any{s.timing.now(), field, seen, put, life.Microseconds(), mostDocs}}
		s.run(ctx, c)
		answer, err := c.list()
		if err != nil {
			return err
		}
		switch number(answer[0]) {
		case 1:
			s.snapshot.drop()
			return nil
		case -1:
			return state.ErrFull
		}
		if len(answer) != 2 {
			return errReply
		}
		seen = text(answer[1])
		var old []byte
		if seen != "" {
			old, _ = document(seen)
		}
		put = "-"
		if value := change(old); value != nil {
			put = "+" + string(value)
		}
	}
}

// document divides what is kept into its value and the microsecond of its end.
func document(raw string) (value []byte, ends int64) {
	end, rest, _ := strings.Cut(raw, ":")
	return []byte(rest), integer(end)
}
