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
	// of has no NaN: 0 means that a variant lacks the figure.
	of func(c *cell) float64
}

var (
	envoyCPU   = figure{"Envoy", func(c *cell) float64 { return c.EnvoyCPU / float64(c.Requests) }}
	sidecarCPU = figure{"sidecar", func(c *cell) float64 { return c.SidecarCPU / float64(c.Requests) }}
	bothCPU    = figure{"both", func(c *cell) float64 { return (c.EnvoyCPU + c.SidecarCPU) / float64(c.Requests) }}
	p50        = figure{"p50 ms", func(c *cell) float64 { return c.P50 }}
)

var figures = []figure{
	{"req/s", func(c *cell) float64 { return float64(c.Requests) / c.Seconds }},
	envoyCPU, sidecarCPU, bothCPU, p50,
	{"p99 ms", func(c *cell) float64 { return c.P99 }},
	{"messages", func(c *cell) float64 { return float64(c.Messages) / float64(c.Requests) }},
}

// results are cells by what they are of.
type results map[string]map[string]map[int]*cell // scenario, variant, round

func sorted(cells []cell) results {
	r := results{}
	for i := range cells {
		c := &cells[i]
		if r[c.Scenario] == nil {
			r[c.Scenario] = map[string]map[int]*cell{}
		}
		if r[c.Scenario][c.Variant] == nil {
			r[c.Scenario][c.Variant] = map[int]*cell{}
		}
		r[c.Scenario][c.Variant][c.Round] = c
	}
	return r
}

// figure is one of a variant in a scenario, over the rounds.
func (r results) figure(scenario, variant string, f figure) spread {
	var values []float64
	for _, c := range r[scenario][variant] {
		values = append(values, f.of(c))
	}
	return spreadOf(values)
}

// printFigures writes the medians of all variants.
func printFigures(w io.Writer, list []scenario, variants []string, r results) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\t\t\tCPU-ms of\tCPU-ms of\tCPU-ms of\t\t\t\t\n")
	fmt.Fprint(t, "scenario\t\t")
	for _, f := range figures {
		fmt.Fprint(t, f.name, "\t")
	}
	fmt.Fprintln(t)
	for _, s := range driven(list) {
		title := s.name
		for _, v := range variants {
			fmt.Fprintf(t, "%s\t%s\t", title, v)
			for _, f := range figures {
				fmt.Fprint(t, digits(r.figure(s.name, v, f).median), "\t")
			}
			fmt.Fprintln(t)
			title = ""
		}
	}
	return t.Flush()
}

// digits is v with three significant digits, whole if it is large; "-" for 0, a
// missing figure.
func digits(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
