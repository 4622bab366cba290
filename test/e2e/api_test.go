package e2e

import "regexp"

// api is a client API: how it asks, and how its replies look. The faults of
// fault_test.go are played to each of them.
type api struct {
	name string
	// stream and whole are a path and a body each.
	streamPath, streamBody string
	wholePath, wholeBody   string
	// delta finds the pieces of text in a stream.
	delta *regexp.Regexp
	// words are what the API says of faults, by the keys below; statuses are
	// its own where they differ.
	words    map[string]string
	statuses map[int]int
}

// Keys of api.words.
const (
	brokenOff   = "broken off"   // the end of a stream that cannot be completed
	rateLimited = "rate limited" // after 429
	overloaded  = "overloaded"   // after 503
	tooLong     = "too long"     // the prompt is over the window
)

const openAITooLong = "context_length_exceeded"

var apis = []api{
	{
		name:       "claude",
		streamPath: messages, streamBody: streamed, wholePath: messages, wholeBody: plain,
		delta: regexp.MustCompile(`"type":"text_delta","text":"([^"]*)"`),
		words: map[string]string{
			brokenOff: "event: error", rateLimited: "rate_limit_error", overloaded: "overloaded_error",
			tooLong: "prompt is too long: 1250074 tokens > 1048576 maximum",
		},
		statuses: map[int]int{503: 529},
	},
	{
		name:       "chat",
		streamPath: "/v1/chat/completions", streamBody: `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":"hello"}]}`,
		wholePath: "/v1/chat/completions", wholeBody: `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hello"}]}`,
		delta: regexp.MustCompile(`"delta":\{"content":"([^"]*)"`),
		words: map[string]string{brokenOff: `data: {"error":`, rateLimited: "rate_limit", overloaded: "server_error", tooLong: openAITooLong},
	},
	{
		name:       "responses",
		streamPath: "/v1/responses", streamBody: `{"model":"gemini-3.5-flash","stream":true,"input":"hello"}`,
		wholePath: "/v1/responses", wholeBody: `{"model":"gemini-3.5-flash","input":"hello"}`,
		delta: regexp.MustCompile(`"response.output_text.delta"[^\n]*"delta":"([^"]*)"`),
		words: map[string]string{brokenOff: "event: response.failed", rateLimited: "rate_limit", overloaded: "overloaded", tooLong: openAITooLong},
	},
	{
		name:       "gemini",
		streamPath: "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", streamBody: nativeHello,
		wholePath: "/v1beta/models/gemini-3.5-flash:generateContent", wholeBody: nativeHello,
		delta: regexp.MustCompile(`"text": ?"([^"]*)"`),
		words: map[string]string{brokenOff: `"error"`, rateLimited: "RESOURCE_EXHAUSTED", overloaded: "UNAVAILABLE", tooLong: "INVALID_ARGUMENT"},
	},
}

const nativeHello = `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`

// says is what the API's client must see for a key or a plain text.
func (a api) says(text string) string {
	if w, ok := a.words[text]; ok {
		return w
	}
	return text
}

// status is the API's own word for an HTTP status.
func (a api) status(s int) int {
	if own, ok := a.statuses[s]; ok {
		return own
	}
	return s
}

// text puts the pieces of a stream's text together behind the body itself, so
// that one substring can be looked for in either kind of body.
func (a api) text(body string) string {
	all := body
	for _, m := range a.delta.FindAllStringSubmatch(body, -1) {
		all += m[1]
	}
	return all
}
