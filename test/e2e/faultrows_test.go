package e2e

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Attempts at backend a, which mostly has two accounts, and at b.
func a1(reason string) try { return try{account: "a-1", reason: reason} }
func a2(reason string) try { return try{account: "a-2", reason: reason} }
func b1(reason string) try { return try{account: "b-1", reason: reason} }

// lite is an attempt with the next model of the chain.
func lite(t try) try {
	t.model = "gemini-3.5-flash-lite"
	return t
}

// heals is a good answer after the attempts.
func heals(tries ...try) want { return want{sees: seesGood, tries: tries} }

// fails is an error after the attempts.
func fails(sees, text string, tries ...try) want { return want{sees: sees, text: text, tries: tries} }

var faultGroups = slices.Concat([]faultGroup{
	{"two accounts", stack.Options{Keys: []string{"key-1", "key-2"}}, concat(noAnswerFaults, statusFaults, signatureFaults, connectionFaults, lateFaults, clientFaults, packedFaults)},
	{"two backends", stack.Options{Backends: []string{"a", "b"}}, backendFaults},
	{"a chain of two models", stack.Options{Models: chain}, chainFaults},
	{"a chain of two models at two backends", stack.Options{Backends: []string{"a", "b"}, Models: chain}, []fault{
		{name: "capacity exhausted for the first model everywhere", script: once(noCapacity), second: once(noCapacity),
			want: heals(a1(heal.ReasonCapacity), b1(heal.ReasonCapacity), lite(a1(heal.ReasonOK)))},
		{name: "one backend's credential refused, no capacity at the other", script: once(fakegemini.Status(403)), second: once(noCapacity),
			want: heals(a1(heal.ReasonForbidden), b1(heal.ReasonCapacity), lite(b1(heal.ReasonOK)))},
	}},
	{"documents are asked for as documents", stack.Options{Keys: []string{"key-1", "key-2"}, Policy: `{upstream_stream: as_client, peek: {timeout: 1s}, idle_timeout: 1s, max_wait: 2s}`}, documentFaults},
	{"two backends, the first refuses connections", stack.Options{Backends: []string{"a", "b"}, Down: []string{"a"}}, []fault{
		{name: "connection refused at the first backend", want: heals(a1(heal.ReasonConnect), b1(heal.ReasonOK))},
	}},
	{"two keys, the first is wrong", stack.Options{Keys: []string{"key-1", "key-2"}, WrongKeys: []string{"key-1"}}, []fault{
		{name: "wrong key", want: heals(a1(heal.ReasonBadKey), a2(heal.ReasonOK))},
		{name: "wrong key, next request", before: true, want: heals(a2(heal.ReasonOK))},
	}},
	{"two keys, both wrong", stack.Options{Keys: []string{"key-1", "key-2"}, WrongKeys: []string{"key-1", "key-2"}}, []fault{
		{name: "wrong keys are not told as 400 or 401", want: fails(seesError, "credential", a1(heal.ReasonBadKey), a2(heal.ReasonBadKey))},
	}},
}, ownFaultGroups, choiceGroups)

// chain makes the requests' model the first of a chain; the second is asked for
// at every backend, after all have been asked for the first.
const chain = `{aliases: {gemini-3.5-flash: [gemini-3.5-flash, gemini-3.5-flash-lite]}}`

func concat(lists ...[]fault) (all []fault) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// Status 200, and nothing that a client could use.
var noAnswerFaults = []fault{
	{name: "nothing fails", want: heals(a1(heal.ReasonOK))},
	{name: "empty 200", script: once(fakegemini.EmptyOK()), want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonOK))},
	{name: "end of stream before content", script: once(fakegemini.EOFBeforeContent()), want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonOK))},
	{name: "usage only, then the end", script: once(fakegemini.UsageOnlyThenEnd()), want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonOK))},
	{name: "usage only, then the answer", script: once(fakegemini.UsageOnlyThenEnd().Then(fakegemini.Text(good))), want: heals(a1(heal.ReasonOK))},
	{name: "heartbeats, then the answer", script: once(fakegemini.Heartbeats(10*time.Millisecond, 5).Then(fakegemini.Text(good))), want: heals(a1(heal.ReasonOK))},
	{name: "heartbeats, then the end", script: once(fakegemini.Heartbeats(10*time.Millisecond, 5)), want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonOK))},
	{name: "heartbeats only", script: once(fakegemini.Heartbeats(50*time.Millisecond, 0)), want: heals(a1(heal.ReasonPeekTimeout), a2(heal.ReasonOK))},
	{name: "silence after headers", script: once(fakegemini.SilentAfterHeaders()), want: heals(a1(heal.ReasonPeekTimeout), a2(heal.ReasonOK))},
	{name: "silence before headers", script: once(fakegemini.SilentBeforeHeaders()), want: heals(a1(heal.ReasonPeekTimeout), a2(heal.ReasonOK))},
	{name: "STOP without parts", script: once(fakegemini.StopWithoutParts()), want: heals(a1(heal.ReasonPeekNoContent), a2(heal.ReasonOK))},
	{name: "OTHER without parts", script: once(fakegemini.FinishWithoutParts("OTHER")), want: heals(a1(heal.ReasonPeekNoContent), a2(heal.ReasonOK))},
	{name: "malformed function call", script: once(fakegemini.MalformedCall()), want: heals(a1(heal.ReasonPeekMalformed), a2(heal.ReasonOK))},
	{name: "unexpected tool call", script: once(fakegemini.FinishWithoutParts("UNEXPECTED_TOOL_CALL")), want: heals(a1(heal.ReasonPeekMalformed), a2(heal.ReasonOK))},
	{name: "HTML under 200", script: once(fakegemini.HTML200()), want: heals(a1(heal.ReasonPeekGarbage), a2(heal.ReasonOK))},
	{name: "error object as first event, 503", script: once(fakegemini.ErrorEvent(503)), want: heals(a1(heal.ReasonPeekError), a1(heal.ReasonOK))},
	{name: "error object as first event, 429", script: once(fakegemini.ErrorEvent(429)), want: heals(a1(heal.ReasonPeekError), a2(heal.ReasonOK))},
	{name: "bare JSON error under 200", script: once(fakegemini.BareJSONError(500)), want: heals(a1(heal.ReasonPeekError), a2(heal.ReasonOK))},
	{name: "JSON error in an array under 200", script: once(fakegemini.Raw(200, nil, []byte(`[{"error":{"code":500,"message":"Internal error encountered.","status":"INTERNAL"}}]`))),
		want: heals(a1(heal.ReasonPeekError), a2(heal.ReasonOK))},
	{name: "no answer, three times", script: again(3, fakegemini.EmptyOK()),
		want: fails(seesError, "ended the reply before any content", a1(heal.ReasonPeekEOF), a2(heal.ReasonPeekEOF), a1(heal.ReasonPeekEOF))},
	// True answers without parts: nothing to heal.
	{name: "thoughts took all tokens", script: once(fakegemini.FinishWithoutParts("MAX_TOKENS")), want: want{sees: seesLength, tries: []try{a1(heal.ReasonOK)}}},
	{name: "answer refused", script: once(fakegemini.FinishWithoutParts("SAFETY")), want: want{sees: seesRefused, tries: []try{a1(heal.ReasonOK)}}},
	{name: "prompt blocked", script: once(fakegemini.Blocked("SAFETY")), want: want{sees: seesBlocked, tries: []try{a1(heal.ReasonOK)}}},
}

var statusFaults = []fault{
	{name: "429", script: once(fakegemini.Status(429)), want: heals(a1(heal.ReasonRateLimit), a2(heal.ReasonOK))},
	{name: "429, next request", script: once(fakegemini.Status(429)), before: true, want: heals(a2(heal.ReasonOK))},
	{name: "429 with a delay, both accounts", script: again(2, fakegemini.Status(429, fakegemini.RetryDelay("1s"))),
		want: heals(a1(heal.ReasonRateLimit), a2(heal.ReasonRateLimit), a1(heal.ReasonOK))},
	{name: "429 with a delay, three times", script: again(3, fakegemini.Status(429, fakegemini.RetryDelay("1s"))),
		want: want{sees: seesRate, retryAfter: "1", tries: []try{a1(heal.ReasonRateLimit), a2(heal.ReasonRateLimit), a1(heal.ReasonRateLimit)}}},
	{name: "429 with too long a delay", script: again(2, fakegemini.Status(429, fakegemini.RetryDelay("30s"))),
		want: want{sees: seesRate, retryAfter: "30", tries: []try{a1(heal.ReasonRateLimit), a2(heal.ReasonRateLimit)}}},
	{name: "quota of the day", script: once(fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel"))),
		want: heals(a1(heal.ReasonQuota), a2(heal.ReasonOK))},
	{name: "quota of the day, both accounts", script: again(2, fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel"))),
		want: fails(seesQuota, "", a1(heal.ReasonQuota), a2(heal.ReasonQuota))},
	{name: "capacity exhausted, no other backend", script: once(noCapacity),
		want: fails(seesQuota, "", a1(heal.ReasonCapacity))},
	{name: "401", script: once(fakegemini.Status(401)), want: heals(a1(heal.ReasonBadKey), a2(heal.ReasonOK))},
	{name: "401, next request", script: once(fakegemini.Status(401)), before: true, want: heals(a2(heal.ReasonOK))},
	{name: "402", script: once(fakegemini.Status(402)), want: heals(a1(heal.ReasonForbidden), a2(heal.ReasonOK))},
	{name: "403", script: once(fakegemini.Status(403)), want: heals(a1(heal.ReasonForbidden), a2(heal.ReasonOK))},
	{name: "403 on both accounts is not told as 403", script: again(2, fakegemini.Status(403)),
		want: fails(seesError, "credential", a1(heal.ReasonForbidden), a2(heal.ReasonForbidden))},
	{name: "region", script: once(fakegemini.Raw(400, nil, []byte(wrongRegion))), want: fails(seesRegion, "location", a1(heal.ReasonPrecondition))},
	{name: "billing", script: once(fakegemini.Raw(400, nil, []byte(noBilling))), want: heals(a1(heal.ReasonPrecondition), a2(heal.ReasonOK))},
	{name: "404", script: once(fakegemini.Status(404)), want: fails(seesNotFound, "", a1(heal.ReasonNoModel))},
	{name: "408", script: once(fakegemini.Status(408)), want: heals(a1(heal.ReasonAborted), a1(heal.ReasonOK))},
	{name: "409", script: once(fakegemini.Status(409)), want: heals(a1(heal.ReasonAborted), a1(heal.ReasonOK))},
	{name: "499", script: once(fakegemini.Status(499)), want: heals(a1(heal.ReasonAborted), a1(heal.ReasonOK))},
	{name: "413", script: once(fakegemini.Status(413)), want: fails(seesTooLarge, "", a1(heal.ReasonBodyTooLarge))},
	{name: "500", script: once(fakegemini.Status(500)), want: heals(a1(heal.ReasonServerError), a2(heal.ReasonOK))},
	{name: "500, next request", script: once(fakegemini.Status(500)), before: true, want: heals(a2(heal.ReasonOK))}, // the other one is the better now
	{name: "502", script: once(fakegemini.Status(502)), want: heals(a1(heal.ReasonServerError), a2(heal.ReasonOK))},
	{name: "503", script: once(fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
	{name: "504", script: once(fakegemini.Status(504)), want: heals(a1(heal.ReasonServerError), a2(heal.ReasonOK))},
	{name: "503 with too long a delay", script: again(2, fakegemini.Status(503, fakegemini.RetryDelay("30s"))),
		want: want{sees: seesOverload, retryAfter: "30", tries: []try{a1(heal.ReasonOverloaded), a2(heal.ReasonOverloaded)}}},
	{name: "500 with a delay, both accounts", script: again(2, fakegemini.Status(500, fakegemini.RetryDelay("1s"))),
		want: heals(a1(heal.ReasonServerError), a2(heal.ReasonServerError), a1(heal.ReasonOK))},
	{name: "204", script: once(fakegemini.Raw(204, nil, nil)), want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonOK))},
	{name: "529", script: once(fakegemini.Status(529)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
	{name: "599", script: once(fakegemini.Status(599)), want: heals(a1(heal.ReasonUnknownStatus), a1(heal.ReasonOK))},
	{name: "503 three times", script: again(3, fakegemini.Status(503)),
		want: fails(seesOverload, "overloaded", a1(heal.ReasonOverloaded), a1(heal.ReasonOverloaded), a1(heal.ReasonOverloaded))},
	{name: "504 three times", script: again(3, fakegemini.Status(504)),
		want: fails(seesTimeout, "", a1(heal.ReasonServerError), a2(heal.ReasonServerError), a1(heal.ReasonServerError))},
	// The last status that says something, not the last thing that happened.
	{name: "everything fails, each time otherwise", script: []fakegemini.Reply{fakegemini.Status(503), fakegemini.EmptyOK(), fakegemini.ResetBeforeHeaders(), fakegemini.ResetBeforeHeaders()},
		want: fails(seesOverload, "overloaded", a1(heal.ReasonOverloaded), a1(heal.ReasonPeekEOF), a2(heal.ReasonStale), a2(heal.ReasonConnect))},
	{name: "400 that is the client's fault", script: once(fakegemini.Status(400, fakegemini.Message("Unsupported thing."))),
		want: fails(seesInvalid, "Unsupported thing.", a1(heal.ReasonInvalid))},
	{name: "400 that another body avoids", script: once(fakegemini.Status(400, fakegemini.Message("Penalty is not enabled for this model"))),
		want: repaired("omit_penalties", a1(heal.ReasonRelax), a1(heal.ReasonOK))},
	{name: "prompt too long", script: once(fakegemini.Status(400, fakegemini.Message("The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."))),
		want: fails(seesContext, "", a1(heal.ReasonContext))},
}

const noBilling = `{"error":{"code":400,"message":"Billing is not enabled for the project.","status":"FAILED_PRECONDITION"}}`

const wrongRegion = `{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}`

// refusesSignature is a signature error in some wording, and what it is
// answered with. A second one of the family is final.
func refusesSignature(name, message, repairs string) fault {
	return fault{name: "signature: " + name, script: once(fakegemini.Status(400, fakegemini.Message(message))),
		want: repaired(repairs, a1(heal.ReasonSignature), a1(heal.ReasonOK))}
}

// repaired is a good answer to a repaired body. The fake repeats all that it
// reads, a word about the repair too.
func repaired(repairs string, tries ...try) want {
	w := want{sees: seesGood, repairs: repairs, tries: tries}
	if strings.Contains(repairs, "prompt") {
		w.answer = good + "\n" + route.DefaultRepairPrompt
	}
	return w
}

// What was lost needs a word to the model, what never was there does not.
const (
	stripped  = "strip_signatures"
	explained = "strip_signatures+prompt"
)

// The wordings are those of Gemini, Vertex AI and gateways, from public
// reports.
var signatureFaults = []fault{
	refusesSignature("missing in functionCall", "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:Skill` , position 2.", stripped),
	refusesSignature("missing, as Vertex AI has it", "Unable to submit request because function call `search` in the 2. content block is missing a `thought_signature`. Learn more: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures", stripped),
	refusesSignature("thoughtSignature missing", "thoughtSignature is missing in the functionCall part", stripped),
	refusesSignature("corrupted", "Corrupted thought signature.", explained),
	refusesSignature("invalid", "Invalid thought signature.", explained),
	refusesSignature("inside JSON", `{"error":{"code":400,"message":"Corrupted thought signature.","status":"INVALID_ARGUMENT"}}`, explained),
	refusesSignature("thinking block", "messages.1.content.0: Invalid `signature` in `thinking` block", explained),
	refusesSignature("field required", "messages.1.content.0.thinking.signature: Field required", stripped),
	refusesSignature("expected thinking", "messages.3.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`.", explained),
	refusesSignature("must start with thinking", "When `thinking` is enabled, a final `assistant` message must start with a thinking block.", explained),
	refusesSignature("cannot be modified", "messages.5.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.", explained),
	refusesSignature("placeholder", "Invalid thought signature: skip_thought_signature_validator", "strip_signatures+no_placeholder+prompt"),
	refusesSignature("not valid, as Vertex AI has it", "Unable to submit request because Thought signature is not valid.. Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini", explained),
	{name: "signature: as finish reason", script: once(fakegemini.FinishWithoutParts("MISSING_THOUGHT_SIGNATURE")),
		want: repaired(stripped, a1(heal.ReasonSignature), a1(heal.ReasonOK))},
	{name: "signature: refused again", script: again(2, fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))),
		want: want{sees: seesInvalid, text: "Corrupted thought signature.", repairs: explained, tries: []try{a1(heal.ReasonSignature), a1(heal.ReasonSignature)}}},
	{name: "signature: 503 on the way", script: []fakegemini.Reply{fakegemini.Status(503), fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))},
		want: repaired(explained, a1(heal.ReasonOverloaded), a1(heal.ReasonSignature), a1(heal.ReasonOK))},
}

var connectionFaults = []fault{
	{name: "reset before headers", script: once(fakegemini.ResetBeforeHeaders()), want: heals(a1(heal.ReasonStale), a1(heal.ReasonOK))},
	// The first may be the end of an idle connection, and does not count.
	{name: "reset before headers, always", script: again(5, fakegemini.ResetBeforeHeaders()),
		want: fails(seesError, "could not be reached", a1(heal.ReasonStale), a1(heal.ReasonConnect), a1(heal.ReasonConnect), a1(heal.ReasonConnect))},
	// While heald holds, a reset reaches it only as the end of the stream.
	{name: "reset after headers", script: once(fakegemini.ResetAfterHeaders()), want: heals(a1(heal.ReasonClientGone), a2(heal.ReasonOK))},
	{name: "reset after headers, again and again", script: again(2, fakegemini.ResetAfterHeaders()),
		want: fails(seesError, "could not be reached",
			a1(heal.ReasonClientGone), a2(heal.ReasonClientGone), try{reason: heal.ReasonLost})},
	{name: "reset in mid-stream", gated: func(first <-chan struct{}) []fakegemini.Reply {
		return once(fakegemini.EndWithoutFinish(half).Then(fakegemini.Gate(first)).Then(fakegemini.ResetMidStream(0).NoFinish()))
	},
		want: want{sees: seesBroken, tries: []try{a1(heal.ReasonOK)}, brokenBy: heal.ReasonClientGone},
		json: &want{sees: seesGood, tries: []try{a1(heal.ReasonClientGone), a2(heal.ReasonOK)}}},
}

const half = "Half an ans"

// After content: a stream cannot be taken back, a document can.
var lateFaults = []fault{
	{name: "end without finish after content", gated: func(first <-chan struct{}) []fakegemini.Reply {
		return once(fakegemini.EndWithoutFinish(half).Then(fakegemini.Gate(first)))
	},
		want: want{sees: seesCut, tries: []try{a1(heal.ReasonOK)}, brokenBy: heal.ReasonStreamTruncated},
		json: &want{sees: seesGood, tries: []try{a1(heal.ReasonPeekTruncated), a2(heal.ReasonOK)}}},
	{name: "error event after content", gated: func(first <-chan struct{}) []fakegemini.Reply {
		return once(fakegemini.EndWithoutFinish(half).Then(fakegemini.Gate(first)).Then(fakegemini.ErrorEvent(500)))
	},
		want: want{sees: seesCut, tries: []try{a1(heal.ReasonOK)}, brokenBy: heal.ReasonStreamError},
		json: &want{sees: seesGood, tries: []try{a1(heal.ReasonPeekError), a2(heal.ReasonOK)}}},
	{name: "[DONE] after the finish", script: once(fakegemini.Raw(200, http.Header{"Content-Type": {"text/event-stream"}}, []byte(
		`data: {"candidates":[{"content":{"role":"model","parts":[{"text":"`+good+`"}]},"finishReason":"STOP"}]}`+"\n\ndata: [DONE]\n\n"))),
		want: heals(a1(heal.ReasonOK))},
	{name: "silence after content", script: once(fakegemini.EndWithoutFinish(half).Then(fakegemini.Silence())),
		want: want{sees: seesCut, tries: []try{a1(heal.ReasonOK)}, brokenBy: heal.ReasonStreamStalled},
		json: &want{sees: seesGood, tries: []try{a1(heal.ReasonPeekTruncated), a2(heal.ReasonOK)}}},
}

// gzipHeader says that a body is gzip, which it may be or not.
var gzipHeader = http.Header{"Content-Type": {"text/event-stream"}, "Content-Encoding": {"gzip"}}

const sseAnswer = `data: {"candidates":[{"content":{"role":"model","parts":[{"text":"` + good + `"}]},"finishReason":"STOP"}]}` + "\n\n"

// Replies that a proxy on the way to the provider has compressed, although that
// was not requested.
var packedFaults = append(concat(packedAs("gzip"), packedAs("deflate"), packedAs("zstd"), packedAs("br")), []fault{
	{name: "client leaves in mid-stream of a gzip", client: leavesLate, script: once(fakegemini.EndWithoutFinish(half).Then(fakegemini.Silence()).Packed("gzip")),
		want: want{sees: "left", tries: []try{a1(heal.ReasonOK)}, brokenBy: heal.ReasonClientGone},
		json: &want{sees: "left", tries: []try{a1(heal.ReasonClientGone)}}},
	{name: "gzip that nobody told", script: once(fakegemini.Raw(200, nil, fakegemini.Pack("gzip", []byte(sseAnswer)))), want: heals(a1(heal.ReasonOK))},
	{name: "gzip that is none", script: once(fakegemini.Raw(200, gzipHeader, []byte(sseAnswer))), want: heals(a1(heal.ReasonPeekGarbage), a2(heal.ReasonOK))},
	{name: "gzip cut short", script: once(fakegemini.Raw(200, gzipHeader, fakegemini.Pack("gzip", []byte(sseAnswer))[:40])), want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonOK))},
	{name: "a coding that nobody knows", script: once(fakegemini.Raw(200, http.Header{"Content-Encoding": {"lzma"}}, []byte(sseAnswer))),
		want: heals(a1(heal.ReasonPeekGarbage), a2(heal.ReasonOK))},
	{name: "a coding that nobody knows, 503", script: once(fakegemini.Raw(503, http.Header{"Content-Encoding": {"lzma"}}, []byte("?"))),
		want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
}...)

// packedAs are an answer, an error whose details count, and a stream that ends
// too early, of which the client gets the first piece at once.
func packedAs(coding string) []fault {
	return []fault{
		{name: "packed as " + coding, script: once(fakegemini.Text(good).Packed(coding)), want: heals(a1(heal.ReasonOK))},
		{name: "quota of the day, packed as " + coding, script: again(2, fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel")).Packed(coding)),
			want: fails(seesQuota, "", a1(heal.ReasonQuota), a2(heal.ReasonQuota))},
		{name: "end without finish, packed as " + coding, gated: func(first <-chan struct{}) []fakegemini.Reply {
			return once(fakegemini.EndWithoutFinish(half).Then(fakegemini.Gate(first)).Packed(coding))
		},
			want: want{sees: seesCut, tries: []try{a1(heal.ReasonOK)}, brokenBy: heal.ReasonStreamTruncated},
			json: &want{sees: seesGood, tries: []try{a1(heal.ReasonPeekTruncated), a2(heal.ReasonOK)}}},
	}
}

var clientFaults = []fault{
	{name: "client reads slowly", client: readsSlowly, script: once(fakegemini.Text(longPieces...)), want: want{sees: seesGood, answer: strings.Join(longPieces, ""), tries: []try{a1(heal.ReasonOK)}}},
	{name: "client leaves while held, silence", client: leavesEarly, script: once(fakegemini.SilentAfterHeaders()),
		want: want{sees: "left", tries: []try{a1(heal.ReasonClientGone)}}},
	{name: "client leaves while held, heartbeats", client: leavesEarly, script: once(fakegemini.Heartbeats(10*time.Millisecond, 0)),
		want: want{sees: "left", tries: []try{a1(heal.ReasonClientGone)}}},
	{name: "client leaves in mid-stream", client: leavesLate, script: once(fakegemini.EndWithoutFinish(half).Then(fakegemini.Silence())),
		want: want{sees: "left", tries: []try{a1(heal.ReasonOK)}, brokenBy: heal.ReasonClientGone},
		json: &want{sees: "left", tries: []try{a1(heal.ReasonClientGone)}}},
}

// longPieces are more than the windows on the client's side take.
var longPieces = slices.Repeat([]string{strings.Repeat("The quick brown fox jumps over the lazy dog. ", 700)}, 32)

// Each backend has one account here.
var backendFaults = []fault{
	{name: "capacity exhausted, 429", script: once(noCapacity), want: heals(a1(heal.ReasonCapacity), b1(heal.ReasonOK))},
	{name: "capacity exhausted, 503", script: once(fakegemini.Status(503, fakegemini.Message("No capacity available for model gemini-3.5-flash on the server"))), want: heals(a1(heal.ReasonCapacity), b1(heal.ReasonOK))},
	{name: "capacity exhausted at both", script: once(noCapacity), second: once(noCapacity),
		want: fails(seesQuota, "", a1(heal.ReasonCapacity), b1(heal.ReasonCapacity))},
	{name: "model not found at the first", script: once(fakegemini.Status(404)), want: heals(a1(heal.ReasonNoModel), b1(heal.ReasonOK))},
	{name: "region of the first", script: once(fakegemini.Raw(400, nil, []byte(wrongRegion))), want: heals(a1(heal.ReasonPrecondition), b1(heal.ReasonOK))},
	{name: "403 at the first", script: once(fakegemini.Status(403)), want: heals(a1(heal.ReasonForbidden), b1(heal.ReasonOK))},
	{name: "401 at the first", script: once(fakegemini.Status(401)), want: heals(a1(heal.ReasonBadKey), b1(heal.ReasonOK))},
	{name: "quota of the day at the first", script: once(fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel"))), want: heals(a1(heal.ReasonQuota), b1(heal.ReasonOK))},
	{name: "429 with too long a delay at the first", script: once(fakegemini.Status(429, fakegemini.RetryDelay("30s"))), want: heals(a1(heal.ReasonRateLimit), b1(heal.ReasonOK))},
	{name: "403 at both", script: once(fakegemini.Status(403)), second: once(fakegemini.Status(403)), want: fails(seesError, "credential", a1(heal.ReasonForbidden), b1(heal.ReasonForbidden))},
	{name: "503 at the first, once", script: once(fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
	{name: "503 at the first, always", script: again(3, fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOverloaded), b1(heal.ReasonOK))},
	{name: "no answer at the first, ever", script: again(3, fakegemini.EmptyOK()), want: heals(a1(heal.ReasonPeekEOF), a1(heal.ReasonPeekEOF), b1(heal.ReasonOK))},
	{name: "resets at the first, always", script: again(3, fakegemini.ResetBeforeHeaders()), want: heals(a1(heal.ReasonStale), a1(heal.ReasonConnect), a1(heal.ReasonConnect), b1(heal.ReasonOK))},
	{name: "429 at the first, with a delay", script: once(fakegemini.Status(429, fakegemini.RetryDelay("1s"))), want: heals(a1(heal.ReasonRateLimit), b1(heal.ReasonOK))},
	{name: "503 with too long a delay at the first", script: once(fakegemini.Status(503, fakegemini.RetryDelay("30s"))), want: heals(a1(heal.ReasonOverloaded), b1(heal.ReasonOK))},
	{name: "capacity at one, then everything", script: once(noCapacity), second: again(2, fakegemini.EmptyOK()),
		want: fails(seesQuota, "", a1(heal.ReasonCapacity), b1(heal.ReasonPeekEOF), b1(heal.ReasonPeekEOF))},
}

var noCapacity = fakegemini.Status(429, fakegemini.Reason("MODEL_CAPACITY_EXHAUSTED"))

// One backend with one account: only another model helps, if anything.
var chainFaults = []fault{
	{name: "capacity exhausted for the first model", script: once(noCapacity), want: heals(a1(heal.ReasonCapacity), lite(a1(heal.ReasonOK)))},
	{name: "capacity exhausted, next request", script: once(noCapacity), before: true,
		want: want{sees: seesGood, tries: []try{lite(a1(heal.ReasonOK))}, passed: coolingDown}},
	{name: "first model not found", script: once(fakegemini.Status(404)), want: heals(a1(heal.ReasonNoModel), lite(a1(heal.ReasonOK)))},
	{name: "quota of the first model used up", script: once(fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel"))),
		want: heals(a1(heal.ReasonQuota), lite(a1(heal.ReasonOK)))},
	{name: "capacity exhausted for both models", script: again(2, noCapacity), want: fails(seesQuota, "", a1(heal.ReasonCapacity), lite(a1(heal.ReasonCapacity)))},
	{name: "503 is no reason to leave the model", script: once(fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
	{name: "no model makes a wrong key right", script: once(fakegemini.Status(401)), want: fails(seesError, "credential", a1(heal.ReasonBadKey))},
}

// The upstream answers in one document where the client wants one.
var documentFaults = []fault{
	{name: "a document", want: heals(a1(heal.ReasonOK))},
	{name: "a packed document", script: once(fakegemini.Text(good).Packed("gzip")), want: heals(a1(heal.ReasonOK))},
	{name: "429 instead of a document", script: once(fakegemini.Status(429)), want: heals(a1(heal.ReasonRateLimit), a2(heal.ReasonOK))},
	{name: "empty instead of a document", script: once(fakegemini.EmptyOK()), want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonOK))},
	{name: "error under 200 instead of a document", script: once(fakegemini.BareJSONError(500)), want: heals(a1(heal.ReasonPeekError), a2(heal.ReasonOK))},
	{name: "a document without parts", script: once(fakegemini.StopWithoutParts()), want: heals(a1(heal.ReasonPeekNoContent), a2(heal.ReasonOK))},
	{name: "silence instead of a document", script: once(fakegemini.SilentAfterHeaders()), want: heals(a1(heal.ReasonPeekTimeout), a2(heal.ReasonOK))},
}
