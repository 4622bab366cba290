package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// figure is a column of the table.
type figure struct {
	name string
	of   func(c *cell) float64
}

var figures = []figure{
	{"req/s", func(c *cell) float64 { return float64(c.Requests) / c.Seconds }},
	{"sidecar CPU ms/req", func(c *cell) float64 { return c.SidecarCPU / float64(c.Requests) }},
	{"Envoy CPU ms/req", func(c *cell) float64 { return c.EnvoyCPU / float64(c.Requests) }},
	{"p50 ms", func(c *cell) float64 { return c.P50 }},
	{"p99 ms", func(c *cell) float64 { return c.P99 }},
	{"messages/req", func(c *cell) float64 { return float64(c.Messages) / float64(c.Requests) }},
}

// row is a scenario's part of the table.
type row struct {
	scenario string
	noop     []spread // a figure each
	heald    []spread
	ratio    []spread // heald / no-op, taken in each round by itself
}

// summarize turns cells into rows, in the order of the scenarios.
func summarize(list []scenario, cells []cell) []row {
	rows := make([]row, 0, len(list))
	for _, s := range list {
		r := row{scenario: s.name}
		noop, heald := map[int]*cell{}, map[int]*cell{}
		rounds := 0
		for i := range cells {
			c := &cells[i]
			if c.Scenario != s.name {
				continue
			}
			rounds = max(rounds, c.Round+1)
			if c.Variant == nameNoop {
				noop[c.Round] = c
			} else {
				heald[c.Round] = c
			}
		}
		for _, f := range figures {
			var n, h, ratio []float64
			for round := range rounds {
				if noop[round] == nil || heald[round] == nil {
					continue
				}
				a, b := f.of(noop[round]), f.of(heald[round])
				n, h, ratio = append(n, a), append(h, b), append(ratio, b/a)
			}
			r.noop, r.heald, r.ratio = append(r.noop, spreadOf(n)), append(r.heald, spreadOf(h)), append(r.ratio, spreadOf(ratio))
		}
		rows = append(rows, r)
	}
	return rows
}

// printTable writes the rows. A figure is the median over the rounds; a ratio
// has its range over the rounds behind it.
func printTable(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "scenario\t\t")
	for _, f := range figures {
		fmt.Fprint(t, f.name, "\t")
	}
	fmt.Fprintln(t)
	for _, r := range rows {
		printLine(t, r.scenario, nameNoop, r.noop, func(s spread) string { return digits(s.median) })
		printLine(t, "", nameHeald, r.heald, func(s spread) string { return digits(s.median) })
		printLine(t, "", "ratio", r.ratio, func(s spread) string {
			if s.low == s.high {
				return digits(s.median)
			}
			return fmt.Sprintf("%s (%s..%s)", digits(s.median), digits(s.low), digits(s.high))
		})
	}
	return t.Flush()
}

func printLine(w io.Writer, scenario, what string, values []spread, show func(spread) string) {
	fmt.Fprintf(w, "%s\t%s\t", scenario, what)
	for _, v := range values {
		fmt.Fprint(w, show(v), "\t")
	}
	fmt.Fprintln(w)
}

// digits is v with three significant digits, whole where it is large.
func digits(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
