package translate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient reads what clients send: the gateway, too, accepts repeated names and
// broken UTF-8.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// sign is a field that only one API has.
type sign struct{ dialect, field string }

// signs are looked for in this order at the top level of a body.
var signs = []sign{
	{"gemini", "contents"}, {"gemini", "generateContentRequest"},
	{"embeddings", "encoding_format"}, {"embeddings", "dimensions"},
	{"responses", "input"}, {"responses", "instructions"}, {"responses", "previous_response_id"},
	{"images", "size"}, {"images", "quality"}, {"images", "output_format"},
	{"completions", "prompt"},
	{"claude", "system"}, {"claude", "anthropic_version"}, {"claude", "stop_sequences"}, {"claude", "thinking"},
	{"claude", "output_config"}, {"claude", "context_management"}, {"claude", "top_k"},
	{"chat", "max_completion_tokens"}, {"chat", "response_format"}, {"chat", "stream_options"}, {"chat", "stop"},
	{"chat", "functions"}, {"chat", "function_call"}, {"chat", "parallel_tool_calls"}, {"chat", "reasoning_effort"},
	{"chat", "frequency_penalty"}, {"chat", "presence_penalty"}, {"chat", "logprobs"}, {"chat", "seed"}, {"chat", "n"},
	{"chat", "modalities"},
}

// deepSigns are looked for in messages and tools, as they are written.
var deepSigns = []sign{
	{"claude", "input_schema"}, {"claude", "tool_use_id"}, {"claude", "cache_control"}, {"claude", "source"},
	{"chat", "tool_calls"}, {"chat", "tool_call_id"}, {"chat", "image_url"}, {"chat", "function"},
}

// guess finds a request's API by its fields, and says which field decided.
func guess(body []byte) (dialect, why string, err error) {
	var top map[string]jsontext.Value
	if err := json.Unmarshal(body, &top, lenient); err != nil {
		return "", "", fmt.Errorf("the request is no JSON object: %w", err)
	}
	for _, s := range signs {
		if v := top[s.field]; v != nil && v.Kind() != 'n' {
			return s.dialect, "has " + s.field, nil
		}
	}
	if top["messages"] == nil {
		return "", "", fmt.Errorf("the request has none of messages, input, contents and prompt; name its API with --dialect")
	}
	inside := slices.Concat(top["messages"], top["tools"])
	for _, s := range deepSigns {
		if bytes.Contains(inside, []byte(`"`+s.field+`"`)) {
			return s.dialect, "mentions " + s.field, nil
		}
	}
	for _, role := range []string{"system", "developer", "tool"} {
		if bytes.Contains(inside, []byte(`"`+role+`"`)) {
			return "chat", "has a message of role " + role, nil
		}
	}
	if model := string(top["model"]); strings.Contains(model, "claude") {
		return "claude", "names a claude model", nil
	}
	if top["max_tokens"] != nil {
		return "claude", "has messages and max_tokens", nil
	}
	return "chat", "has messages and nothing that only one API has", nil
}

// isStream reports whether a reply is made of server-sent events.
func isStream(reply []byte) bool {
	for _, start := range []string{"data:", "event:", ":", "id:", "retry:"} {
		if bytes.HasPrefix(bytes.TrimSpace(reply), []byte(start)) {
			return true
		}
	}
	return false
}

// statusOf is the HTTP status that an error body names; 200 for other bodies.
func statusOf(reply []byte) int {
	type document struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	var one document
	if json.Unmarshal(reply, &one, lenient) != nil {
		var list []document
		if json.Unmarshal(reply, &list, lenient) != nil || len(list) == 0 {
			return 200
		}
		one = list[0]
	}
	if c := one.Error.Code; c >= 400 && c <= 599 {
		return c
	}
	return 200
}
