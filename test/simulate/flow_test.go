package simulate

import (
	"math/rand/v2"
	"testing"
)

// The largest flow equals the smallest cut; small networks have few cuts, so all
// are tried.
func TestFlowEqualsSmallestCut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for round := range 300 {
		type pipe struct {
			from, to int
			room     int64
		}
		nodes := 2 + rnd.IntN(7)
		f := newFlow()
		for f.node() < nodes-1 && nodes > 2 {
		}
		nodes = len(f.out)
		var pipes []pipe
		for range rnd.IntN(25) {
			p := pipe{rnd.IntN(nodes), rnd.IntN(nodes), int64(rnd.IntN(10))}
			pipes = append(pipes, p)
			f.pipe(p.from, p.to, p.room)
		}
		smallest := int64(1 << 62)
		for side := range 1 << nodes {
			if side&(1<<flowSource) == 0 || side&(1<<flowSink) != 0 {
				continue
			}
			var cut int64
			for _, p := range pipes {
				if side&(1<<p.from) != 0 && side&(1<<p.to) == 0 {
					cut += p.room
				}
			}
			smallest = min(smallest, cut)
		}
		if got := f.most(); got != smallest {
			t.Fatalf("round %d: flow %d, smallest cut %d: %v", round, got, smallest, pipes)
		}
	}
}
