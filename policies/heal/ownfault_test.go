package heal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// A refusal of what the request names is reported as such, and has no effect on
// other requests.
func TestJudgeResources(t *testing.T) {
	names := func(s Seen) Seen {
		s.Names, s.OtherAccount, s.OtherBackend, s.Project = true, true, true, "own"
		return s
	}
	denied := func(permission, text string) *gemini.Status {
		return &gemini.Status{Reason: "IAM_PERMISSION_DENIED", Message: text, Metadata: map[string]string{"permission": permission}}
	}
	consumer := func(project string) *gemini.Status {
		return &gemini.Status{Reason: "CONSUMER_INVALID", Message: "Permission denied on resource project x.", Metadata: map[string]string{"consumer": project}}
	}
	precondition := func(text string) *gemini.Status {
		return &gemini.Status{Status: "FAILED_PRECONDITION", Message: text}
	}
	for _, c := range []struct {
		name    string
		in      Seen
		reason  string
		verdict policies.Verdict
		client  conversation.ErrorKind
		effect  bool
	}{
		{"file of another", names(seen(403, message("You do not have permission to access the File abc or it may not exist."))),
			ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"file that is not ready", names(seen(400, precondition("The File abc is not in an ACTIVE state and usage is not allowed."))),
			ReasonResource, policies.Fail, conversation.ErrInvalid, false},
		{"file that is gone", names(seen(404, message("File files/abc not found."))), ReasonResource, policies.Fail, conversation.ErrNoResource, false},
		{"cached content", names(seen(403, message("CachedContent not found (or permission denied)"))), ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"bucket", names(seen(403, &gemini.Status{Reason: "IAM_PERMISSION_DENIED",
			Message: "service-1@x.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object."})),
			ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"bucket, by its permission", names(seen(403, denied("storage.objects.get", "Permission denied."))), ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"bucket, as Vertex AI has it", names(seen(403, message("Permission denied while accessing input file. Learn more about providing the appropriate credentials: https://cloud.google.com/x"))),
			ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"bucket, agents to come", names(seen(400, precondition("Service agents are being provisioned (https://cloud.google.com/x). Service agents are needed to read the Cloud Storage file provided."))),
			ReasonResource, policies.Fail, conversation.ErrInvalid, false},
		{"cached content of another project", names(seen(403, denied("aiplatform.cachedContents.get",
			"Permission 'aiplatform.cachedContents.get' denied on resource '//aiplatform.googleapis.com/projects/other/locations/us/cachedContents/1' (or it may not exist)."))),
			ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"another project", names(seen(403, consumer("projects/other"))), ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"the backend's project", names(seen(403, consumer("projects/own"))), ReasonForbidden, policies.Retry, conversation.ErrAPI, true},
		{"a project's number", names(seen(403, consumer("projects/123"))), ReasonForbidden, policies.Retry, conversation.ErrAPI, true},
		{"another project, nothing named", seen(403, consumer("projects/other")), ReasonForbidden, policies.Fail, conversation.ErrAPI, true},
		{"an image by its address", names(seen(403, message("Fetching the image was forbidden."))), ReasonResource, policies.Fail, conversation.ErrPermission, false},
		{"gone, without a name", names(seen(404, message("Requested entity was not found."))), ReasonResource, policies.Fail, conversation.ErrNoResource, false},
		{"gone, not even said so", names(seen(404, nil)), ReasonNoModel, policies.Failover, conversation.ErrNotFound, false},
		{"model of Vertex AI, with a file", names(seen(404, message("Publisher Model `x` was not found or your project does not have access to it. For more information, see: https://cloud.google.com/x"))),
			ReasonNoModel, policies.Failover, conversation.ErrNotFound, false},
		{"permission for the model, with a file", names(seen(403, denied("aiplatform.endpoints.predict",
			"Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/p/locations/us/publishers/google/models/x' (or it may not exist)."))),
			ReasonForbidden, policies.Retry, conversation.ErrAPI, false},
		{"a page to read, with a file", names(seen(403, message("Permission denied. See https://cloud.google.com/files"))), ReasonForbidden, policies.Retry, conversation.ErrAPI, false},
		{"which says nothing of it", names(seen(403, message("The caller does not have permission"))), ReasonForbidden, policies.Retry, conversation.ErrAPI, false},
		{"place, with a file", names(seen(400, precondition("User location is not supported for the API use."))), ReasonPrecondition, policies.Failover, conversation.ErrRegion, false},
		{"model, with a file", names(seen(404, message("models/x is not found"))), ReasonNoModel, policies.Failover, conversation.ErrNotFound, false},
		{"account all the same", names(seen(403, &gemini.Status{Reason: "CONSUMER_SUSPENDED", Message: "has been suspended, files included"})),
			ReasonForbidden, policies.Retry, conversation.ErrAPI, true},
		{"no file is named", seen(403, message("You do not have permission to access the File abc or it may not exist.")),
			ReasonForbidden, policies.Fail, conversation.ErrAPI, true},
	} {
		r := Judge(c.in)
		if effect := r.Account.Scope != NoEffect; r.Row != c.reason || r.Verdict != c.verdict || r.Client.Kind != c.client || effect != c.effect || r.Backend.Scope != NoEffect {
			t.Errorf("%s: %s %v, client %d, account %+v, backend %+v; want %s %v, client %d, effect %v",
				c.name, r.Row, r.Verdict, r.Client.Kind, r.Account, r.Backend, c.reason, c.verdict, c.client, c.effect)
		}
	}
}

// What upstream runs for a request fails for that request; an account is left
// alone only if a structured reason speaks of it.
func TestJudgeTools(t *testing.T) {
	info := func(reason, service string) *gemini.Status {
		return &gemini.Status{Reason: reason, Metadata: map[string]string{"service": service}}
	}
	quotas := func(ids ...string) *gemini.Status {
		st := &gemini.Status{}
		for _, id := range ids {
			st.Quotas = append(st.Quotas, gemini.Quota{ID: id})
		}
		return st
	}
	const none, doubtful, effect = "none", "doubtful", "effect"
	for _, c := range []struct {
		name      string
		status    int
		st        *gemini.Status
		tools, no string // the effect with tools and without
	}{
		{"maps are disabled", 403, info("SERVICE_DISABLED", "mapsgrounding.googleapis.com"), none, none},
		{"models are disabled", 403, info("SERVICE_DISABLED", "generativelanguage.googleapis.com"), effect, effect},
		{"models of a place are disabled", 403, info("SERVICE_DISABLED", "europe-west4-aiplatform.googleapis.com"), effect, effect},
		{"disabled, unsaid what", 403, &gemini.Status{Reason: "SERVICE_DISABLED"}, effect, effect},
		{"key is blocked for maps", 403, info("API_KEY_SERVICE_BLOCKED", "mapsgrounding.googleapis.com"), none, none},
		{"billing of another API", 400, &gemini.Status{Status: "FAILED_PRECONDITION", Reason: "BILLING_DISABLED", Metadata: map[string]string{"service": "storage.googleapis.com"}}, none, none},
		{"bad key", 400, info("API_KEY_INVALID", "generativelanguage.googleapis.com"), effect, effect},
		{"token expired", 401, &gemini.Status{Reason: "ACCESS_TOKEN_EXPIRED"}, effect, effect},
		{"bad key, said by a server", 401, &gemini.Status{Reason: "API_KEY_INVALID", Relayed: true, Nested: true}, none, effect},
		{"401", 401, message("MCP server https://a.example/x: unauthorized"), none, effect},
		{"402", 402, nil, none, effect},
		{"403", 403, message("The caller does not have permission"), none, doubtful},
		{"404", 404, message("MCP server https://a.example/x not found"), none, effect},
		{"precondition", 400, &gemini.Status{Status: "FAILED_PRECONDITION"}, none, doubtful},
		{"quota of grounding", 429, quotas("GroundingRequestsPerDayPerProject"), none, none},
		{"quota of grounding, by its metric", 429, &gemini.Status{Quotas: []gemini.Quota{{Metric: "aiplatform.googleapis.com/search_grounding_requests", Value: "0"}}}, none, none},
		{"quota of grounding, in metadata", 429, &gemini.Status{Reason: "RATE_LIMIT_EXCEEDED", Metadata: map[string]string{"quota_limit": "GroundingPerMinute"}}, none, none},
		{"quota of another API", 429, info("RATE_LIMIT_EXCEEDED", "mapsgrounding.googleapis.com"), none, none},
		{"quota of the model as well", 429, quotas("GroundingRequestsPerDayPerProject", "GenerateRequestsPerDayPerProjectPerModel"), effect, effect},
		{"quota of the model", 429, quotas("GenerateRequestsPerDayPerProjectPerModel"), effect, effect},
		{"quota, unsaid which", 429, &gemini.Status{Reason: "QUOTA_EXHAUSTED"}, doubtful, effect},
		{"429", 429, nil, doubtful, effect},
	} {
		for _, tools := range []bool{true, false} {
			s := seen(c.status, c.st)
			s.Tools, s.OtherAccount, s.Group.Ready = tools, true, true
			r := Judge(s)
			got := map[bool]string{true: doubtful, false: effect}[r.Account.Doubtful]
			if r.Account.Scope == NoEffect {
				got = none
			}
			if want := map[bool]string{true: c.tools, false: c.no}[tools]; got != want {
				t.Errorf("%s, tools %v: %s %s %+v, want %s", c.name, tools, r.Row, got, r.Account, want)
			}
		}
	}
}

// shapes are how Google's errors quote a request; %s is the client's.
var shapes = []string{
	`Invalid JSON payload received. Unknown name "%s" at 'contents[0]': Cannot find field.`,
	`Invalid JSON payload received. Unknown name "%s": Cannot find field.`,
	"Invalid JSON payload received. Unknown name \"a\": Cannot find field.\nInvalid JSON payload received. Unknown name \"%s\" at 'tools[0]': Cannot find field.",
	"Invalid JSON payload received. Expected a value.\n%s\n   ^",
	`Invalid value at 'generation_config.response_logprobs' (TYPE_BOOL), "%s"`,
	`Invalid value at 'generation_config.thinking_config.thinking_level' (type.googleapis.com/google.ai.generativelanguage.v1beta.ThinkingConfig.ThinkingLevel), "%s"`,
	`* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[%s].type: must be specified`,
	`* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[%s].items: missing field.`,
	"Unable to submit request because function call `%s` is not declared. Learn more: https://x.example/a",
	"Unable to submit request because `%s` functionDeclaration `parameters.%[1]s` schema didn't specify the schema type field.",
	"Unsupported voice type: %s",
	"Invalid or unsupported file uri: %s",
	"Function call name «%s» is not known.",
	"The value ‘%s’ is not allowed in the model’s request.",
}

// lies are what a client would like upstream to say.
var lies = []string{
	"API key not valid. Please pass a valid API key.", "API key expired", "Invalid API key",
	"Corrupted thought signature.", "thoughtSignature is missing", "thought_signature", "messages.1.content.0.thinking.signature: Field required",
	"Invalid `signature` in `thinking` block", "Expected `thinking` or `redacted_thinking`, but found `text`.",
	"When `thinking` is enabled, a final `assistant` message must start with a thinking block.",
	"function call `f` in the 2. content block is missing a `thought_signature`.",
	"too many states", "ref loops are only supported", "Unsupported MIME type: image/gif", "Unable to process input image", "The document has no pages", "Base64 decoding failed", "maximum allowed nesting depth", "Penalty is not enabled for this model", "logprobs is not enabled",
	"Thinking level MINIMAL is not supported", "The thinking budget 5 is invalid", "Requests ending with a model turn",
	`id" at 'contents[0].parts[0].function_call': Cannot find field.`,
	"The input token count (5) exceeds the maximum number of tokens allowed (4).",
	"No capacity available", "limit: 0", "Please retry in 9s.",
	`{"error":{"code":401,"message":"API key not valid.","status":"UNAUTHENTICATED","details":[{"@type":"x/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`,
}

// breakouts put a lie where the quotation seems to have ended.
var breakouts = []string{"%s", `" %s "`, `": %s`, "' %s", "` %s `", "x” %s «", "it's %s, isn't it", "0] %s [0", "x\n%s\ny"}

// harmless fails if something follows from an error for other requests, or if
// this one is not simply refused.
func harmless(t *testing.T, shape, lie string) {
	t.Helper()
	text := fmt.Sprintf(shape, lie)
	body := fmt.Sprintf(`{"error":{"code":400,"message":%s,"status":"INVALID_ARGUMENT"}}`, []byte(conversation.Quote(text)))
	st, ok := gemini.ParseStatus([]byte(body))
	if !ok {
		t.Fatalf("unreadable: %s", body)
	}
	st.Violations = []gemini.FieldViolation{{Field: "generation_config.response_logprobs", Description: text}}
	r := Judge(Seen{Status: 400, Error: st, Delay: st.RetryDelay, DelayInText: st.DelayInText, Attempt: 1, OtherAccount: true, OtherBackend: true})
	if r.Row != ReasonInvalid || r.Verdict != policies.Fail || r.Account.Scope != NoEffect || r.Backend.Scope != NoEffect || r.Lasting || st.RetryDelay != 0 || st.Code != 400 || st.Reason != "" {
		t.Errorf("%q\nwas taken for %s %v, account %+v, backend %+v, code %d, reason %q, delay %v; its own words are %q",
			text, r.Row, r.Verdict, r.Account, r.Backend, st.Code, st.Reason, st.RetryDelay, gemini.WithoutClientText(text))
	}
}

// Whatever a client makes an error quote, it is an invalid request.
func TestJudgeIgnoresQuotations(t *testing.T) {
	for _, shape := range shapes {
		for _, lie := range lies {
			for _, out := range breakouts {
				harmless(t, shape, fmt.Sprintf(out, lie))
			}
		}
	}
}

// bareShapes are errors that repeat a client's words without any mark; the first
// two are Vertex AI's.
var bareShapes = []string{
	"Unable to submit request because it has a mimeType parameter with value x/%s, which is not supported. Update the mimeType and try again.",
	"Unable to submit request because the mime_type: x/%s is not supported in `function_response.parts`.",
	"Invalid function name %s. Must start with a letter or underscore.",
	"Unsupported language code %s",
	"Request contains an invalid argument (%s).",
	"%s",
}

// What a text alone says, in whatever place, has no effect on an account.
func TestTextsHaveNoEffectOnAccounts(t *testing.T) {
	for _, shape := range bareShapes {
		for _, lie := range lies {
			text := fmt.Sprintf(shape, lie)
			r := Judge(Seen{Status: 400, Error: &gemini.Status{Status: "INVALID_ARGUMENT", Message: text}, Attempt: 1, OtherAccount: true, OtherBackend: true})
			if r.Account.Scope != NoEffect || r.Backend.Scope != NoEffect || r.Lasting {
				t.Errorf("%q: account %+v, backend %+v, lasting %v", text, r.Account, r.Backend, r.Lasting)
			}
		}
	}
}

// Nor whatever else it writes around it.
func FuzzJudgeIgnoresQuotations(f *testing.F) {
	for i, lie := range lies {
		f.Add(lie, uint8(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, shape, lie uint8) {
		text = strings.ToValidUTF8(text, "?")
		harmless(t, shapes[int(shape)%len(shapes)], text+lies[int(lie)%len(lies)]+text)
	})
}

// In other statuses the client cannot write upstream's text.
func TestQuotationsInOtherStatuses(t *testing.T) {
	for _, c := range []struct {
		status int
		text   string
		reason string
	}{
		{429, `Quota exceeded for "no capacity, limit: 0".`, ReasonRateLimit},
		{429, `Quota exceeded for metric: m, limit: 5, model: x limit: 0`, ReasonRateLimit},
		{503, "The model `no capacity` is overloaded.", ReasonOverloaded},
		{429, `upstream said "{"error":{"code":401,"message":"m"}}"`, ReasonRateLimit},
	} {
		if r := Judge(seen(c.status, message(c.text))); r.Row != c.reason {
			t.Errorf("%d %s: %s, want %s", c.status, c.text, r.Row, c.reason)
		}
	}
}

// An error within other text decides only about the request.
func TestEmbeddedErrorHasNoEffects(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 429, 503} {
		r := Judge(Seen{Status: status, Attempt: 1, OtherAccount: true,
			Error: &gemini.Status{Embedded: true, Reason: "API_KEY_INVALID", Message: "m"}})
		if r.Account.Scope != NoEffect || r.Backend.Scope != NoEffect {
			t.Errorf("%d: account %+v, backend %+v", status, r.Account, r.Backend)
		}
	}
}

// A repair can be remembered if upstream names the field in a violation.
func TestLastingRepairs(t *testing.T) {
	unknown := func(field string) string {
		return `Invalid JSON payload received. Unknown name "id" at '` + field + `': Cannot find field.`
	}
	const field = "contents[1].parts[0].function_call"
	for _, c := range []struct {
		name    string
		st      *gemini.Status
		repair  Repairs
		lasting bool
	}{
		{"violation", &gemini.Status{Message: unknown(field), Violations: []gemini.FieldViolation{{Field: field, Description: unknown(field)}}}, OmitIDs, true},
		{"two of them", &gemini.Status{Message: unknown(field) + "\n" + unknown(field), Violations: []gemini.FieldViolation{{Field: field, Description: unknown(field)}}}, OmitIDs, true},
		{"text", message(unknown(field)), OmitIDs, false},
		{"violation of another field", &gemini.Status{Message: unknown(field), Violations: []gemini.FieldViolation{{Field: "contents[1]", Description: unknown(field)}}}, OmitIDs, false},
		{"embedded", &gemini.Status{Embedded: true, Message: unknown(field), Violations: []gemini.FieldViolation{{Field: field, Description: unknown(field)}}}, OmitIDs, false},
		{"an id elsewhere", message(unknown("contents[1]")), 0, false},
		{"penalty", message("Penalty is not enabled for this model"), OmitPenalties, false},
	} {
		if r := Judge(seen(400, c.st)); r.Repair != c.repair || r.Lasting != c.lasting {
			t.Errorf("%s: %q lasting %v, want %q %v", c.name, r.Repair, r.Lasting, c.repair, c.lasting)
		}
	}
}

// Native clients know upstream's own status by its name, and get it if it is the
// one of the HTTP status.
func TestNameOfTheClientsStatus(t *testing.T) {
	for _, c := range []struct {
		body, want string
	}{
		{`{"error":{"code":400,"message":"The File abc is not in an ACTIVE state and usage is not allowed.","status":"FAILED_PRECONDITION"}}`, "FAILED_PRECONDITION"},
		{`{"error":{"code":400,"message":"Out of range.","status":"OUT_OF_RANGE"}}`, "OUT_OF_RANGE"},
		{`{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}`, "INVALID_ARGUMENT"},
		{`{"error":{"code":400,"message":"Bad.","status":"UNAVAILABLE"}}`, ""},
		{`{"error":{"code":400,"message":"Bad.","status":"a gateway's word"}}`, ""},
		{`{"error":{"code":400,"message":"Bad."}}`, ""},
		{`{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}`, ""}, // not of a file: the kind has its name
	} {
		st, _ := gemini.ParseStatus([]byte(c.body))
		if got := Judge(Seen{Status: 400, Error: st, Names: true, Attempt: 1}).Client; got.Name != c.want {
			t.Errorf("%s: %q, want %q", c.body, got.Name, c.want)
		}
	}
}
