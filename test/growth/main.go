package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"time"
)

// steep is the exponent from which on a list counts as growing too fast. Sorts
// and growing heaps reach 1.2, quadratic work comes to nearly 2.
const steep = 1.6

// noteworthy is the exponent from which on a row is in the table; the others
// are counted.
const noteworthy = 1.3

func main() {
	most := flag.Int("max", 100_000, "the longest list, in `entries`")
	only := flag.String("run", "", "measure only the lists whose name matches this `regexp`")
	all := flag.Bool("v", false, "print every list, not only those that grow by more than 1.3")
	flag.Parse()
	filter, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "growth: -run:", err)
		os.Exit(2)
	}
	list := slices.DeleteFunc(samples(), func(s sample) bool { return !filter.MatchString(s.name) })
	if !(meter{*most, cost}).run(list, *all, os.Stdout) {
		os.Exit(1)
	}
}

// run measures the samples and prints those worth reading; not ok is one that
// grows too fast.
func (m meter) run(list []sample, all bool, out io.Writer) (ok bool) {
	ok = true
	told := 0
	slowest := row{}
	fmt.Fprintf(out, "%-70s %9s %10s %12s %9s\n", "list", "entries", "bytes", "CPU", "exponent")
	for _, s := range list {
		r := m.measure(s)
		if r.exponent > noteworthy { // once more: another process may have slowed it
			r.exponent = min(r.exponent, m.measure(s).exponent)
		}
		if r.last.cpu > slowest.last.cpu {
			slowest = r
		}
		if all || r.exponent > noteworthy {
			r.print(out)
			told++
		}
		ok = ok && !(r.exponent > steep) // an exponent that cannot be measured is left out
	}
	fmt.Fprintf(out, "\n%d lists were measured with up to %d entries; %d of them are listed above.\nThe slowest was:\n", len(list), m.most, told)
	slowest.print(out)
	if !ok {
		fmt.Fprintf(out, "FAIL: an exponent above %.1f\n", steep)
	}
	return ok
}

// row is what was measured of one list.
type row struct {
	name     string
	exponent float64 // NaN if all took too little time to tell
	last     point
}

// point is the cost of one length.
type point struct {
	entries, bytes int
	cpu            time.Duration
}

func (r row) print(out io.Writer) {
	exponent := "-"
	if !math.IsNaN(r.exponent) {
		exponent = fmt.Sprintf("%.2f", r.exponent)
	}
	fmt.Fprintf(out, "%-70s %9d %10d %12s %9s\n", r.name, r.last.entries, r.last.bytes, r.last.cpu.Round(10*time.Microsecond), exponent)
}
