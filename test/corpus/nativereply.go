package main

import "errors"

func sampleNative(stream bool) (path, body string) {
	path = "/v1beta/models/m:generateContent"
	if stream {
		path = "/v1beta/models/m:streamGenerateContent?alt=sse"
	}
	return path, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
}

// streamNative reads a stream in Gemini's own form. The upstream's reply is
// read by the same code, so what counts is that nothing was lost on the way.
func streamNative(body []byte) (*answer, error) {
	if _, err := parse(body); err == nil {
		return nil, errors.New("the stream is a document")
	}
	return foldGemini(body)
}
