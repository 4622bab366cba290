package exchange

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// outcome is what happens to an attempt, as far as bytes decide it.
type outcome struct {
	Verdict       policies.Verdict
	Reason, Ended string
	Status        int
	Body          string
}

// madeUp are the ids that an encoder makes up, and times.
var madeUp = regexp.MustCompile(`(?:msg|resp|rs|fc|call|toolu|chatcmpl|item|req)[_-][A-Za-z0-9_-]+|"(?:created|created_at|completed_at)":\d+`)

// cut plays a reply in pieces that end where cuts says; a last empty one ends it
// if apart. What follows the end of the attempt is not played.
func cut(t *testing.T, way asking, whole bool, reply string, cuts []int, apart bool) outcome {
	t.Helper()
	a := newRig(t, nil).begin(1, "")
	a.in.Path = strings.Replace(way.path[map[bool]int{true: 1}[whole]], "gemini-3.5", "gemini-2.5", 1) // which gives two answers
	send(t, a, stopping.Replace(way.ask(!whole, "", "", "hi")))
	act := a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	out, from := outcome{}, 0
	for i, to := range append(cuts, len(reply)) {
		// A chunk is not used after the call: whoever keeps it gets dashes.
		piece := []byte(reply[from:to])
		act = a.ResponseBody(piece, i == len(cuts) && !apart)
		for i := range piece {
			piece[i] = '-'
		}
		if out.Body += string(act.Body); act.End || act.Reply != nil {
			break
		}
		from = to
	}
	if apart && !act.End && act.Reply == nil {
		act = a.ResponseBody(nil, true)
		out.Body += string(act.Body)
	}
	a.Close(policies.EndComplete)
	if act.Reply != nil {
		out.Status, out.Body = act.Reply.Status, string(act.Reply.Body)
	}
	out.Verdict, out.Reason, out.Ended = a.record.verdict, a.record.reason, a.record.ended
	out.Body = madeUp.ReplaceAllString(out.Body, "ID")
	return out
}

// stopping has heald itself look for stop sequences, and native clients want two
// answers.
var stopping = strings.NewReplacer(`"max_tokens":512,`, `"max_tokens":512,"stop_sequences":["#","1#","2#","3#","4#","5#"],`,
	`{"contents":`, `{"generationConfig":{"candidateCount":2},"contents":`)

// replies are those that the peek tells apart, with the reason of a stream and
// that of a document.
func replies() []struct{ name, reply, stream, whole string } {
	const ok = heal.ReasonOK
	empty := `data: {"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"STOP"}]}` + "\r\n\r\n"
	each := func(text string) string {
		return strings.Replace(finishes("STOP"), `"text": ""`, `"text": "`+text+`"`, 1)
	}
	usage := `data: {"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}` + "\n\n"
	failed := "data: " + overload + "\n\n"
	call := `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":"b"}},"thoughtSignature":"c2ln"}],"role":"model"}}],"responseId":"r1"}` + "\n\n"
	two := `data: {"candidates":[{"index":0,"content":{"parts":[{"text":"A"}]},"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"B"}]},"finishReason":"STOP"}]}` + "\n\n"
	return []struct{ name, reply, stream, whole string }{
		{"good", hello + stop, ok, ok},
		{"good, CR alone", strings.ReplaceAll(hello+stop, "\r\n", "\r"), ok, ok},
		{"good, with a BOM, comments and fields", "\ufeff" + heartbeat + "event: x\nid: 1\n" + hello + heartbeat + "retry: 5\n" + stop + heartbeat, ok, ok},
		{"good, without a blank line at the end", strings.TrimSpace(hello + stop), ok, ok},
		{"a call", call + stop, ok, ok},
		{"several candidates", two, ok, ok},
		{"nothing", "", heal.ReasonPeekEOF, heal.ReasonPeekEOF},
		{"heartbeats", heartbeat + heartbeat, heal.ReasonPeekEOF, heal.ReasonPeekEOF},
		{"usage only", usage, heal.ReasonPeekEOF, heal.ReasonPeekEOF},
		{"usage, then good", usage + hello + stop, ok, ok},
		{"STOP", empty, heal.ReasonPeekNoContent, heal.ReasonPeekNoContent},
		{"STOP, then usage", empty + usage, heal.ReasonPeekNoContent, heal.ReasonPeekNoContent},
		{"STOP, then [DONE]", empty + "data: [DONE]\n\n", heal.ReasonPeekNoContent, heal.ReasonPeekNoContent},
		{"STOP, then good", empty + empty + hello + stop, ok, ok},
		{"STOP, then a call", empty + call + stop, ok, ok},
		{"STOP with each piece", each("One ") + each("two ") + each("three"), ok, ok},
		{"STOP, then SAFETY", empty + finishes("SAFETY"), ok, ok},
		{"SAFETY, then STOP", finishes("SAFETY") + empty, ok, heal.ReasonPeekNoContent},
		{"OTHER", finishes("OTHER"), heal.ReasonPeekNoContent, heal.ReasonPeekNoContent},
		{"OTHER, then good", finishes("OTHER") + hello + stop, ok, ok},
		{"malformed call", finishes("MALFORMED_FUNCTION_CALL"), heal.ReasonPeekMalformed, heal.ReasonPeekMalformed},
		{"malformed call, then good", finishes("MALFORMED_FUNCTION_CALL") + hello + stop, ok, ok},
		{"good, then malformed call", hello + finishes("MALFORMED_FUNCTION_CALL"), ok, heal.ReasonPeekMalformed},
		{"missing signature", finishes("MISSING_THOUGHT_SIGNATURE"), heal.ReasonSignature, heal.ReasonSignature},
		{"thoughts took all", thinks + finishes("MAX_TOKENS"), ok, ok},
		{"thoughts only", thinks + stop, ok, heal.ReasonPeekThoughts},
		{"thoughts, then good", thinks + hello + stop, ok, ok},
		{"thoughts, then nothing", thinks, ok, heal.ReasonPeekTruncated},
		{"no finish", hello, ok, heal.ReasonPeekTruncated},
		{"error", failed, heal.ReasonPeekError, heal.ReasonPeekError},
		{"error after usage and STOP", usage + empty + failed, heal.ReasonPeekError, heal.ReasonPeekError},
		{"error after content", hello + failed, ok, heal.ReasonPeekError},
		{"error after content, then good", hello + failed + hello + stop, ok, heal.ReasonPeekError},
		{"error in an array", "[" + overload + "\n]", heal.ReasonPeekError, heal.ReasonPeekError},
		{"an array of answers", "[" + strings.ReplaceAll(strings.ReplaceAll(hello+","+stop, "data: ", ""), "\r\n", "\n") + "]", ok, ok},
		{"HTML", "<html>\n<body>sorry</body>\n</html>", heal.ReasonPeekGarbage, heal.ReasonPeekGarbage},
		{"garbage", "data: {]\n\n" + hello + stop, heal.ReasonPeekGarbage, heal.ReasonPeekGarbage},
		{"garbage after content", hello + "data: {]\n\n" + hello + stop, ok, heal.ReasonPeekGarbage},
		{"garbage after the finish", hello + stop + "data: {]\n\n" + hello, ok, ok},
		{"blocked", `data: {"promptFeedback":{"blockReason":"SAFETY"}}` + "\n\n", ok, ok},
		{"a stop sequence, then an error", strings.Replace(hello, "Hello", "Hel5#lo", 1) + failed, ok, heal.ReasonPeekError},
	}
}

// The same bytes have the same outcome, however they are cut into packets.
func TestPacketsDecideNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, c := range replies() {
		for _, way := range askings {
			for _, whole := range []bool{false, true} {
				name := fmt.Sprintf("%s/%s/whole=%v", c.name, way.name, whole)
				reason := map[bool]string{false: c.stream, true: c.whole}[whole]
				if strings.HasPrefix(c.name, "a stop sequence") && way.name == "claude" {
					reason = heal.ReasonOK
				}
				want := cut(t, way, whole, c.reply, nil, false)
				if want.Reason != reason {
					t.Errorf("%s: %s, want %s", name, want.Reason, reason)
				}
				each := make([]int, 0, len(c.reply))
				for i := 1; i < len(c.reply); i++ {
					each = append(each, i)
				}
				tries := [][]int{{}, each}
				for range 4 {
					var cuts []int
					for i := 1; i < len(c.reply); i++ {
						if rnd.IntN(len(c.reply)) < 4 {
							cuts = append(cuts, i)
						}
					}
					tries = append(tries, cuts)
				}
				for i, cuts := range tries {
					if got := cut(t, way, whole, c.reply, cuts, i%2 == 0); got != want {
						t.Errorf("%s, cut at %v:\n%+v\nin one piece:\n%+v", name, cuts, got, want)
						break
					}
				}
			}
		}
	}
}
