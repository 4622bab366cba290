package console

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/redact"
)

const (
	// longestName bounds names of models, in bytes: clients choose them.
	longestName = 60
	// longestError bounds the text of a failure, in bytes.
	longestError = 160
	// idLength is how much of a request's id is shown: enough for `heald why`, which
	// takes beginnings.
	idLength = 8
)

// Line describes one request, without a line end.
func Line(r *record.Request, in *time.Location, p terminal.Palette) string {
	parts := []string{
		p.Paint(terminal.Dim, r.Time.Add(time.Duration(r.Duration)).In(in).Format(time.TimeOnly)),
		fmt.Sprintf("%-9s", clean(cmp.Or(r.API, "-"), longestName)),
		models(r, p),
		outcome(r, p),
	}
	if why := attempts(r); why != "" {
		parts = append(parts, why)
	}
	parts = append(parts, duration(time.Duration(r.Duration)))
	if u := r.Usage; u != nil {
		parts = append(parts, p.Paint(terminal.Dim, count(u.Input)+" in, "+count(u.Output)+" out"))
	}
	if words := failure(r); words != "" {
		parts = append(parts, p.Paint(terminal.Red, words))
	}
	if id := r.RequestID; id != "" && somethingToAsk(r) {
		parts = append(parts, p.Paint(terminal.Dim, "why "+terminal.Printable(id[:min(len(id), idLength)])))
	}
	return strings.Join(parts, "  ")
}

// models are the one asked for and the one that answered.
func models(r *record.Request, p terminal.Palette) string {
	asked, answered := clean(r.Alias, longestName), clean(r.Model, longestName)
	switch {
	case asked == "" && answered == "":
		return clean(cmp.Or(r.Path, "-"), longestName)
	case asked == "" || asked == answered || answered == "":
		return p.Paint(terminal.Bold, cmp.Or(answered, asked))
	}
	return asked + " → " + p.Paint(terminal.Bold, answered)
}

// outcome is how it ended, with the status if that says more.
func outcome(r *record.Request, p terminal.Palette) string {
	text, color := r.Outcome, terminal.Plain
	switch r.Outcome {
	case "passed":
		if color = terminal.Green; healed(r) {
			text, color = "healed", terminal.Yellow
		}
	case "failed":
		text, color = "failed "+strconv.Itoa(r.Status), terminal.Red
		if r.Status == 0 {
			text = "failed"
		}
	case "broken":
		color = terminal.Red
	}
	return p.Paint(color, text)
}

// healed reports whether an answer took more than one attempt, or its rest was
// fetched.
func healed(r *record.Request) bool {
	return r.Tried > 1 || r.Resume != nil && r.Resume.Result == "resumed"
}

// somethingToAsk reports whether `heald why` knows more than the line says.
func somethingToAsk(r *record.Request) bool {
	return healed(r) || r.Outcome != "passed" && r.Outcome != "local"
}

// attempts are the reasons of all attempts, in their order; "" for one that went
// well.
func attempts(r *record.Request) string {
	var out []string
	for i := 0; i < len(r.Attempts); {
		one, times := attempt(&r.Attempts[i]), 1
		for i++; i < len(r.Attempts) && attempt(&r.Attempts[i]) == one; i++ {
			times++
		}
		if times > 1 {
			one = strconv.Itoa(times) + " × " + one
		}
		out = append(out, one)
	}
	if unknown := r.Tried - len(r.Attempts); unknown > 0 && len(out) > 0 {
		out = append([]string{strconv.Itoa(unknown) + " elsewhere"}, out...)
	}
	if r.BrokenBy != "" {
		out = append(out, "broke off: "+r.BrokenBy)
	}
	if r.Resume != nil {
		out = append(out, r.Resume.Result)
	}
	if len(out) == 0 {
		return r.Reason
	}
	if len(out) == 1 && r.Outcome == "passed" {
		return ""
	}
	return strings.Join(out, ", then ")
}

// attempt is the reason of one attempt, and where it was made.
func attempt(a *record.Attempt) string {
	one := cmp.Or(a.Reason, a.Verdict, "?")
	if a.Account != "" {
		one += " at " + clean(a.Account, longestName)
	}
	return one
}

// failure is the error of the last attempt if the client got no answer.
func failure(r *record.Request) string {
	last := r.Last()
	if last == nil || last.Error == "" || r.Outcome == "passed" || r.Outcome == "local" {
		return ""
	}
	return clean(last.Error, longestError)
}

// duration is rounded, for quick reading.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// count writes tokens with separators, as in 1,234,567.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && n > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// clean bounds a text, and removes control characters and whatever looks like a
// credential.
func clean(text string, most int) string {
	return terminal.Printable(redact.Bound(redact.ForLog(text), most))
}
