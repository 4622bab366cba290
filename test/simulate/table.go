package simulate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes the results of one scenario as a table.
func Print(w io.Writer, s *Scenario, results []Result) {
	fmt.Fprintf(w, "%s: %s\nseed %d, %d requests in %v, %d replicas, limits %s\n", s.Name, s.What, s.Seed,
		results[0].Requests, s.Length, s.replicas(), s.Limits)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "policy\tgood %\tof bound %\t429/1000\t5xx/1000\twait p50\twait p99\tJain\tworst %\tcached %\textra billed %\t")
	for _, r := range results {
		jain := "–"
		if r.Jain > 0 {
			jain = fmt.Sprintf("%.3f", r.Jain)
		}
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%s\t%.0f\t%.1f\t%.1f\t\n", r.Policy, 100*r.Good, 100*r.OfBound,
			r.RateLimited, r.Failed, r.WaitP50, r.WaitP99, jain, 100*r.Worst, 100*r.Cached, 100*r.Extra)
	}
	_ = t.Flush() // as every other output for people
	for _, r := range results {
		if missed := r.Missed(s.Aim); r.Policy == Heald && missed != "" {
			fmt.Fprintf(w, "MISSED by heald: %s\n", missed)
		}
	}
	fmt.Fprintln(w)
}

// Missed says which aims a result misses; "" if none.
func (r Result) Missed(a Aim) string {
	var all []string
	if r.OfBound < a.OfBound {
		all = append(all, fmt.Sprintf("%.1f %% of the bound, aim %.0f", 100*r.OfBound, 100*a.OfBound))
	}
	if a.Refused > 0 && r.RateLimited > a.Refused {
		all = append(all, fmt.Sprintf("%.1f 429s for 1,000 attempts, aim %.0f", r.RateLimited, a.Refused))
	}
	if r.Jain < a.Jain {
		all = append(all, fmt.Sprintf("Jain %.3f, aim %.2f", r.Jain, a.Jain))
	}
	if r.Worst < a.WorstTenant {
		all = append(all, fmt.Sprintf("worst tenant %.0f %%, aim %.0f", 100*r.Worst, 100*a.WorstTenant))
	}
	return strings.Join(all, "; ")
}

// Legend explains the table's columns.
const Legend = `good       requests whose answer began within 30 s of their arrival
of bound   the same as a share of what no policy could exceed (largest flow over
           request × project × minute), in requests, tokens or time, where it is nearest
429, 5xx   for each 1,000 attempts that went upstream; silence counts as 5xx
wait       seconds from the arrival until the attempt was sent that was answered
Jain       index of fairness of what backlogged tenants were served, by weight
worst      what the worst tenant was served, of what it was entitled to
cached     input tokens read from caches
extra      what input cost more than if each answered request had been sent once,
           to where its conversation is cached

Under every policy a client's request is tried up to four times, 1, 2 and 4 s
apart (up to half of that less, by chance; longer where a refusal by the gateway
says so), an attempt is given up after 15 s without content, and clients leave
after 30 s. All policies meet the same requests. heald knows when clients leave; of
accounts it knows the projects, and where limits are known their limits.
`

// Speed says how fast the simulation was.
func Speed(events int, took time.Duration) string {
	return fmt.Sprintf("%d simulated requests in %.0f s, %.0f a second", events, took.Seconds(), float64(events)/took.Seconds())
}
