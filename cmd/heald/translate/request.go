package translate

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
)

// placeholder is the model of replies for which no request was given.
const placeholder = "gemini-3.8-flash"

// request is what the client would have sent.
type request struct {
	dialect string
	path    string
	body    []byte
}

// paths are the paths of the APIs; the model of a Gemini path is filled in.
var paths = map[string]string{
	"claude":      "/v1/messages",
	"chat":        "/v1/chat/completions",
	"responses":   "/v1/responses",
	"completions": "/v1/completions",
	"embeddings":  "/v1/embeddings",
	"images":      "/v1/images/generations",
	"gemini":      "/v1beta/models/%s:%s",
}

// samples are requests whose replies may have everything that a reply can hold.
var samples = map[string]string{
	"claude":      `{"model":%q,"max_tokens":65536,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"(not given)"}]}`,
	"chat":        `{"model":%q,"messages":[{"role":"user","content":"(not given)"}],"stream_options":{"include_usage":true}}`,
	"responses":   `{"model":%q,"reasoning":{"summary":"auto"},"input":"(not given)"}`,
	"completions": `{"model":%q,"max_tokens":65536,"prompt":"(not given)"}`,
	"embeddings":  `{"model":%q,"input":"(not given)","encoding_format":"float"}`,
	"images":      `{"model":%q,"prompt":"(not given)"}`,
	"gemini":      `{"contents":[{"parts":[{"text":"(not given)"}]}]}`,
}

// newRequest finds out where the client would have sent body. stream overrides
// what the body says; nil leaves it.
func newRequest(dialect, path, model string, body []byte, stream *bool) (request, error) {
	r := request{dialect, path, body}
	if r.path == "" {
		form, ok := paths[dialect]
		if !ok {
			return r, fmt.Errorf("dialect %q is none of claude, chat, responses, completions, embeddings, images and gemini", dialect)
		}
		r.path = form
		if dialect == "gemini" {
			if model == "" {
				model = placeholder
			}
			r.path = fmt.Sprintf(form, model, "generateContent")
		}
	}
	if stream != nil {
		return r.framed(*stream)
	}
	return r, nil
}

// framed asks for a stream or for one document: in the body, or in the path for
// APIs whose path says it.
func (r request) framed(stream bool) (request, error) {
	if r.dialect == "embeddings" {
		return r, nil // always one document
	}
	if before, _, ok := strings.Cut(r.path, ":"); ok { // a method of Google's
		r.path = before + ":generateContent"
		if stream {
			r.path = before + ":streamGenerateContent?alt=sse"
		}
		return r, nil
	}
	var top map[string]jsontext.Value
	if err := json.Unmarshal(r.body, &top, lenient); err != nil {
		return r, fmt.Errorf("the request is no JSON object: %w", err)
	}
	top["stream"] = jsontext.Value(fmt.Sprint(stream))
	if !stream {
		delete(top, "stream_options")
	}
	body, err := json.Marshal(top, lenient, json.Deterministic(true))
	r.body = body
	return r, err
}

// head is the head of the client's request.
func (r request) head() *policies.Request {
	return &policies.Request{Method: http.MethodPost, Path: r.path, Headers: policies.Headers{
		{Name: "content-type", Value: "application/json"},
		{Name: policies.HeaderRequestID, Value: "translate"},
	}}
}
