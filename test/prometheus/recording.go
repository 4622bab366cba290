package prometheus

import (
	"bufio"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Recording is the metrics of targets, scrape by scrape.
type Recording struct {
	scrapes int
	series  map[string][]float64 // by name and labels; NaN where it was not there
}

// Begin begins the next scrape of all targets.
func (r *Recording) Begin() {
	if r.series == nil {
		r.series = map[string][]float64{}
	}
	r.scrapes++
}

// Add adds a scrape of a target in Prometheus' text format. ok says that the
// scrape succeeded; the recording stores it as up, as Prometheus does. labels,
// such as job="heald",instance="h1", are added to every series.
func (r *Recording) Add(labels, text string, ok bool) {
	up := 0.0
	if ok {
		up = 1
	}
	r.set("up{"+labels+"}", up)
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil || math.IsNaN(value) {
			continue
		}
		name, own, _ := strings.Cut(line[:at], "{")
		own = strings.TrimSuffix(own, "}")
		if own != "" {
			own += ","
		}
		r.set(name+"{"+own+labels+"}", value)
	}
}

func (r *Recording) set(series string, value float64) {
	values := r.series[series]
	for len(values) < r.scrapes {
		values = append(values, math.NaN())
	}
	values[r.scrapes-1] = value
	r.series[series] = values
}

// Repeat repeats the last scrape n times.
func (r *Recording) Repeat(n int) {
	for range n {
		r.scrapes++
		for series, values := range r.series {
			if len(values) == r.scrapes-1 {
				r.series[series] = append(values, values[r.scrapes-2])
			}
		}
	}
}

// value is the value of a series in a scrape; NaN for none.
func (r *Recording) value(series string, scrape int) float64 {
	if values := r.series[series]; scrape < len(values) {
		return values[scrape]
	}
	return math.NaN()
}

// openMetrics is the recording as a file for promtool. Its last scrape was at end,
// in Unix seconds, and step seconds lie between two.
func (r *Recording) openMetrics(end, step int64) string {
	var b strings.Builder
	for _, series := range slices.Sorted(maps.Keys(r.series)) {
		for i := range r.scrapes {
			if v := r.value(series, i); !math.IsNaN(v) {
				fmt.Fprintf(&b, "%s %s %d\n", series, number(v), end-step*int64(r.scrapes-1-i))
			}
		}
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// inputSeries is the recording as the input_series of promtool's unit tests. It has
// what matches alone.
func (r *Recording) inputSeries(matches func(series string) bool) string {
	var b strings.Builder
	for _, series := range slices.Sorted(maps.Keys(r.series)) {
		if !matches(series) {
			continue
		}
		values := make([]string, r.scrapes)
		for i := range values {
			switch v := r.value(series, i); {
			case !math.IsNaN(v):
				values[i] = number(v)
			case i > 0 && !math.IsNaN(r.value(series, i-1)):
				values[i] = "stale" // as Prometheus marks a series that a target no longer has
			default:
				values[i] = "_"
			}
		}
		fmt.Fprintf(&b, "  - {series: '%s', values: '%s'}\n", strings.ReplaceAll(series, "'", "''"), strings.Join(values, " "))
	}
	return b.String()
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
