package config

import (
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/setting"
)

// syntaxHints explain errors of the YAML library, found by a part of their
// text; the library's own texts are for authors of parsers, and may quote the
// file.
var syntaxHints = []struct{ theirs, ours string }{
	{"mapping values are not allowed", "there is a ':' where none is allowed; quote a text that has one, and check the indentation"},
	{"could not find expected ':'", "a ':' after a key is missing, or a text over several lines is not indented"},
	{"did not find expected ','", "a list or mapping in brackets is not closed, or a ',' is missing"},
	{"did not find expected key", "the indentation does not fit the lines before"},
	{"did not find expected '-'", "an entry of a list does not begin with '-' in the column of the others"},
	{"cannot start any token", "a tab or a special character begins a text; indent with spaces, and quote texts that begin with @, ` or %"},
	{"tab character", "a tab indents the line; use spaces"},
	{"unexpected end of stream", "a quoted text is not closed"},
	{"unknown escape", "a text in double quotes has a backslash that means nothing; use single quotes"},
	{"anchor", "an alias (*name) has no anchor (&name), or contains itself"},
	{"UTF-8", "the file is not UTF-8 text"},
	{"control characters", "there is a control character"},
}

var syntaxLine = regexp.MustCompile(`line (\d+)`)

// syntaxProblem explains an error of the YAML library about a file.
func syntaxProblem(err error, name string) error {
	p := &setting.Problem{Found: "the text is no valid YAML", Fix: "compare it with the example in CONFIGURATION.md"}
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		p.Path = "line " + m[1] + " of " + name
	}
	for _, h := range syntaxHints {
		if strings.Contains(err.Error(), h.theirs) {
			p.Found = h.ours
			break
		}
	}
	return p
}
