package exchange

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/heald-proxy/heald/policies"
)

// nativeTalk has a token limit.
const nativeTalk = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":100}}`

// nativeReply is what a client of the native API understands of a reply.
type nativeReply struct {
	text, finish, fault string
	thoughts, calls     int
	input, output       int
}

// readNative reads a body: events, an array, or a document.
func readNative(t *testing.T, body string) (out nativeReply) {
	t.Helper()
	if strings.HasPrefix(body, "data: ") {
		body, _, _ = strings.Cut(body, "\r\n\r\n{\"error\":") // an error comes twice
		body = "[" + strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(body, "data: "), "\r\n\r\n"), "\r\n\r\ndata: ", ",") + "]"
	} else if strings.HasPrefix(body, "{") {
		body = "[" + body + "]"
	}
	if body == "" {
		return out
	}
	var frames []struct {
		Candidates []struct {
			Content struct {
				Parts []struct {
					Text         string
					Thought      bool
					FunctionCall *struct{ Name string }
				}
			}
			FinishReason string
		}
		UsageMetadata struct{ PromptTokenCount, CandidatesTokenCount int }
		Error         struct{ Status string }
	}
	if err := json.Unmarshal([]byte(body), &frames); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for _, f := range frames {
		for _, c := range f.Candidates {
			for _, p := range c.Content.Parts {
				switch {
				case p.Thought:
					out.thoughts++
				case p.FunctionCall != nil:
					out.calls++
				}
				if !p.Thought {
					out.text += p.Text
				}
			}
			out.finish += c.FinishReason
		}
		if f.UsageMetadata.PromptTokenCount > 0 {
			out.input, out.output = f.UsageMetadata.PromptTokenCount, f.UsageMetadata.CandidatesTokenCount
		}
		out.fault += f.Error.Status
	}
	return out
}

// Native answers are completed in each form of them.
func TestNativeResumed(t *testing.T) {
	for name, path := range map[string]string{"events": nativeStream, "array": nativeArray, "document": nativeWhole} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breakingAt(t, path, nativeTalk, resumeSet+",attempts=1", saidFrame(beginning[:20], 4), saidFrame(beginning[20:], 9))
				b.upstream("", true)
				b.rest(thinkFrame, saidFrame(beginning[:30], 3), thinkFrame, saidFrame(beginning[30:]+"wn", 8), saidFrame(" west.", 11), callFrame, stop)
				b.restEnds()
				got := readNative(t, b.body.String())
				if want := (nativeReply{text: beginning + "wn west.", finish: "STOP", calls: 1, input: 53, output: 10}); got != want || !b.ended {
					t.Errorf("client has %+v, want %+v\n%s", got, want, b.body.String())
				}
				for _, part := range []string{`{"role":"model","parts":[{"text":"` + beginning + `"}]}`, `"maxOutputTokens":91`, `"text":"hi"`, "<last-words>"} {
					if !strings.Contains(b.asked, part) {
						t.Errorf("the request lacks %s:\n%s", part, b.asked)
					}
				}
			})
		})
	}
}

// A request with something that nobody here knows is not asked again in another
// form, and nor is one whose answer is more than text.
func TestNativeNotResumed(t *testing.T) {
	for name, body := range map[string]string{
		"schema":  `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"responseMimeType":"application/json"}}`,
		"unheard": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"unheardOf":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breakingAt(t, nativeStream, body, resumeSet, saidFrame(beginning, 9))
				b.upstream("", true)
				synctest.Wait()
				if got := readNative(t, b.body.String()); b.calls != 0 || got.fault == "" || got.text != beginning {
					t.Errorf("%d calls, client has %+v", b.calls, got)
				}
			})
		})
	}
}

// A frame that is not passed on, since a part of it is no answer, counts as
// never said: the next reply starts behind what the client has, or the answer
// ends with an error.
func TestNativeGarbledFrame(t *testing.T) {
	bad := `data: [{"candidates":[{"content":{"parts":[{"text":"wn"}],"role":"model"}}]},{"candidates":[{"con` + "\x00\r\n\r\n"
	withError := `data: [{"candidates":[{"content":{"parts":[{"text":"wn"}],"role":"model"}}]},{"error":{"code":503,"status":"UNAVAILABLE"}}]` + "\r\n\r\n"
	for name, frame := range map[string]string{"garbled": bad, "with an error": withError} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breakingAt(t, nativeStream, nativeTalk, resumeSet, saidFrame(beginning, 9))
				b.upstream(frame, true)
				b.eachRest(func(b *broken) {
					b.rest(saidFrame(beginning+"wn west.", 11), stop)
					b.restEnds()
				})
				got := readNative(t, b.body.String())
				if got.text != beginning+"wn west." && (got.fault == "" || got.text != beginning) {
					t.Errorf("client has %+v\n%s", got, b.body.String())
				}
			})
		})
	}
}

// Wherever a native answer breaks off, and however the rest comes, no character
// is lost or there twice.
func FuzzResumeNative(f *testing.F) {
	f.Add("Rotterdam has the largest harbor of Europe.", uint8(30), uint8(0), uint8(7), true)
	f.Add("größer als \u2028 \U0001f600 ist nichts", uint8(9), uint8(3), uint8(2), true)
	f.Add("if x:\n\treturn \"\\\"\n\treturn\n", uint8(21), uint8(101), uint8(60), false)
	f.Fuzz(func(t *testing.T, whole string, cut, more, piece uint8, finishes bool) {
		whole = strings.ToValidUTF8(whole, "?")
		said := whole[:atRune(whole, int(cut))]
		synctest.Test(t, func(t *testing.T) {
			b := breakingAt(t, nativeStream, nativeTalk, resumeSet, jsonFrame(said))
			if b.attempt.phase != passing {
				b.attempt.Close(policies.EndComplete)
				return // nothing was said, so it is retried
			}
			b.refuse = slices.Repeat([]restRefusal{{status: 400, body: badForm}}, int(more)%3)
			b.upstream("", true)
			replies := 0
			b.eachRest(func(b *broken) {
				replies++
				from := 0
				if words := askedToRepeat(t, b.asked); words != "" {
					from = atRune(whole, len(readNative(t, b.body.String()).text)-len(words)-int(more))
				}
				for from < len(whole) && !b.left {
					n := atRune(whole, from+int(piece)%40+utf8.UTFMax)
					b.rest(jsonFrame(whole[from:n]))
					from = n
				}
				if finishes && !b.left {
					b.rest(stop)
				}
				b.restEnds()
			})
			got := readNative(t, b.body.String())
			switch complete := got.finish == "STOP"; {
			case !b.ended, complete == (got.fault != ""):
				t.Errorf("ended %t: both a true end and an error, or neither: %+v", b.ended, got)
			case complete && got.text != whole:
				t.Errorf("ended as whole: %q, want %q", got.text, whole)
			case !strings.HasPrefix(whole, got.text) || !strings.HasPrefix(got.text, said):
				t.Errorf("broken off with %q, though the text was %q", got.text, whole)
			case finishes && replies > 0 && !complete:
				t.Errorf("got the rest of %q, but did not join it to %q: %v", whole, said, b.attempt.resumption.err)
			}
		})
	})
}
