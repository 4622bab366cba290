package usage

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
)

// columns are the values shown of a row. Their names are those in CSV and JSON.
var columns = []struct {
	name string
	of   func(*Row) int64
}{
	{"requests", func(r *Row) int64 { return r.Requests }},
	{"failed", func(r *Row) int64 { return r.Failed }},
	{"attempts", func(r *Row) int64 { return r.Attempts }},
	{"input", func(r *Row) int64 { return r.Input }},
	{"cached", func(r *Row) int64 { return r.Cached }},
	{"output", func(r *Row) int64 { return r.Output }},
	{"thinking", func(r *Row) int64 { return r.Thinking }},
}

// flaws are columns that say how far the cost can be trusted.
var flaws = []struct {
	name string
	of   func(*Row) int64
}{
	{"estimated", func(r *Row) int64 { return r.Estimated }},
	{"unpriced", func(r *Row) int64 { return r.Unpriced }},
	{"unknown", func(r *Row) int64 { return r.Unknown }},
}

// costKnown reports whether a cost can be shown: some attempt has one, or none
// used anything.
func (r *Row) costKnown() bool { return r.Priced > 0 || r.Unpriced == 0 && r.Unknown == 0 }

// cost is in the currency's units, exactly.
func (r *Row) cost() string { return fmt.Sprintf("%d.%09d", r.Nano/1e9, r.Nano%1e9) }

// Table prints the rows and their sum for people.
func (s *Sum) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var head []string
	for _, f := range s.by {
		head = append(head, strings.ToUpper(string(f)))
	}
	for _, c := range columns {
		head = append(head, strings.ToUpper(c.name))
	}
	head = append(head, "COST")
	for _, c := range flaws {
		head = append(head, strings.ToUpper(c.name))
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	line := func(by []string, r *Row) {
		cells := make([]string, 0, len(head))
		for _, v := range by {
			if v == "" {
				v = "-"
			}
			cells = append(cells, terminal.Printable(v))
		}
		for _, c := range columns {
			cells = append(cells, strconv.FormatInt(c.of(r), 10))
		}
		cost := "?"
		if r.costKnown() {
			cost = rounded(r.Nano)
		}
		cells = append(cells, cost)
		for _, c := range flaws {
			cells = append(cells, strconv.FormatInt(c.of(r), 10))
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	for _, r := range s.Rows() {
		line(r.By, r)
	}
	if len(s.by) > 0 {
		by := make([]string, len(s.by))
		by[0] = "TOTAL"
		line(by, &s.total)
	}
	return t.Flush()
}

// rounded is an amount with four decimals.
func rounded(nano int64) string {
	n := (nano + 50_000) / 100_000
	return fmt.Sprintf("%d.%04d", n/10_000, n%10_000)
}

// CSV prints the rows with a line of names. A cost that is not known is empty.
func (s *Sum) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	var head []string
	for _, f := range s.by {
		head = append(head, string(f))
	}
	for _, c := range columns {
		head = append(head, c.name)
	}
	head = append(head, "cost")
	for _, c := range flaws {
		head = append(head, c.name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, r := range s.Rows() {
		var cells []string
		for _, v := range r.By {
			cells = append(cells, inert(v))
		}
		for _, c := range columns {
			cells = append(cells, strconv.FormatInt(c.of(r), 10))
		}
		cost := ""
		if r.costKnown() {
			cost = r.cost()
		}
		cells = append(cells, cost)
		for _, c := range flaws {
			cells = append(cells, strconv.FormatInt(c.of(r), 10))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// inert prevents that spreadsheets take a value for a formula: clients choose
// names of models.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// JSON prints a list of objects. A cost that is not known is null; cost_nano is
// in billionths.
func (s *Sum) JSON(w io.Writer) error {
	list := []map[string]any{}
	for _, r := range s.Rows() {
		o := map[string]any{"cost_nano": nil}
		for i, f := range s.by {
			o[string(f)] = r.By[i]
		}
		for _, c := range columns {
			o[c.name] = c.of(r)
		}
		for _, c := range flaws {
			o[c.name] = c.of(r)
		}
		if r.costKnown() {
			o["cost_nano"] = r.Nano
		}
		list = append(list, o)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}
