package simulate

// flow is a network of which the largest flow from node 0 to node 1 is wanted
// (Dinic's algorithm).
type flow struct {
	edges []edge
	out   [][]int // edges by node
	level []int
	next  []int
}

// edge has its reverse beside it: i and i^1.
type edge struct {
	to   int
	room int64
}

const (
	flowSource = 0
	flowSink   = 1
)

func newFlow() *flow { return &flow{out: make([][]int, 2)} }

// node adds a node.
func (f *flow) node() int {
	f.out = append(f.out, nil)
	return len(f.out) - 1
}

// pipe adds an edge.
func (f *flow) pipe(from, to int, room int64) {
	f.out[from] = append(f.out[from], len(f.edges))
	f.out[to] = append(f.out[to], len(f.edges)+1)
	f.edges = append(f.edges, edge{to, room}, edge{from, 0})
}

// most is the largest flow; it uses the network up.
func (f *flow) most() (sum int64) {
	for f.rank() {
		f.next = make([]int, len(f.out))
		for {
			n := f.push(flowSource, 1<<62)
			if n == 0 {
				break
			}
			sum += n
		}
	}
	return sum
}

// rank sets each node's distance from the source; false if the sink is cut off.
func (f *flow) rank() bool {
	f.level = make([]int, len(f.out))
	f.level[flowSource] = 1
	queue := []int{flowSource}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, i := range f.out[n] {
			if e := f.edges[i]; e.room > 0 && f.level[e.to] == 0 {
				f.level[e.to] = f.level[n] + 1
				queue = append(queue, e.to)
			}
		}
	}
	return f.level[flowSink] > 0
}

// push sends up to limit along one shortest way.
func (f *flow) push(n int, limit int64) int64 {
	if n == flowSink {
		return limit
	}
	for ; f.next[n] < len(f.out[n]); f.next[n]++ {
		i := f.out[n][f.next[n]]
		e := f.edges[i]
		if e.room == 0 || f.level[e.to] != f.level[n]+1 {
			continue
		}
		if sent := f.push(e.to, min(limit, e.room)); sent > 0 {
			f.edges[i].room -= sent
			f.edges[i^1].room += sent
			return sent
		}
	}
	return 0
}
