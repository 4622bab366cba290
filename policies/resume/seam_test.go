package resume

import (
	"testing"

	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in seam.go, as rows: every move that is not here is refused.
func TestSeamMoves(t *testing.T) {
	drawn := map[seam][]seam{
		seeking:  {atAnchor, again, refused},
		atAnchor: nil,
		again:    nil,
		refused:  nil,
	}
	movetest.Check(t, len(seamMoves), drawn, func(from seam) (*seam, func(seam)) {
		j := &joint{state: from}
		return &j.state, j.move
	})
}
