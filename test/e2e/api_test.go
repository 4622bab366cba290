package e2e

import "strings"

// api is a client API: how it asks, and how its replies are read. The faults
// of fault_test.go are played to each of them.
type api struct {
	name string
	// stream and whole are a path and a body each.
	streamPath, streamBody string
	wholePath, wholeBody   string
	// file stands in a request for the text hello, and names a file.
	file string
	read func(body string, stream bool) (reading, error)
	// sees is what a client of this API sees for each of the keys below.
	sees map[string]string
}

// Keys of api.sees. Those of errors are named like the kinds in
// policies/conversation, but what stands behind them here is each API's own
// documentation.
const (
	seesGood     = "good"     // the whole answer
	seesLength   = "length"   // nothing: the thoughts took all tokens
	seesRefused  = "refused"  // nothing: the answer was refused
	seesBlocked  = "blocked"  // nothing: the prompt was refused
	seesCut      = "cut"      // a part of the answer, then an error event
	seesBroken   = "broken"   // a part, then the connection breaks
	seesInvalid  = "invalid"  // errors from here on
	seesContext  = "context"  // the prompt is over the window
	seesRegion   = "region"   // not available here
	seesNotFound = "notfound" // no such model
	seesDenied   = "denied"   // a file may not be read
	seesNoFile   = "nofile"   // no such file
	seesNotReady = "notready" // a file cannot be read yet
	seesTooLarge = "toolarge" // the body
	seesRate     = "rate"     // too many requests
	seesQuota    = "quota"    // for long
	seesOverload = "overload" // try again
	seesTimeout  = "timeout"  // upstream's own
	seesError    = "error"    // anything else
)

const (
	wholeAnswer = "200 good"
	brokenOff   = "200 part, then broken off"
)

// openAI is what the two APIs of OpenAI have in common: code, or else type.
func openAI(own map[string]string) map[string]string {
	sees := map[string]string{
		seesGood: wholeAnswer, seesBroken: brokenOff, seesCut: "200 part, then server_error",
		seesInvalid: "400 invalid_request_error", seesContext: "400 context_length_exceeded",
		seesDenied: "403 insufficient_permissions", seesNoFile: "404 invalid_request_error", seesNotReady: "400 invalid_request_error",
		seesRegion: "403 unsupported_country_region_territory", seesNotFound: "404 model_not_found",
		seesTooLarge: "413 request_too_large", seesRate: "429 rate_limit_exceeded", seesQuota: "429 insufficient_quota",
		seesOverload: "503 server_is_overloaded", seesTimeout: "504 server_error", seesError: "500 server_error",
	}
	for k, v := range own {
		sees[k] = v
	}
	return sees
}

var apis = []api{
	{
		name:       "claude",
		streamPath: messages, streamBody: streamed, wholePath: messages, wholeBody: plain,
		file: `"content":[{"type":"text","text":"hello"},{"type":"image","source":{"type":"url","url":"` + fileURI + `"}}]`,
		read: readMessages,
		sees: map[string]string{
			seesGood: wholeAnswer, seesBroken: brokenOff, seesCut: "200 part, then api_error",
			seesLength: "200 max_tokens", seesRefused: "200 refusal", seesBlocked: "200 refusal",
			seesInvalid: "400 invalid_request_error", seesContext: "400 invalid_request_error",
			seesDenied: "403 permission_error", seesNoFile: "404 not_found_error", seesNotReady: "400 invalid_request_error",
			seesRegion: "403 permission_error", seesNotFound: "404 not_found_error",
			seesTooLarge: "413 request_too_large", seesRate: "429 rate_limit_error", seesQuota: "429 rate_limit_error",
			seesOverload: "529 overloaded_error", seesTimeout: "504 timeout_error", seesError: "500 api_error",
		},
	},
	{
		name:       "chat",
		streamPath: "/v1/chat/completions", streamBody: `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":"hello"}]}`,
		wholePath: "/v1/chat/completions", wholeBody: `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hello"}]}`,
		file: `"content":[{"type":"text","text":"hello"},{"type":"image_url","image_url":{"url":"` + fileURI + `"}}]`,
		read: readChat,
		sees: openAI(map[string]string{seesLength: "200 length", seesRefused: "200 content_filter", seesBlocked: "200 content_filter"}),
	},
	{
		name:       "responses",
		streamPath: "/v1/responses", streamBody: `{"model":"gemini-3.5-flash","stream":true,"input":"hello"}`,
		wholePath: "/v1/responses", wholeBody: `{"model":"gemini-3.5-flash","input":"hello"}`,
		file: `"input":[{"role":"user","content":[{"type":"input_text","text":"hello"},{"type":"input_image","image_url":"` + fileURI + `"}]}]`,
		read: readResponses,
		sees: openAI(map[string]string{seesLength: "200 max_output_tokens", seesRefused: "200 content_filter", seesBlocked: "200 invalid_prompt"}),
	},
	{
		name:       "gemini",
		streamPath: "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", streamBody: nativeHello,
		wholePath: "/v1beta/models/gemini-3.5-flash:generateContent", wholeBody: nativeHello,
		file: `"parts":[{"text":"hello"},{"fileData":{"mimeType":"image/png","fileUri":"` + fileURI + `"}}]`,
		read: readNative,
		sees: map[string]string{
			seesGood: wholeAnswer, seesBroken: brokenOff, seesCut: "200 part, then INTERNAL",
			seesLength: "200 MAX_TOKENS", seesRefused: "200 SAFETY", seesBlocked: "200 blocked SAFETY",
			seesInvalid: "400 INVALID_ARGUMENT", seesContext: "400 INVALID_ARGUMENT",
			seesDenied: "403 PERMISSION_DENIED", seesNoFile: "404 NOT_FOUND", seesNotReady: "400 FAILED_PRECONDITION",
			seesRegion: "400 FAILED_PRECONDITION", seesNotFound: "404 NOT_FOUND",
			seesTooLarge: "413 INVALID_ARGUMENT", seesRate: "429 RESOURCE_EXHAUSTED", seesQuota: "429 RESOURCE_EXHAUSTED",
			seesOverload: "503 UNAVAILABLE", seesTimeout: "504 DEADLINE_EXCEEDED", seesError: "500 INTERNAL",
		},
	},
}

// fileURI is an address that the provider reads.
const fileURI = "https://files.example/abc.png"

// naming is a request that names a file in place of body.
func (a api) naming(body string) string {
	for _, plain := range []string{`"content":"hello"`, `"input":"hello"`, `"parts":[{"text":"hello"}]`} {
		body = strings.Replace(body, plain, a.file, 1)
	}
	return body
}

const nativeHello = `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`
