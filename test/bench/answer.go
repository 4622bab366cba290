package main

import (
	"fmt"
	"strings"
)

// answer is a reply of Gemini, cut where Gemini cuts it: one server-sent event
// at a time.
type answer struct {
	chunks [][]byte
	// silent is after how many chunks upstream says no more and does not end;
	// 0 for never.
	silent int
}

// text is what each chunk says, as JSON has it: 60 bytes, as many as a model
// writes at a time. Most chunks of code and lists have an escape.
const text = `some words of an answer that is streamed to whoever asked.\n`

// newAnswer makes a reply of n chunks, framed as recorded streams are: lines end
// with CRLF, the JSON has spaces, and each chunk has the counters and names.
func newAnswer(n int) *answer {
	a := &answer{chunks: make([][]byte, n)}
	for i := range a.chunks {
		finish := ""
		if i == n-1 {
			finish = `"finishReason": "STOP",`
		}
		a.chunks[i] = fmt.Appendf(nil, `data: {"candidates": [{"content": {"parts": [{"text": "%s"}],"role": "model"},%s"index": 0}],`+
			`"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": %d,"totalTokenCount": %d,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}]},`+
			`"modelVersion": "gemini-3.5-flash","responseId": "hA8uacrjJsqE998P26jViQY"}`+"\r\n\r\n",
			text, finish, 12*(i+1), 8+12*(i+1))
	}
	return a
}

// tail is the end of the answer's bytes.
func (a *answer) tail() string { return string(a.chunks[len(a.chunks)-1]) }

// words is the whole text, as JSON has it.
func (a *answer) words() string { return strings.Repeat(text, len(a.chunks)) }
