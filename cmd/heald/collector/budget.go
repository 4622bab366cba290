package collector

const (
	// Most is the largest GOGC. Beyond it there is little to gain: at 400 the
	// collector takes a quarter of what it takes at 100.
	Most = 400
	// plain is Go's own GOGC.
	plain = 100
	// Least is the smallest GOGC: below it the collector would run all the
	// time, and Go's soft limit does the rest better.
	Least = 25
	// step is the smallest change of GOGC: each change stops all goroutines for
	// a moment.
	step = 25
	// room is the part of the limit, in percent, to which the heap may grow
	// before a collection. The other half is for bodies that come all at once:
	// between two collections only the soft limit bounds them.
	room = 50
	// modest is the limit that is assumed if there is none, so that a process
	// on a large machine grows by at most about 100 MiB for fewer collections.
	modest = 256 << 20
)

// Reading is what the last collection found, in bytes.
type Reading struct {
	// Live is what is live on the heap.
	Live uint64
	// Roots are the stacks and global variables, which the collector reads as
	// well: Go lets the heap grow in proportion to both.
	Roots uint64
}

// Bounds are the smallest and the largest GOGC for a limit in bytes. Without a
// limit (0) there is nothing to keep, so it is never below Go's own.
func Bounds(limit int64) (least, most int) {
	if limit <= 0 {
		return plain, Most
	}
	return Least, Most
}

// Percent is GOGC for a limit in bytes; 0 for no limit.
func Percent(r Reading, limit int64) int {
	least, most := Bounds(limit)
	if limit <= 0 {
		limit = modest
	}
	budget, scanned := float64(limit)/100*room, float64(r.Live+r.Roots)
	if scanned == 0 {
		return most
	}
	// Go collects once the heap is Live + (Live + Roots) × GOGC/100, and Roots
	// are beside the heap.
	percent := (budget - scanned) / scanned * 100
	percent = min(max(percent, float64(least)), float64(most))
	return max(int(percent)/step*step, least)
}
