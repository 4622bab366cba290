package e2e

import (
	"net/http"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Faults by who causes them: the request, an account without money, a gateway
// in between; and replies that finish before they begin.

var ownFaultGroups = []faultGroup{
	{"two accounts: whose fault", stack.Options{Keys: []string{"key-1", "key-2"}}, concat(resourceFaults, moneyFaults, relayedFaults, packetFaults)},
	{"two backends: whose fault", stack.Options{Backends: []string{"a", "b"}}, elsewhereFaults},
}

func message(code int, text string) fakegemini.Reply {
	return fakegemini.Status(code, fakegemini.Message(text))
}

func raw(code int, body string) fakegemini.Reply { return fakegemini.Raw(code, nil, []byte(body)) }

const (
	noFile   = "You do not have permission to access the File abc or it may not exist."
	noObject = `{"error":{"code":403,"message":"service-1@gcp-sa-aiplatform.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com","metadata":{"permission":"storage.objects.get"}}]}}`
	notReady = `{"error":{"code":400,"message":"The File abc is not in an ACTIVE state and usage is not allowed.","status":"FAILED_PRECONDITION"}}`
)

// The provider's words go to the client that named the file, and everybody else
// is served by the same account.
var resourceFaults = []fault{
	{name: "403 for a file", names: true, script: once(message(403, noFile)), want: fails(seesDenied, noFile, a1(heal.ReasonResource))},
	{name: "403 for a file, next request", names: true, before: true, script: once(message(403, noFile)), want: heals(a1(heal.ReasonOK))},
	{name: "403 for cached content", names: true, script: once(message(403, "CachedContent not found (or permission denied)")), want: fails(seesDenied, "CachedContent", a1(heal.ReasonResource))},
	{name: "403 for a bucket", names: true, script: once(raw(403, noObject)), want: fails(seesDenied, "storage.objects.get", a1(heal.ReasonResource))},
	{name: "403 for a bucket, next request", names: true, before: true, script: once(raw(403, noObject)), want: heals(a1(heal.ReasonOK))},
	{name: "404 for a file", names: true, script: once(fakegemini.Status(404)), want: fails(seesNoFile, "Requested entity was not found.", a1(heal.ReasonResource))},
	{name: "404 for a file, next request", names: true, before: true, script: once(fakegemini.Status(404)), want: heals(a1(heal.ReasonOK))},
	{name: "400 for a file that is not ready", names: true, script: once(raw(400, notReady)), want: fails(seesNotReady, "ACTIVE", a1(heal.ReasonResource))},
	{name: "400 for a file that is not ready, next request", names: true, before: true, script: once(raw(400, notReady)), want: heals(a1(heal.ReasonOK))},
}

const (
	noCredit  = "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing."
	noKey     = `{"error":{"code":400,"message":"API Key not found. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}`
	noQuotaID = "GenerateRequestsPerMinutePerProject"
	daily     = "GenerateRequestsPerDayPerProjectPerModel"
)

// A delay of seconds makes none of this a matter of seconds.
var moneyFaults = []fault{
	{name: "no credit", script: once(message(429, noCredit)), want: heals(a1(heal.ReasonUnpaid), a2(heal.ReasonOK))},
	{name: "no credit, next request", before: true, script: once(message(429, noCredit)), want: heals(a2(heal.ReasonOK))},
	{name: "no credit on both accounts", script: again(2, message(429, noCredit)), want: fails(seesQuota, "no credit", a1(heal.ReasonUnpaid), a2(heal.ReasonUnpaid))},
	{name: "spending cap", script: once(message(429, "Your project has exceeded its monthly spending cap.")), want: heals(a1(heal.ReasonUnpaid), a2(heal.ReasonOK))},
	{name: "no quota at all", script: once(fakegemini.Status(429, fakegemini.NoQuota(noQuotaID), fakegemini.RetryDelay("1s"))), want: heals(a1(heal.ReasonUnpaid), a2(heal.ReasonOK))},
	{name: "no quota at all, both accounts", script: again(2, fakegemini.Status(429, fakegemini.NoQuota(noQuotaID), fakegemini.RetryDelay("1s"))),
		want: fails(seesQuota, "no quota", a1(heal.ReasonUnpaid), a2(heal.ReasonUnpaid))},
	{name: "no quota for the model", script: once(fakegemini.Status(429, fakegemini.NoQuota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), fakegemini.RetryDelay("1s"))),
		want: heals(a1(heal.ReasonQuota), a2(heal.ReasonOK))},
	{name: "quota of the day with a delay of a second", script: again(2, fakegemini.Status(429, fakegemini.QuotaID(daily), fakegemini.RetryDelay("1s"))),
		want: fails(seesQuota, "", a1(heal.ReasonQuota), a2(heal.ReasonQuota))},
	{name: "API key not found", script: once(raw(400, noKey)), want: heals(a1(heal.ReasonBadKey), a2(heal.ReasonOK))},
	{name: "API key not found, next request", before: true, script: once(raw(400, noKey)), want: heals(a2(heal.ReasonOK))},
	{name: "API key not found, in words alone", script: once(message(400, "API key not found. Please pass a valid API key.")), want: heals(a1(heal.ReasonBadKey), a2(heal.ReasonOK))},
	{name: "API key not found, in words alone, next request", before: true, script: once(message(400, "API key not found. Please pass a valid API key.")), want: heals(a1(heal.ReasonOK))},
	// No delay is stated, so to say.
	{name: "429 with a Unix time as its delay", script: once(fakegemini.Status(429, fakegemini.Header("Retry-After", "1764424593"))), want: heals(a1(heal.ReasonRateLimit), a2(heal.ReasonOK))},
	{name: "503 with a delay of two days", script: once(fakegemini.Status(503, fakegemini.RetryDelay("172800s"))), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
	{name: "redirect, no other backend", script: once(fakegemini.Redirect(302, "https://login.example/?token=secret")), want: fails(seesError, "", a1(heal.ReasonUnsuitable))},
}

// Each backend has one account here.
var elsewhereFaults = []fault{
	{name: "redirect at the first", script: once(fakegemini.Redirect(307, "https://login.example/?token=secret")), want: heals(a1(heal.ReasonUnsuitable), b1(heal.ReasonOK))},
	{name: "405 at the first", script: once(fakegemini.Status(405)), want: heals(a1(heal.ReasonUnsuitable), b1(heal.ReasonOK))},
	{name: "407 at the first", script: once(fakegemini.Status(407)), want: heals(a1(heal.ReasonUnsuitable), b1(heal.ReasonOK))},
	{name: "421 at the first", script: once(fakegemini.Status(421)), want: heals(a1(heal.ReasonUnsuitable), b1(heal.ReasonOK))},
	{name: "426 at the first", script: once(fakegemini.Status(426)), want: heals(a1(heal.ReasonUnsuitable), b1(heal.ReasonOK))},
	{name: "431 at the first", script: once(fakegemini.Status(431)), want: heals(a1(heal.ReasonUnsuitable), b1(heal.ReasonOK))},
	{name: "451 at both", script: once(fakegemini.Status(451)), second: once(fakegemini.Status(451)), want: fails(seesError, "", a1(heal.ReasonUnsuitable), b1(heal.ReasonUnsuitable))},
	{name: "no credit at the first", script: once(message(429, noCredit)), want: heals(a1(heal.ReasonUnpaid), b1(heal.ReasonOK))},
	{name: "404 for a file moves nobody", names: true, before: true, script: once(fakegemini.Status(404)), want: heals(a1(heal.ReasonOK))},
}

// Google's error inside a gateway's, whatever the gateway's status.
var relayedFaults = []fault{
	{name: "relayed as raw text, 429", script: once(fakegemini.Relayed(429, true, []string{"metadata", "raw"}, 429, fakegemini.QuotaID(daily))), want: heals(a1(heal.ReasonQuota), a2(heal.ReasonOK))},
	{name: "relayed as upstreamResponse, 502", script: once(fakegemini.Relayed(502, false, []string{"upstreamResponse"}, 429, fakegemini.QuotaID(daily))), want: heals(a1(heal.ReasonQuota), a2(heal.ReasonOK))},
	{name: "relayed client's fault, 500", script: once(fakegemini.Relayed(500, true, []string{"upstreamResponse", "body"}, 400, fakegemini.Message("Unsupported thing."))),
		want: fails(seesInvalid, "Unsupported thing.", a1(heal.ReasonInvalid))},
	{name: "relayed under 200", script: once(fakegemini.Relayed(200, true, []string{"metadata", "raw"}, 503)), want: heals(a1(heal.ReasonPeekError), a1(heal.ReasonOK))},
}

const streamHead = "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":["

func sse(events ...string) fakegemini.Reply {
	body := ""
	for _, e := range events {
		body += streamHead + e + "\r\n\r\n"
	}
	return fakegemini.Raw(200, http.Header{"Content-Type": {"text/event-stream"}}, []byte(body))
}

// Content may follow a finish, in one packet or in several.
var packetFaults = []fault{
	{name: "STOP, then the answer at once", script: once(sse(`]},"finishReason":"STOP"}]}`, `{"text":"`+good+`"}]},"finishReason":"STOP"}]}`)), want: heals(a1(heal.ReasonOK))},
	{name: "STOP, then the answer apart", script: once(fakegemini.StopWithoutParts().Then(fakegemini.Heartbeats(50*time.Millisecond, 2)).Then(fakegemini.Text(good))), want: heals(a1(heal.ReasonOK))},
	{name: "STOP, then silence", script: once(fakegemini.StopWithoutParts().Then(fakegemini.Silence())), want: heals(a1(heal.ReasonPeekNoContent), a2(heal.ReasonOK))},
	{name: "STOP, then an error", script: once(fakegemini.StopWithoutParts().Then(fakegemini.ErrorEvent(503))), want: heals(a1(heal.ReasonPeekError), a1(heal.ReasonOK))},
	{name: "malformed call, then the answer", script: once(fakegemini.MalformedCall().Then(fakegemini.Text(good))), want: heals(a1(heal.ReasonOK))},
	{name: "STOP with each piece", script: once(sse(`{"text":"You said: "}]},"finishReason":"STOP"}]}`, `{"text":"hello"}]},"finishReason":"STOP"}]}`)), want: heals(a1(heal.ReasonOK))},
	{name: "thoughts alone", script: once(sse(`{"text":"Hm","thought":true}]}}]}`, `{"text":""}]},"finishReason":"STOP"}]}`)),
		want: want{sees: "200 stop", tries: []try{a1(heal.ReasonOK)}}, json: &want{sees: seesGood, tries: []try{a1(heal.ReasonPeekThoughts), a2(heal.ReasonOK)}}},
	{name: "thoughts alone, twice", script: again(2, sse(`{"text":"Hm","thought":true}]}}]}`, `{"text":""}]},"finishReason":"STOP"}]}`)),
		want: want{sees: "200 stop", tries: []try{a1(heal.ReasonOK)}}, json: &want{sees: "200 stop", tries: []try{a1(heal.ReasonPeekThoughts), a2(heal.ReasonOK)}}},
}
