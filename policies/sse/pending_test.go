package sse

import (
	"testing"

	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in pending.go, as rows: every move that is not here is refused.
func TestMoves(t *testing.T) {
	drawn := map[pending][]pending{
		idle:     {oneLine, stray},
		oneLine:  {manyData, idle},
		manyData: {idle},
		stray:    {idle},
	}
	movetest.Check(t, len(moves), drawn, func(from pending) (*pending, func(pending)) {
		r := &Reader{pending: from}
		return &r.pending, r.move
	})
}
