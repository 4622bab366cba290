package e2e

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// faultTable gathers what was observed, and only that, to be read by people:
// one row per fault and kind of client, with the client APIs side by side.
type faultTable struct {
	envoy string
	mu    sync.Mutex
	rows  []*faultRow
}

// faultRow is one fault as seen through several APIs.
type faultRow struct {
	group, name, kind string
	defect            string
	cells             map[string]faultCell // by API
}

// faultCell is what came of a fault in one API.
type faultCell struct {
	observed
	problems []string
}

func newFaultTable(envoy string) *faultTable { return &faultTable{envoy: envoy} }

func (ft *faultTable) add(group string, f fault, kind, api string, got observed, problems []string) {
	ft.mu.Lock()
	defer ft.mu.Unlock()
	i := slices.IndexFunc(ft.rows, func(r *faultRow) bool { return r.group == group && r.name == f.name && r.kind == kind })
	if i < 0 {
		i = len(ft.rows)
		ft.rows = append(ft.rows, &faultRow{group, f.name, kind, f.defect, map[string]faultCell{}})
	}
	ft.rows[i].cells[api] = faultCell{got, problems}
}

// append writes the table behind what a file has.
func (ft *faultTable) append(path string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	ft.write(file)
	return file.Close()
}

func (ft *faultTable) write(out io.Writer) {
	ft.mu.Lock()
	defer ft.mu.Unlock()
	order := func(r *faultRow) int {
		at := 0
		for _, g := range faultGroups {
			for _, f := range g.faults {
				at++
				if g.name == r.group && f.name == r.name {
					return at
				}
			}
		}
		return at
	}
	slices.SortFunc(ft.rows, func(a, b *faultRow) int {
		return cmp.Or(order(a)-order(b), strings.Compare(b.kind, a.kind)) // streams first
	})
	group, failed, known := "", 0, 0
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range ft.rows {
		if r.group != group {
			group = r.group
			_ = w.Flush()
			fmt.Fprintf(w, "\n── Envoy %s, %s\n", ft.envoy, group)
			fmt.Fprint(w, "fault\tclient")
			for _, a := range apis {
				fmt.Fprintf(w, "\t%s sees", a.name)
			}
			fmt.Fprint(w, "\tcalls\tattempts: account and log word\tleak\t\n")
		}
		fmt.Fprintln(w, r)
		switch result := r.result(); {
		case strings.HasPrefix(result, "FAIL"):
			failed++
		case result != "pass":
			known++
		}
	}
	_ = w.Flush()
	fmt.Fprintf(out, "\nEnvoy %s: %d rows, %d failed, %d with known defects\n", ft.envoy, len(ft.rows), failed, known)
}

// String is the row; what differs between the APIs is given for each.
func (r *faultRow) String() string {
	cols := []string{r.name, r.kind}
	for _, a := range apis {
		cols = append(cols, r.of(a.name, func(c faultCell) string { return c.sees }))
	}
	cols = append(cols,
		r.common(func(c faultCell) string { return fmt.Sprint(len(c.calls)) }),
		r.common(func(c faultCell) string {
			var all []string
			for _, t := range c.tries {
				all = append(all, t.String())
			}
			line := strings.Join(all, " → ")
			if c.broken != "" {
				line += ", broken by " + c.broken
			}
			return line
		}),
		r.common(func(c faultCell) string {
			if c.leak == "" {
				return "no"
			}
			return c.leak
		}),
		r.result())
	return strings.Join(cols, "\t")
}

func (r *faultRow) of(api string, what func(faultCell) string) string {
	if c, ok := r.cells[api]; ok {
		return what(c)
	}
	return "(not run)"
}

// common is what all APIs have in common, or else every one of them.
func (r *faultRow) common(what func(faultCell) string) string {
	var each []string
	seen := map[string]bool{}
	for _, a := range apis {
		if _, ok := r.cells[a.name]; ok {
			v := r.of(a.name, what)
			each = append(each, a.name+": "+v)
			seen[v] = true
		}
	}
	if len(seen) == 1 {
		for v := range seen {
			return v
		}
	}
	return strings.Join(each, " | ")
}

func (r *faultRow) result() string {
	problems := r.common(func(c faultCell) string { return strings.Join(c.problems, "; ") })
	switch {
	case r.defect != "" && problems == "":
		return "FAIL: healed, the row still names a defect"
	case r.defect != "":
		return "KNOWN DEFECT: " + r.defect
	case problems != "":
		return "FAIL: " + problems
	}
	return "pass"
}
