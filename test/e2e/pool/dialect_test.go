package pool

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// dialect is one of the four APIs that clients speak.
type dialect struct {
	name   string
	header string // that presents a key, %s standing for it
	path   func(stream bool) string
	body   func(text string, stream bool) string
	// end stands at the end of a whole stream.
	end string
}

var dialects = []dialect{
	{
		name: "claude", header: "x-api-key: %s", end: `"message_stop"`,
		path: always("/v1/messages"),
		body: func(text string, stream bool) string {
			return fmt.Sprintf(`{"model":%q,"max_tokens":100,"stream":%t,"messages":[{"role":"user","content":%q}]}`, model, stream, text)
		},
	},
	{
		name: "chat", header: "authorization: Bearer %s", end: "[DONE]",
		path: always("/v1/chat/completions"),
		body: func(text string, stream bool) string {
			return fmt.Sprintf(`{"model":%q,"max_tokens":100,"stream":%t,"messages":[{"role":"user","content":%q}]}`, model, stream, text)
		},
	},
	{
		name: "responses", header: "authorization: Bearer %s", end: `"response.completed"`,
		path: always("/v1/responses"),
		body: func(text string, stream bool) string {
			return fmt.Sprintf(`{"model":%q,"max_output_tokens":100,"stream":%t,"input":%q}`, model, stream, text)
		},
	},
	{
		name: "native", header: "x-goog-api-key: %s", end: `"finishReason"`,
		path: func(stream bool) string {
			if stream {
				return "/v1beta/models/" + model + ":streamGenerateContent?alt=sse"
			}
			return "/v1beta/models/" + model + ":generateContent"
		},
		body: func(text string, _ bool) string {
			return fmt.Sprintf(`{"contents":[{"role":"user","parts":[{"text":%q}]}],"generationConfig":{"maxOutputTokens":100}}`, text)
		},
	},
}

func always(path string) func(bool) string { return func(bool) string { return path } }

// answer is what stands in replies and stream events of the four APIs where
// their text does.
type answer struct {
	Type    string
	Content []struct{ Text string }
	Delta   json.RawMessage
	Choices []struct{ Message, Delta struct{ Content string } }
	Output  []struct{ Content []struct{ Text string } }

	Candidates []struct {
		Content struct{ Parts []struct{ Text string } }
	}
}

// text is that of one reply or event.
func (a *answer) text() (out string) {
	for _, c := range a.Content {
		out += c.Text
	}
	for _, c := range a.Choices {
		out += c.Message.Content + c.Delta.Content
	}
	for _, o := range a.Output {
		for _, c := range o.Content {
			out += c.Text
		}
	}
	for _, c := range a.Candidates {
		for _, p := range c.Content.Parts {
			out += p.Text
		}
	}
	switch a.Type {
	case "content_block_delta":
		var d struct{ Text string }
		_ = json.Unmarshal(a.Delta, &d)
		out += d.Text
	case "response.output_text.delta":
		var d string
		_ = json.Unmarshal(a.Delta, &d)
		out += d
	}
	return out
}

// whole reports whether a reply is complete and has this text.
func (d *dialect) whole(body, text string, stream bool) bool {
	if !stream {
		var a answer
		return json.Unmarshal([]byte(body), &a) == nil && a.text() == text
	}
	got := ""
	lines := bufio.NewScanner(strings.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		var a answer
		if ok && json.Unmarshal([]byte(data), &a) == nil {
			got += a.text()
		}
	}
	return got == text && strings.Contains(body, d.end)
}

// honest reports whether an answer is a refusal of heald's that says when to come
// back: 429, or that nobody can serve it now, which Claude's API spells 529.
func (d *dialect) honest(status int, header http.Header, body string) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
	case 529:
		if d.name != "claude" {
			return false
		}
	default:
		return false
	}
	return header.Get("x-heald-request-id") != "" && header.Get("retry-after") != "" && json.Valid([]byte(body))
}
