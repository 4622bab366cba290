package chat

import (
	"testing"

	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in run.go, as rows: every move that is not here is refused.
func TestRunMoves(t *testing.T) {
	drawn := map[run][]run{
		outside:    {inThoughts},
		inThoughts: {outside, inTags},
		inTags:     {outside},
	}
	movetest.Check(t, len(runMoves), drawn, func(from run) (*run, func(run)) {
		m := &machine{run: from}
		return &m.run, m.moveRun
	})
}
