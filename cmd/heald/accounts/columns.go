package accounts

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
)

// Width is the most characters of a line.
const Width = 100

// gap is between two columns.
const gap = 2

// leastLast is the least width of the last column.
const leastLast = 28

// lay writes rows below the heads of columns. A row with one cell is a heading.
// The last column takes the rest of the width and is wrapped; text that is too
// long for another column is cut.
func lay(w io.Writer, heads []string, rows [][]string) error {
	rows = append([][]string{heads}, rows...)
	last := len(heads) - 1
	widths := widths(rows, last)
	var out strings.Builder
	for _, row := range rows {
		if len(row) == 1 {
			out.WriteString(strings.TrimRight(short(row[0], Width), " ") + "\n") // a name may end with blanks
			continue
		}
		left := 0
		for i, cell := range row[:last] {
			cell = short(cell, widths[i])
			out.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap))
			left += widths[i] + gap
		}
		for i, line := range wrap(row[last], Width-left) {
			if i > 0 {
				out.WriteString(strings.Repeat(" ", left))
			}
			out.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// widths are those of the columns before the last: the widths of their texts,
// less what the widest columns must give up.
func widths(rows [][]string, columns int) []int {
	out := make([]int, columns)
	sum := 0
	for i := range out {
		for _, row := range rows {
			if len(row) > 1 {
				out[i] = max(out[i], utf8.RuneCountInString(terminal.Printable(row[i])))
			}
		}
		out[i] = min(out[i], Width)
		sum += out[i] + gap
	}
	for ; sum > Width-leastLast; sum-- {
		widest := 0
		for i := range out {
			if out[i] > out[widest] {
				widest = i
			}
		}
		out[widest]--
	}
	return out
}

// short cuts the middle out of a longer text, since names differ at both ends.
// Control characters are replaced, since names may come from outside.
func short(text string, most int) string {
	text = terminal.Printable(text)
	r := []rune(text)
	if len(r) <= most {
		return text
	}
	tail := (most - 1) / 2
	return string(r[:most-1-tail]) + "…" + string(r[len(r)-tail:])
}

// wrap breaks a text at blanks into lines of at most so many characters; a word
// that is longer is cut.
func wrap(text string, most int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(terminal.Printable(text)) {
		word = short(word, most)
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > most {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
