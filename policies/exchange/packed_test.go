package exchange

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// packedReply is a reply with that content-encoding.
func packedReply(status int, coding string) *policies.Response {
	return &policies.Response{Status: status, Details: policies.ViaUpstream, Headers: policies.Headers{{Name: "content-encoding", Value: coding}}}
}

// sayHi sends a small request of the API, for a stream or a document.
func (w *wire) sayHi(t *testing.T, a *attempt, stream bool) {
	t.Helper()
	more := fmt.Sprintf(`"stream":%t,`, stream)
	if a.in.Path = w.path; w.name == "gemini" {
		if more = ""; stream {
			a.in.Path = strings.Replace(w.path, "generateContent", "streamGenerateContent", 1) + "?alt=sse"
		}
	}
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	if _, reply := a.RequestBody(context.Background(), []byte(w.body([]string{w.user(`"hi"`)}, nil, more))); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
}

// askedOf are the attempts that ask for an answer, of each API, streaming and not.
func askedOf(t *testing.T, r rig) map[string]*attempt {
	t.Helper()
	out := map[string]*attempt{}
	for _, w := range wires {
		for _, stream := range []bool{true, false} {
			a := r.begin(1, "")
			w.sayHi(t, a, stream)
			out[fmt.Sprintf("%s/stream %t", w.name, stream)] = a
		}
	}
	return out
}

// inPieces is text in pieces of n bytes.
func inPieces(text string, n int) (pieces []string) {
	for piece := range slices.Chunk([]byte(text), n) {
		pieces = append(pieces, string(piece))
	}
	return pieces
}

// A compressed answer reaches the client like one that is not, and no later,
// however its bytes are cut.
func TestPackedAnswers(t *testing.T) {
	r := newRig(t, nil)
	for coding := range compressors {
		flushed := compressed(coding, heartbeat, hello, stop)
		whole := strings.Join(flushed, "")
		for cutting, pieces := range map[string][]string{"as flushed": flushed, "at once": {whole}, "bytes": inPieces(whole, 1), "sevens": inPieces(whole, 7)} {
			for name, a := range askedOf(t, r) {
				t.Run(coding+"/"+cutting+"/"+name, func(t *testing.T) {
					defer a.Close(policies.EndComplete)
					a.ResponseHeaders(packedReply(200, coding))
					var got strings.Builder
					for i, piece := range pieces {
						act := a.ResponseBody([]byte(piece), i == len(pieces)-1)
						if act.Head != nil && slices.Contains(act.Head.Remove, "content-encoding") == false {
							t.Error("content-encoding stays")
						}
						got.Write(act.Body)
						if sent := act.Step == policies.Send; cutting == "as flushed" && i == 1 && sent != a.req.Stream {
							t.Errorf("with the text: sent %t", sent)
						}
					}
					if !strings.Contains(got.String(), "Hello") || a.phase != over || a.record.ended != "" || a.record.verdict != policies.Pass {
						t.Errorf("phase %d, %s %s:\n%s", a.phase, a.record.verdict, a.record.ended, got.String())
					}
				})
			}
		}
	}
}

// Errors and counts are read the same.
func TestPackedErrorsAndCounts(t *testing.T) {
	for coding := range compressors {
		a := newRig(t, nil).begin(1, "")
		send(t, a, ask)
		if act := answerWith(a, 429, compress(coding, minute), "content-encoding", coding); act.Reply == nil || act.Reply.Reason != heal.ReasonRateLimit || !strings.Contains(a.record.err.Error(), "exhausted") {
			t.Errorf("%s: %+v, %v", coding, act.Reply, a.record.err)
		}
		a = newRig(t, nil).begin(1, "")
		a.in.Path = "/v1/messages/count_tokens"
		send(t, a, askWhole)
		if act := answerWith(a, 200, compress(coding, `{"totalTokens": 42}`), "content-encoding", coding); act.Reply == nil || act.Reply.Reason != heal.ReasonOK || !strings.Contains(string(act.Reply.Body), "42") {
			t.Errorf("%s: %+v", coding, act.Reply)
		}
	}
	a := newRig(t, nil).begin(1, "")
	send(t, a, ask)
	if act := answerWith(a, 429, compress("gzip", minute)); act.Reply == nil || !strings.Contains(a.record.err.Error(), "exhausted") {
		t.Errorf("gzip that nobody told: %+v, %v", act.Reply, a.record.err)
	}
}

// What cannot be read is judged like any reply that is no answer, and the log
// says why it could not.
func TestPackedBadly(t *testing.T) {
	bomb := heartbeat + ":" + strings.Repeat(" ", 9<<20) + "\r\n\r\n"
	half := func(coding string) string { z := compress(coding, hello+stop); return z[:len(z)/2] }
	type reply struct {
		name, coding string
		status       int
		body         string
		reason, log  string
	}
	replies := []reply{
		{"unknown", "lzma", 200, hello + stop, heal.ReasonPeekGarbage, `"lzma"`},
		{"unknown, an error", "lzma", 503, overload, heal.ReasonOverloaded, `"lzma"`},
		{"twice", "gzip, gzip", 200, hello + stop, heal.ReasonPeekGarbage, "more than one"},
		{"an error, cut", "gzip", 503, compress("gzip", overload)[:20], heal.ReasonOverloaded, "cut short"},
	}
	for _, coding := range slices.Sorted(maps.Keys(compressors)) {
		replies = append(replies,
			reply{coding + " that is none", coding, 200, hello + stop, heal.ReasonPeekGarbage, "no valid " + coding},
			reply{coding + " cut before content", coding, 200, half(coding), heal.ReasonPeekEOF, "cut short"},
			reply{coding + ", a bomb", coding, 200, compress(coding, bomb), heal.ReasonPeekGarbage, "100 times"},
		)
	}
	for _, c := range replies {
		r := newRig(t, nil)
		for name, a := range askedOf(t, r) {
			if strings.Contains(c.name, "bomb") && name != "claude/stream true" {
				a.Close(policies.EndComplete)
				continue // bombs take their time, and no API sees one
			}
			t.Run(c.name+"/"+name, func(t *testing.T) {
				act := answerWith(a, c.status, c.body, "content-encoding", c.coding)
				if act.Reply == nil || act.Reply.Verdict != policies.Retry || act.Reply.Reason != c.reason {
					t.Errorf("%+v", act.Reply)
				}
				lines := r.log.FilterMessage("attempt finished").TakeAll()
				if why := fmt.Sprint(lines[len(lines)-1].ContextMap()["unreadable"]); !strings.Contains(why, c.log) {
					t.Errorf("the log says %q, want %q", why, c.log)
				}
			})
		}
	}
}

// After the first bytes a broken packing ends the stream like any other
// garbage; after the finish it is of no consequence.
func TestPackingThatBreaksLate(t *testing.T) {
	for coding := range compressors {
		for _, c := range []struct {
			name    string
			pieces  []string
			garbage string
			ended   string
		}{
			{"in the text", compressed(coding, hello, hello, stop)[:2], strings.Repeat("\xff\x00garbage", 20), heal.ReasonStreamError},
			{"cut in the text", compressed(coding, hello, hello, stop)[:2], "", heal.ReasonStreamTruncated},
			{"cut in an event", append(compressed(coding, hello, hello[:len(hello)/2], stop)[:2:2], ""), "", heal.ReasonStreamTruncated},
			{"a bomb", compressed(coding, hello, ": "+strings.Repeat(" ", 9<<20))[:2], "", heal.ReasonStreamError},
			{"cut after the finish", compressed(coding, hello, stop)[:2], "", ""},
		} {
			t.Run(coding+"/"+c.name, func(t *testing.T) {
				r := newRig(t, nil)
				a := r.begin(1, "")
				send(t, a, ask)
				a.ResponseHeaders(packedReply(200, coding))
				var act policies.Action
				for _, piece := range append(c.pieces, c.garbage) {
					if act.End {
						break
					}
					act = a.ResponseBody([]byte(piece), piece == c.garbage)
				}
				a.Close(policies.EndComplete)
				if lines := r.log.FilterMessage("attempt finished").All(); lines[0].ContextMap()["unreadable"] == nil && c.ended != "" {
					t.Error("the log does not say what is broken")
				}
				if !act.End || a.record.ended != c.ended || (c.ended != "") != strings.Contains(string(act.Body), "event: error") {
					t.Errorf("end %t, %q:\n%s", act.End, a.record.ended, act.Body)
				}
			})
		}
	}
}

// A document that is cut has no finish, compressed or not.
func TestPackedDocumentThatIsCut(t *testing.T) {
	for coding := range compressors {
		cut := strings.Join(compressed(coding, hello, stop)[:1], "")
		for name, a := range askedOf(t, newRig(t, nil)) {
			if a.req.Stream {
				a.Close(policies.EndComplete)
				continue
			}
			if act := answerWith(a, 200, cut, "content-encoding", coding); act.Reply == nil || act.Reply.Reason != heal.ReasonPeekTruncated || a.unreadable == nil {
				t.Errorf("%s, %s: %+v, %v", coding, name, act.Reply, a.unreadable)
			}
		}
	}
}

// Whoever leaves in the middle leaves nothing behind: a coroutine that was not
// stopped fails the bubble.
func TestPackedAnswerThatIsGivenUp(t *testing.T) {
	for coding := range compressors {
		synctest.Test(t, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(packedReply(200, coding))
			if act := a.ResponseBody([]byte(compressed(coding, hello, stop)[0]), false); act.Step != policies.Send {
				t.Errorf("%s: %+v", coding, act)
			}
			a.Close(policies.EndCancelled)
		})
	}
}
