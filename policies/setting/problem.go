// Package setting describes what is wrong with settings of the owner, so that
// problems of heald.yaml, flags and the headers of routes read alike, whichever
// package finds them.
package setting

import "errors"

// Problem is a setting that cannot be used, or with Note one that works but
// hardly as intended. Its texts quote values only by way of redact.Quote.
type Problem struct {
	// Path is the setting, as in accounts[0].secret.env; "" for all of them.
	Path string
	// Found is what is there or missing, Consequence what happens because of it,
	// Fix what to write. Consequence "" means the usual one: the configuration is
	// not taken.
	Found, Consequence, Fix string
	Note                    bool
}

// NotTaken is the consequence of a problem that names no other.
const NotTaken = "heald does not start, and a reload keeps the old configuration"

// Error is one line.
func (p *Problem) Error() string {
	text := p.Found
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Consequence != "" {
		text += ": " + p.Consequence
	}
	if p.Fix != "" {
		text += "; " + p.Fix
	}
	return text
}

// Problems lists what errors.Join has joined; an error that is no problem keeps
// its text.
func Problems(err error) []*Problem {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // a wrapped join keeps its prefix
		var out []*Problem
		for _, e := range joined.Unwrap() {
			out = append(out, Problems(e)...)
		}
		return out
	}
	var p *Problem
	if errors.As(err, &p) {
		return []*Problem{p}
	}
	return []*Problem{{Found: err.Error()}}
}
