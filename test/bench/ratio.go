package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// ratio compares two variants.
type ratio struct{ over, under string }

func (r ratio) String() string { return r.over + " / " + r.under }

// compared are the ratios that are printed, where both variants were measured.
var compared = []ratio{
	{nameHeald, nameNoop}, {nameHeald, nameHops}, {nameHeald, nameProxy}, {nameHeald, nameBase},
	{nameLean, nameHeald}, {nameLean, nameProxy}, {nameLean, nameBase},
}

// ratioFigures are the figures that ratios are computed of.
var ratioFigures = []figure{envoyCPU, sidecarCPU, bothCPU, p50}

// ratio is computed for each round. It is empty if one of the two has no such
// figure.
func (r results) ratio(scenario string, of ratio, f figure) spread {
	var values []float64
	for round, under := range r[scenario][of.under] {
		over := r[scenario][of.over][round]
		if over == nil {
			continue
		}
		if a, b := f.of(over), f.of(under); a > 0 && b > 0 {
			values = append(values, a/b)
		}
	}
	return spreadOf(values)
}

// printRatios writes their medians, with the range over the rounds.
func printRatios(w io.Writer, list []scenario, variants []string, r results) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "ratios\t\tEnvoy CPU\tsidecar CPU\tboth CPU\tp50\t\n")
	for _, s := range driven(list) {
		title := s.name
		for _, of := range compared {
			if !slices.Contains(variants, of.over) || !slices.Contains(variants, of.under) {
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t", title, of)
			for _, f := range ratioFigures {
				fmt.Fprint(t, r.ratio(s.name, of, f).ranged(), "\t")
			}
			fmt.Fprintln(t)
			title = ""
		}
	}
	return t.Flush()
}

// ranged is the median, and the range if there is one; "-" for nothing.
func (s spread) ranged() string {
	switch {
	case s == spread{}:
		return "-"
	case s.low == s.high:
		return threeDigits(s.median)
	}
	return threeDigits(s.median) + " (" + threeDigits(s.low) + "-" + threeDigits(s.high) + ")"
}

// threeDigits is a ratio with two decimals, fewer where it is large.
func threeDigits(v float64) string {
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// aim is a ratio that is to be reached.
type aim struct {
	scenario string
	ratio    ratio
	figure   figure
	most     float64
}

// aims are those of heald's design. What Envoy and heald cost together is
// compared with the commit before the work on cost began (78fe32b).
var aims = []aim{
	{"json-small", ratio{nameHeald, nameBase}, bothCPU, 0.8},
	{"json-small", ratio{nameLean, nameBase}, bothCPU, 0.7},
	{"json-small", ratio{nameHeald, nameNoop}, sidecarCPU, 1.4},
	{"sse-10", ratio{nameHeald, nameNoop}, sidecarCPU, 1.3},
	{"sse-100", ratio{nameHeald, nameNoop}, sidecarCPU, 1.3},
	{"sse-1000", ratio{nameHeald, nameNoop}, sidecarCPU, 1.3},
	{"sse-10000", ratio{nameHeald, nameNoop}, sidecarCPU, 1.3},
	{"body-200k", ratio{nameHeald, nameNoop}, sidecarCPU, 2},
}

// printAims prints which aims the measured medians reach.
func printAims(w io.Writer, r results) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range aims {
		got := r.ratio(a.scenario, a.ratio, a.figure)
		if got == (spread{}) {
			continue
		}
		verdict := "reached"
		if got.median > a.most {
			verdict = "missed"
		}
		fmt.Fprintf(t, "aim: %s\t%s\t%s CPU\tat most %.2f\t%s\t%s\n", a.scenario, a.ratio, a.figure.name, a.most, got.ranged(), verdict)
	}
	return t.Flush()
}
