package main

import (
	"bytes"
	"strings"
)

// api is one client API, as this test knows it: with readers of its own that
// share nothing with the translation.
type api struct {
	name     string
	requests string // file of recorded requests

	// ask makes what heald is asked of a recorded request; skip says why the
	// row is not for heald.
	ask func(r row) (path string, body []byte, skip string)
	// read reads a request.
	read func(body value) *said

	// sample is a request that shows everything a reply can hold, streamed or
	// not.
	sample func(stream bool) (path, body string)
	// stream and document read a reply and check its form.
	stream   func(body []byte) (*answer, error)
	document func(body []byte) (*answer, error)

	// native says that the API is Gemini's own: requests and answers are passed on
	// unchanged, wrong or not.
	native bool
}

// apis are the client APIs, Gemini's own last. One that heald does not speak is
// reported and left out.
var apis = []api{
	{"claude", "anthropic_requests.jsonl.gz", askClaude, readClaude, sampleClaude, streamClaude, documentClaude, false},
	{"chat", "openai_chat_requests.jsonl.gz", askChat, readChat, sampleChat, streamChat, documentChat, false},
	{"responses", "openai_responses_requests.jsonl.gz", askResponses, readResponses, sampleResponses, streamResponses, documentResponses, false},
	{"gemini", "gemini_requests.jsonl.gz", askNative, readGemini, sampleNative, streamNative, foldGemini, true},
}

// askClaude sends every row to the Messages path: other clouds name the model
// in theirs.
func askClaude(r row) (path string, body []byte, skip string) {
	path, _, _ = strings.Cut(r.Path, "?")
	if !strings.Contains(r.Body, `"messages"`) {
		return "", nil, "not the Messages API"
	}
	body = []byte(r.Body)
	if v, err := parse(body); err == nil && !v.get("model").there() {
		body = append([]byte(`{"model":"from-the-path",`), bytes.TrimPrefix(bytes.TrimSpace(body), []byte("{"))...)
	}
	if strings.HasSuffix(path, "/count_tokens") {
		return "/v1/messages/count_tokens", body, ""
	}
	return "/v1/messages", body, ""
}

// askChat sends every row to OpenAI's path: other services that speak its API
// have their own.
func askChat(r row) (path string, body []byte, skip string) {
	return "/v1/chat/completions", []byte(r.Body), ""
}

func askResponses(r row) (path string, body []byte, skip string) {
	path, _, _ = strings.Cut(r.Path, "?")
	switch {
	case strings.HasSuffix(path, "/compact"):
		return "", nil, "compaction by the service"
	case strings.HasSuffix(path, "/input_tokens"):
		return "/v1/responses/input_tokens", []byte(r.Body), ""
	}
	return "/v1/responses", []byte(r.Body), ""
}

// askNative sends every row to AI Studio's path: model and project are the
// target's anyway. Of the methods, only those that heald serves count.
func askNative(r row) (path string, body []byte, skip string) {
	path, _, _ = strings.Cut(r.Path, "?")
	_, method, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ":")
	switch method {
	case "generateContent", "streamGenerateContent", "countTokens":
		return "/v1beta/models/from-the-path:" + method, []byte(r.Body), ""
	}
	return "", nil, "no request for an answer"
}
