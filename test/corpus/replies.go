package main

import (
	"context"
	"fmt"

	"github.com/heald-proxy/heald/policies"
)

// replyFiles are the recorded replies of Gemini.
var replyFiles = []string{"gemini_stream_responses.jsonl.gz", "gemini_unary_responses.jsonl.gz"}

// steps are the sizes of the pieces that a reply comes in; 0 for one piece.
var steps = []int{0, 1009}

// replies runs the recorded replies through one API's encoder, as a stream and
// as a document.
func (c *corpus) replies(a api) error {
	for _, file := range replyFiles {
		table := "gemini → " + a.name + " replies"
		for r, err := range rows[row](c.dir, file) {
			if err != nil {
				return err
			}
			want, err := foldGemini([]byte(r.Body))
			if err != nil {
				want = &answer{failed: "broken: " + err.Error()}
			}
			o := right
			for _, step := range steps {
				o = worse(o, c.framings(a, r, want, step))
			}
			c.report.count(table, r.Source, o)
		}
	}
	return nil
}

// framings runs one reply as a stream and as a document, which must say the
// same.
func (c *corpus) framings(a api, r row, want *answer, step int) outcome {
	o := right
	var got [2]*answer
	for i, stream := range []bool{true, false} {
		var faults []string
		got[i], faults = c.reply(a, r, want, stream, step)
		if len(faults) > 0 {
			o = exception
			c.report.fault(fmt.Sprintf("%s → %s (%s, stream %t, step %d)", r.ID, a.name, r.Source, stream, step), faults...)
		} else if got[i] == nil {
			o = worse(o, refused)
		}
	}
	if got[0] != nil && got[1] != nil && got[0].failed == "" && o == right {
		if faults := differ(got[0], got[1]); len(faults) > 0 {
			o = exception
			c.report.fault(fmt.Sprintf("%s → %s (%s, the document is not the stream)", r.ID, a.name, r.Source), faults...)
		}
	}
	return o
}

// reply runs one reply. The answer is nil if the client got an error instead,
// rightly.
func (c *corpus) reply(a api, r row, want *answer, stream bool, step int) (*answer, []string) {
	path, ask := a.sample(stream)
	tr := c.translators[0].Request(context.Background(), head(path), []byte(ask))
	if tr.Reply != nil {
		return nil, []string{fmt.Sprintf("the sample was refused: %s", tr.Reply.Body)}
	}
	got := tr.Answer(200, policies.Headers{{Name: "content-type", Value: "text/event-stream"}}, []byte(r.Body), step)
	if got.Status != 200 {
		if why := want.fine(stream); why != "" {
			return nil, []string{fmt.Sprintf("refused (%s): %s; but the reply %s", got.Reason, got.Body, why)}
		}
		return nil, nil
	}
	read := a.document
	if stream {
		read = a.stream
	}
	said, err := read(got.Body)
	if err != nil {
		return nil, []string{"the client cannot read it: " + err.Error()}
	}
	return said, differ(want.expected(a.native), said)
}

// fine says why a reply should have reached the client; "" if it should not.
func (a *answer) fine(stream bool) string {
	switch {
	case a.failed != "":
		return "" // seen before anything was passed on, or too late for a document
	case stream && a.content():
		return "has content"
	case a.finish == length || a.finish == refusing || a.finish == pausing:
		return "is a true answer without content"
	case a.content() && (a.finish == stopped || a.finish == called || a.finish == strange):
		return "is complete"
	}
	return ""
}

// expected is what a client should see of a reply that passes.
func (a *answer) expected(native bool) *answer {
	out := *a
	switch {
	case native && a.finish != unfinished:
	case a.failed != "":
		out.finish = unfinished
	case a.finish == unfinished, a.finish == malformed:
		out.finish, out.failed = unfinished, "broken off"
	case a.finish == strange:
		if out.finish = stopped; len(a.calls) > 0 {
			out.finish = called
		}
	}
	return &out
}
