package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// quantile is the smallest value that is not below a share q of the values.
func quantile(values []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// print writes a table of results, times multiplied by scale.
func print(out io.Writer, title string, results []result, scale time.Duration) error {
	fmt.Fprintf(out, "\n%s\n", title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "hedge\trequests\tp50 s\tp90 s\tp99 s\tduplicates %\t")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%d\t", r.policy, r.requests)
		for _, q := range []float64{.5, .9, .99} {
			fmt.Fprintf(w, "%.2f\t", (quantile(r.took, q) * scale).Seconds())
		}
		fmt.Fprintf(w, "%.1f\t\n", 100*float64(r.duplicates)/float64(r.requests))
	}
	return w.Flush()
}
