package top

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/terminal"
)

// Picture is one table.
type Picture struct {
	// Before and Now are two samples; Before is nil in the first moment.
	Before, Now *Sample
	Report      *accounts.Report
	In          *time.Location
	Palette     terminal.Palette
	// Width and Height are the screen's, in characters; 0 is not known. On a small
	// one traffic is added up, so that the accounts have room.
	Width, Height int
}

// Columns of the traffic: its name, per second, in all.
const (
	wideName, widePerSecond, wideAll       = 24, 12, 14
	narrowName, narrowPerSecond, narrowAll = 19, 10, 10
)

// row is one of the traffic.
func (p *Picture) row(name, perSecond, all string) string {
	if p.Width == 0 || p.Width >= wideName+widePerSecond+wideAll {
		return fmt.Sprintf("%-*s%*s%*s", wideName, name, widePerSecond, perSecond, wideAll, all)
	}
	return fmt.Sprintf("%-*s %*s %*s", narrowName, shorten(name, narrowName), narrowPerSecond-1, perSecond, narrowAll-1, all)
}

// Lines are the picture's; on a screen that has no room for them, the short one's.
func (p *Picture) Lines() ([]string, error) {
	lines, err := p.lines(false)
	if err == nil && p.Height > 0 && len(lines) > p.Height-1 {
		return p.lines(true)
	}
	return lines, err
}

// known are outcomes, verdicts and kinds in the order in which they are shown;
// others follow by name.
var known = []string{"passed", "failed", "broken", "canceled", "local", "pass", "retry", "repair", "failover", "fail", "input", "cached", "output", "thinking"}

// lines are all there is to say, or short: each kind of traffic in one row, and then
// the accounts.
func (p *Picture) lines(short bool) ([]string, error) {
	heading := "PER SECOND"
	if p.Width > 0 && p.Width < wideName+widePerSecond+wideAll {
		heading = "PER SEC"
	}
	out := []string{p.Palette.Paint(terminal.Bold, p.row("TRAFFIC", heading, "IN ALL"))}
	for _, block := range []struct {
		name        string
		before, now func(*Sample) map[string]float64
	}{
		{name: "requests", now: func(s *Sample) map[string]float64 { return s.Requests }},
		{name: "attempts", now: func(s *Sample) map[string]float64 { return s.Attempts }},
		{name: "tokens", now: func(s *Sample) map[string]float64 { return s.Tokens }},
	} {
		if short {
			out = append(out, p.block(block.name, func(s *Sample) map[string]float64 { return total(block.now(s)) })...)
		} else {
			out = append(out, p.block(block.name, block.now)...)
		}
	}
	if p.Now.InFlight >= 0 && !short {
		out = append(out, p.row("requests under way", "", strconv.FormatFloat(p.Now.InFlight, 'f', -1, 64)))
	}
	var table bytes.Buffer
	if err := accounts.WriteTable(&table, p.Report, p.In); err != nil {
		return nil, err
	}
	told := table.String()
	if i := strings.Index(told, "\nACCOUNTS "); short && i >= 0 {
		told = told[i+1:]
	} else if !short {
		out = append(out, "")
	}
	for line := range strings.Lines(told) {
		line = strings.TrimRight(line, "\n")
		if head, _, _ := strings.Cut(line, " "); head != "" && head == strings.ToUpper(head) && strings.ContainsAny(head, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			line = p.Palette.Paint(terminal.Bold, line)
		}
		out = append(out, line)
	}
	return out, nil
}

// total adds up the values of a label.
func total(of map[string]float64) map[string]float64 {
	var sum float64
	for _, v := range of {
		sum += v
	}
	return map[string]float64{"": sum}
}

// block has a row for each value of a label.
func (p *Picture) block(name string, of func(*Sample) map[string]float64) (rows []string) {
	now, before := of(p.Now), map[string]float64{}
	if p.Before != nil {
		before = of(p.Before)
	}
	order := func(value string) int {
		if i := slices.Index(known, value); i >= 0 {
			return i
		}
		return len(known)
	}
	values := slices.SortedFunc(maps.Keys(now), func(a, b string) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a, b))
	})
	for _, value := range values {
		perSecond, bad := "-", false
		if p.Before != nil {
			r := rate(before[value], now[value], p.Now.At.Sub(p.Before.At).Seconds())
			perSecond = strconv.FormatFloat(r, 'f', 1, 64)
			bad = r > 0 && (value == "failed" || value == "broken" || value == "fail")
		}
		row := p.row(strings.TrimSuffix(name+" "+value, " "), perSecond, strconv.FormatFloat(now[value], 'f', -1, 64))
		if bad {
			row = p.Palette.Paint(terminal.Red, row)
		}
		rows = append(rows, row)
	}
	return rows
}

// Draw writes as many lines as fit over the screen: the cursor goes to the top,
// and the rest of each line and everything below the last is cleared.
func Draw(s terminal.Screen, lines []string) error {
	width, height := s.Size()
	if height > 2 && len(lines) > height-1 {
		lines = append(slices.Clone(lines[:height-2]), "… more: heald accounts shows all")
	}
	var out strings.Builder
	out.WriteString("\x1b[H")
	for _, line := range lines {
		out.WriteString(cut(line, width) + "\x1b[K\n")
	}
	out.WriteString("\x1b[J")
	_, err := s.Write([]byte(out.String()))
	return err
}

// cut shortens a line to that many characters, without counting colors, and marks that
// something is missing; 0 leaves it as it is.
func cut(line string, width int) string {
	if width == 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	n, last, escape := 0, 0, false
	for i, r := range line {
		switch {
		case escape:
			escape = r != 'm'
		case r == '\x1b':
			escape = true
		default:
			if n++; n == width {
				last = i
			}
		}
	}
	if n <= width {
		return line
	}
	return line[:last] + "…\x1b[0m"
}

// shorten is cut for a text without colors.
func shorten(text string, width int) string { return strings.TrimSuffix(cut(text, width), "\x1b[0m") }
