package stack

import (
	"strconv"
	"strings"
)

func contains(text, sub string) bool { return strings.Contains(text, sub) }

// sumMetric adds up the samples of a metric in Prometheus' text format whose
// label part contains all of the texts.
func sumMetric(text, name string, labels []string) float64 {
	sum := 0.0
next:
	for line := range strings.SplitSeq(text, "\n") {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || (rest != "" && rest[0] != ' ' && rest[0] != '{') {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(rest, l) {
				continue next
			}
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err == nil {
			sum += v
		}
	}
	return sum
}
