package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// equivalentText is the reviewed list of mutants that no test can kill. Each
// entry is four lines, and entries are separated by blank ones:
//
//	policies/heal/memory.go
//	- the line as it is
//	+ the line with the mistake
//	= why no input can tell them apart
//
//go:embed equivalent.txt
var equivalentText string

// change is a mutant without its line number, so that an entry outlives changes
// elsewhere in the file, but not one of its own line.
type change struct{ file, before, after string }

func (m *mutant) change() change {
	before, after := m.lines()
	return change{m.file, before, after}
}

// parseEquivalent reads the list: the reason of each change.
func parseEquivalent(text string) (map[change]string, error) {
	out := map[change]string{}
	for entry := range strings.SplitSeq(text, "\n\n") {
		var lines []string
		for l := range strings.SplitSeq(entry, "\n") {
			if l != "" && !strings.HasPrefix(l, "#") {
				lines = append(lines, l)
			}
		}
		if len(lines) == 0 {
			continue
		}
		if len(lines) != 4 || !strings.HasPrefix(lines[1], "- ") || !strings.HasPrefix(lines[2], "+") || !strings.HasPrefix(lines[3], "= ") {
			return nil, fmt.Errorf("equivalent.txt: entry %q: want a file, then lines that begin with -, + and =", lines[0])
		}
		out[change{lines[0], lines[1][2:], strings.TrimPrefix(lines[2][1:], " ")}] = lines[3][2:]
	}
	return out, nil
}
