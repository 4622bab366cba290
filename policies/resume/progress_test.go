package resume

import (
	"testing"

	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in progress.go, as rows: every move that is not here is refused.
func TestProgressMoves(t *testing.T) {
	drawn := map[progress][]progress{
		nothing:     {inThoughts, inText, unresumable},
		inThoughts:  {inThoughts, inText, unresumable},
		inText:      {inThoughts, inText, unresumable},
		unresumable: {unresumable},
	}
	movetest.Check(t, len(progressMoves), drawn, func(from progress) (*progress, func(progress)) {
		s := &SoFar{state: from}
		return &s.state, s.move
	})
}
