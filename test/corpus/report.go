package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// outcome is the result of one row.
type outcome uint8

const (
	skipped   outcome = iota // not for heald
	unwanted                 // refused by its own API, and here in good form, or translated
	right                    // translated, everything preserved
	refused                  // refused, as the translation is meant to
	exception                // anything else
	outcomes                 // keep last
)

// report counts outcomes by table and source, and keeps the exceptions.
type report struct {
	order  []string // tables as they came
	tables map[string]map[string]*[outcomes]int
	faults map[string][]string // by row and target
	ids    []string
	notes  map[string]map[string]int // per table: why rows were skipped or refused
}

func newReport() *report {
	return &report{tables: map[string]map[string]*[outcomes]int{}, faults: map[string][]string{}, notes: map[string]map[string]int{}}
}

func (r *report) count(table, source string, o outcome) {
	if r.tables[table] == nil {
		r.order = append(r.order, table)
		r.tables[table], r.notes[table] = map[string]*[outcomes]int{}, map[string]int{}
	}
	if r.tables[table][source] == nil {
		r.tables[table][source] = &[outcomes]int{}
	}
	r.tables[table][source][o]++
}

func (r *report) note(table, why string) { r.notes[table][why]++ }

func (r *report) fault(id string, faults ...string) {
	if r.faults[id] == nil {
		r.ids = append(r.ids, id)
	}
	r.faults[id] = append(r.faults[id], faults...)
}

// faultsShown bounds the faults that are reported for one row.
const faultsShown = 5

// write writes the tables, the reasons and the exceptions.
func (r *report) write(w io.Writer) {
	for _, name := range r.order {
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(tw, "%s\trows\tpreserved\trefused as meant\trefused there, or differs\tskipped\texceptions\t\n", name)
		var sum [outcomes]int
		line := func(source string, n [outcomes]int) {
			all := 0
			for _, k := range n {
				all += k
			}
			fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", source, all, n[right], n[refused], n[unwanted], n[skipped], n[exception])
		}
		for _, source := range slices.Sorted(maps.Keys(r.tables[name])) {
			n := r.tables[name][source]
			for i, k := range n {
				sum[i] += k
			}
			line(source, *n)
		}
		line("all", sum)
		_ = tw.Flush() // to a buffer or the terminal
		for _, why := range slices.Sorted(maps.Keys(r.notes[name])) {
			fmt.Fprintf(w, "  %4d × %s\n", r.notes[name][why], why)
		}
		fmt.Fprintln(w)
	}
	for _, id := range r.ids {
		list := r.faults[id]
		fmt.Fprintf(w, "exception: %s\n  %s\n", id, strings.Join(list[:min(len(list), faultsShown)], "\n  "))
		if more := len(list) - faultsShown; more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	fmt.Fprintf(w, "%d exceptions\n", len(r.ids))
}
