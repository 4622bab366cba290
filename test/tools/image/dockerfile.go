package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// instruction is one instruction of a Dockerfile, its continuation lines joined.
type instruction struct {
	line int    // of its first line, from 1
	word string // in capitals
	args string
}

func (i instruction) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s: %w", i.line, i.word, fmt.Errorf(format, args...))
}

// escapeDirective would make another character than \ join lines.
var escapeDirective = regexp.MustCompile(`(?i)^#\s*escape\s*=`)

// instructions splits a Dockerfile. It refuses what it does not understand rather
// than guess: here-documents and the escape directive.
func instructions(src string) ([]instruction, error) {
	var list []instruction
	open := false // the line before ended in a backslash
	for n, line := range strings.Split(src, "\n") {
		line = strings.TrimRight(line, " \t\r")
		start := strings.TrimLeft(line, " \t")
		if escapeDirective.MatchString(start) {
			return nil, fmt.Errorf("line %d: the escape directive is not understood: join lines with a backslash", n+1)
		}
		// Docker skips comments and blank lines also between joined lines.
		if start == "" || start[0] == '#' {
			continue
		}
		text, more := strings.CutSuffix(line, `\`)
		if open {
			list[len(list)-1].args += text
		} else {
			list = append(list, instruction{line: n + 1, args: text})
		}
		open = more
	}
	if open {
		return nil, errors.New("the last line ends in a backslash")
	}
	for n := range list {
		i := &list[n]
		text := strings.TrimSpace(i.args)
		end := strings.IndexAny(text+" ", " \t")
		i.word, i.args = strings.ToUpper(text[:end]), strings.TrimSpace(text[end:])
		if strings.Contains(i.args, "<<") {
			return nil, i.errorf("here-documents are not understood: join lines with a backslash")
		}
	}
	return list, nil
}

// words splits arguments at blanks outside double quotes, and removes the quotes.
func words(args string) ([]string, error) {
	var (
		list   []string
		word   strings.Builder
		quoted bool
		begun  bool
	)
	for _, r := range args {
		switch {
		case r == '\'' || r == '\\':
			return nil, fmt.Errorf("%q is not understood: write double quotes, without escapes", r)
		case r == '"':
			quoted, begun = !quoted, true
		case !quoted && (r == ' ' || r == '\t'):
			if begun {
				list = append(list, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quoted {
		return nil, errors.New("a double quote is not closed")
	}
	if begun {
		list = append(list, word.String())
	}
	return list, nil
}

// variable is every form of a build argument; only the first two are understood.
var variable = regexp.MustCompile(`\$(\w+|\{\w+\}|.?)`)

// expand puts build arguments in.
func expand(s string, values map[string]string) (string, error) {
	var err error
	s = variable.ReplaceAllStringFunc(s, func(v string) string {
		value, ok := values[strings.Trim(v, "${}")]
		if !ok {
			err = fmt.Errorf("%s in %q is not a build argument declared above with a default", v, s)
		}
		return value
	})
	return s, err
}
