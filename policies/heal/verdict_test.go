package heal

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

const ms = time.Millisecond

// seen makes the usual case: first attempt, nothing else to try.
func seen(status int, st *gemini.Status) Seen {
	return Seen{Status: status, Error: st, Attempt: 1, MaxWait: 10 * time.Second}
}

func message(text string) *gemini.Status { return &gemini.Status{Message: text} }

func TestJudge(t *testing.T) {
	other := func(s Seen) Seen { s.OtherAccount, s.Group.Ready = true, true; return s }
	elsewhere := func(s Seen) Seen { s.OtherBackend = true; return s }
	ready := func(s Seen) Seen { s.OtherBackend, s.ReadyBackend = true, true; return s }
	failed := func(s Seen) Seen { s.Failed = true; return s }
	last := func(s Seen) Seen { s.Last = true; return s }
	held := func(s Seen) Seen { s.OtherBackend, s.HeldBackend = true, true; return s }
	next := func(s Seen) Seen { s.ReadyModel = true; return s }
	again := func(in time.Duration, s Seen) Seen {
		s.AccountSoon, s.AccountAgain, s.AccountIn = true, true, in
		s.Group = OtherGroup{Soon: true, Again: true, In: in}
		return s
	}
	soon := func(s Seen) Seen {
		s.AccountSoon, s.AccountIn, s.Group = true, 2*time.Second, OtherGroup{Soon: true, In: 2 * time.Second}
		return s
	}
	back := func(s Seen) Seen { s.BackendAgain, s.BackendIn = true, 2*time.Second; return s }
	model := func(s Seen) Seen { s.OtherModel = true; return s }
	asked := func(d time.Duration, s Seen) Seen { s.Delay = d; return s }
	at := func(n int, s Seen) Seen { s.Attempt = n; return s }
	repaired := func(r Repairs, s Seen) Seen { s.Repaired = r; return s }
	peek := func(reason string) Seen { return Seen{Peek: reason, Attempt: 1, MaxWait: 10 * time.Second} }
	perDay := &gemini.Status{Quotas: []gemini.Quota{{ID: "GenerateRequestsPerDayPerProjectPerModel"}}}
	noQuota := &gemini.Status{Quotas: []gemini.Quota{{ID: "GenerateRequestsPerMinute", Value: "0"}}}
	noQuotaOfModel := &gemini.Status{Quotas: []gemini.Quota{{ID: "GenerateRequestsPerMinutePerProjectPerModel", Value: "0"}}}
	noCredit := message("Your prepayment credits are depleted.")

	for _, c := range []struct {
		name    string
		in      Seen
		verdict policies.Verdict
		reason  string
		wait    time.Duration
		rotate  bool
		repair  Repairs
		client  conversation.ErrorKind
	}{
		// 400
		{"signature missing", seen(400, message("Function call is missing a thought_signature in functionCall parts.")),
			policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures, conversation.ErrInvalid},
		{"signature corrupted", seen(400, message("Corrupted thought signature.")),
			policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures | Prompt, conversation.ErrInvalid},
		{"placeholder refused", seen(400, message("Invalid thought signature: skip_thought_signature_validator")),
			policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures | NoPlaceholder | Prompt, conversation.ErrInvalid},
		{"signature corrupted, but none was sent", func() Seen {
			s := seen(400, message("Corrupted thought signature."))
			s.OnlyPlaceholders = true
			return s
		}(), policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures | NoPlaceholder | Prompt, conversation.ErrInvalid},
		{"signature missing, and none was sent", func() Seen {
			s := seen(400, message("Function call is missing a thought_signature."))
			s.OnlyPlaceholders = true
			return s
		}(), policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures, conversation.ErrInvalid},
		{"signature again", repaired(StripSignatures, seen(400, message("Corrupted thought signature."))),
			policies.Fail, ReasonSignature, 0, false, 0, conversation.ErrInvalid},
		{"Vertex AI's wording", seen(400, message("Unable to submit request because Thought signature is not valid.. Learn more: x")),
			policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures | Prompt, conversation.ErrInvalid},
		{"signature, in words yet unheard", seen(400, message("The thought signature is expired")),
			policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures | Prompt, conversation.ErrInvalid},
		{"thinking block wording", seen(400, message("messages.1.content.0: Invalid `signature` in `thinking` block")),
			policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures | Prompt, conversation.ErrInvalid},
		{"the bare word is no signature error", seen(400, &gemini.Status{Status: "INVALID_ARGUMENT", Message: "Request contains an invalid argument."}),
			policies.Fail, ReasonInvalid, 0, false, 0, conversation.ErrInvalid},
		{"unknown name id", seen(400, message(`Invalid JSON payload received. Unknown name "id" at 'contents[1].parts[0].function_call': Cannot find field.`)),
			policies.Repair, ReasonRelax, 0, false, OmitIDs, conversation.ErrInvalid},
		{"too many states", seen(400, message("The specified schema produces a constraint that has too many states for serving.")),
			policies.Repair, ReasonRelax, 0, false, RelaxSchema, conversation.ErrInvalid},
		{"ref loop", seen(400, message("ref loops are only supported if they include optional or nullable property values, or a potentially-zero-length array items, but a ref loop of required fields was found at $defs.And.properties.left")),
			policies.Repair, ReasonRelax, 0, false, RelaxSchema, conversation.ErrInvalid},
		{"media type", seen(400, message("Unsupported MIME type: image/gif")),
			policies.Repair, ReasonRelax, 0, false, OmitMedia, conversation.ErrInvalid},
		{"media type at vertex", seen(400, message("Unable to submit request because it has a mimeType parameter with value image/gif, which is not supported. Update the mimeType and try again.")),
			policies.Repair, ReasonRelax, 0, false, OmitMedia, conversation.ErrInvalid},
		{"broken image", seen(400, message("Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting")),
			policies.Repair, ReasonRelax, 0, false, OmitMedia, conversation.ErrInvalid},
		{"image that is none", seen(400, message("Provided image is not valid.")),
			policies.Repair, ReasonRelax, 0, false, OmitMedia, conversation.ErrInvalid},
		{"document without pages", seen(400, message("The document has no pages.")),
			policies.Repair, ReasonRelax, 0, false, OmitMedia, conversation.ErrInvalid},
		{"base64", seen(400, message(`Invalid value at 'contents[3].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for "x"`)),
			policies.Repair, ReasonRelax, 0, false, OmitMedia, conversation.ErrInvalid},
		{"base64 of something else", seen(400, message(`Invalid value at 'contents[3].parts[0].thought_signature' (TYPE_BYTES), Base64 decoding failed for "inline_data.data' (TYPE_BYTES)"`)),
			policies.Fail, ReasonInvalid, 0, false, 0, conversation.ErrInvalid},
		{"media again", repaired(OmitMedia, seen(400, message("Unsupported MIME type: image/gif"))),
			policies.Repair, ReasonRelax, 0, false, OmitOlderMedia, conversation.ErrInvalid},
		{"media a third time", repaired(OmitMedia|OmitOlderMedia, seen(400, message("Unsupported MIME type: image/gif"))),
			policies.Fail, ReasonRelax, 0, false, 0, conversation.ErrInvalid},
		{"too many states again", repaired(RelaxSchema, seen(400, message("too many states"))),
			policies.Fail, ReasonRelax, 0, false, 0, conversation.ErrInvalid},
		{"another repair after one", repaired(StripSignatures, seen(400, message("Penalty is not enabled for this model"))),
			policies.Repair, ReasonRelax, 0, false, OmitPenalties, conversation.ErrInvalid},
		{"context overflow", seen(400, message("The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).")),
			policies.Fail, ReasonContext, 0, false, 0, conversation.ErrContext},
		{"bad key, alone", seen(400, &gemini.Status{Reason: "API_KEY_INVALID", Message: "API key not valid. Please pass a valid API key."}),
			policies.Fail, ReasonBadKey, 0, true, 0, conversation.ErrAPI},
		{"bad key, another account", other(seen(400, &gemini.Status{Reason: "API_KEY_INVALID"})),
			policies.Retry, ReasonBadKey, 100 * ms, true, 0, conversation.ErrAPI},
		{"bad key, another backend", elsewhere(seen(401, nil)),
			policies.Failover, ReasonBadKey, 0, true, 0, conversation.ErrAPI},
		{"region", elsewhere(seen(400, &gemini.Status{Status: "FAILED_PRECONDITION", Message: "User location is not supported for the API use."})),
			policies.Failover, ReasonPrecondition, 0, false, 0, conversation.ErrRegion},
		{"billing, another account", other(seen(400, &gemini.Status{Status: "FAILED_PRECONDITION"})), policies.Retry, ReasonPrecondition, 0, true, 0, conversation.ErrRegion},
		{"region, another account", other(seen(400, &gemini.Status{Status: "FAILED_PRECONDITION", Message: "User location is not supported for the API use."})),
			policies.Fail, ReasonPrecondition, 0, false, 0, conversation.ErrRegion},
		{"not implemented", seen(501, nil), policies.Fail, ReasonInvalid, 0, false, 0, conversation.ErrUnsupported},
		{"region, nowhere to go", seen(400, &gemini.Status{Status: "FAILED_PRECONDITION"}),
			policies.Fail, ReasonPrecondition, 0, false, 0, conversation.ErrRegion},
		{"unprocessable", seen(422, nil), policies.Fail, ReasonInvalid, 0, false, 0, conversation.ErrInvalid},
		{"body too large", seen(413, nil), policies.Fail, ReasonBodyTooLarge, 0, false, 0, conversation.ErrTooLarge},

		// Accounts and quota
		{"forbidden", other(seen(403, nil)), policies.Retry, ReasonForbidden, 100 * ms, true, 0, conversation.ErrAPI},
		{"forbidden, alone", seen(403, nil), policies.Fail, ReasonForbidden, 0, true, 0, conversation.ErrAPI},
		{"billing", other(seen(402, nil)), policies.Retry, ReasonForbidden, 100 * ms, true, 0, conversation.ErrAPI},
		{"no model, another backend", elsewhere(seen(404, nil)), policies.Failover, ReasonNoModel, 0, false, 0, conversation.ErrNotFound},
		{"no model, another one", model(seen(404, nil)), policies.Failover, ReasonNoModel, 0, false, 0, conversation.ErrNotFound},
		{"no model", seen(404, nil), policies.Fail, ReasonNoModel, 0, false, 0, conversation.ErrNotFound},
		{"429, another account", other(asked(5*time.Second, seen(429, nil))), policies.Retry, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"429, server's delay", asked(5*time.Second, seen(429, nil)), policies.Retry, ReasonRateLimit, 5 * time.Second, true, 0, conversation.ErrRateLimit},
		{"429, no delay stated", at(2, seen(429, nil)), policies.Retry, ReasonRateLimit, 2 * time.Second, true, 0, conversation.ErrRateLimit},
		{"429, another backend is ready: no waiting", ready(asked(time.Second, seen(429, nil))), policies.Failover, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"429, another backend, but it cools down", elsewhere(asked(time.Second, seen(429, nil))), policies.Retry, ReasonRateLimit, time.Second, true, 0, conversation.ErrRateLimit},
		{"429, a delay too short to mean", asked(time.Millisecond, seen(429, nil)), policies.Retry, ReasonRateLimit, 100 * ms, true, 0, conversation.ErrRateLimit},
		{"429, too long a delay", asked(time.Minute, seen(429, nil)), policies.Fail, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"429, too long, another backend", elsewhere(asked(time.Minute, seen(429, nil))), policies.Failover, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"429, too long, another model", model(asked(time.Minute, seen(429, nil))), policies.Failover, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"429, another model is no reason not to wait", model(asked(time.Second, seen(429, nil))), policies.Retry, ReasonRateLimit, time.Second, true, 0, conversation.ErrRateLimit},
		{"429 per day, another model", model(seen(429, perDay)), policies.Failover, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429 per day", seen(429, perDay), policies.Fail, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429 per day, another account", other(seen(429, perDay)), policies.Retry, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429 per day, another backend", elsewhere(seen(429, perDay)), policies.Failover, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429, no quota", seen(429, noQuota), policies.Fail, ReasonUnpaid, 0, true, 0, conversation.ErrQuota},
		{"429, no quota for the model", seen(429, noQuotaOfModel), policies.Fail, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429, no quota for the model, another model", model(seen(429, noQuotaOfModel)), policies.Failover, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429, no credit", seen(429, noCredit), policies.Fail, ReasonUnpaid, 0, true, 0, conversation.ErrQuota},
		{"429, no credit, another model", model(seen(429, noCredit)), policies.Fail, ReasonUnpaid, 0, true, 0, conversation.ErrQuota},
		{"429, no credit, another account", other(seen(429, noCredit)), policies.Retry, ReasonUnpaid, 0, true, 0, conversation.ErrQuota},
		{"429, no credit, another backend", elsewhere(seen(429, noCredit)), policies.Failover, ReasonUnpaid, 0, true, 0, conversation.ErrQuota},
		{"redirect", seen(302, nil), policies.Fail, ReasonUnsuitable, 0, false, 0, conversation.ErrAPI},
		{"redirect, another backend", elsewhere(seen(307, nil)), policies.Failover, ReasonUnsuitable, 0, false, 0, conversation.ErrAPI},
		{"405, another account", other(seen(405, nil)), policies.Fail, ReasonUnsuitable, 0, false, 0, conversation.ErrAPI},
		{"451, another backend", elsewhere(seen(451, nil)), policies.Failover, ReasonUnsuitable, 0, false, 0, conversation.ErrAPI},
		{"key not found, with its reason", other(seen(404, &gemini.Status{Reason: "API_KEY_INVALID"})), policies.Retry, ReasonBadKey, 100 * time.Millisecond, true, 0, conversation.ErrAPI},
		{"key not found, in words", other(seen(400, message("API Key not found. Please pass a valid API key."))), policies.Retry, ReasonBadKey, 100 * time.Millisecond, true, 0, conversation.ErrAPI},
		{"429, a quota of some", seen(429, &gemini.Status{Quotas: []gemini.Quota{{ID: "GenerateRequestsPerMinute", Value: "10"}}}), policies.Retry, ReasonRateLimit, time.Second, true, 0, conversation.ErrRateLimit},
		{"429 limit zero", seen(429, message("Quota exceeded for metric: x, limit: 0")), policies.Fail, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"capacity, another backend", elsewhere(seen(429, &gemini.Status{Reason: "MODEL_CAPACITY_EXHAUSTED"})),
			policies.Failover, ReasonCapacity, 0, false, 0, conversation.ErrQuota},
		{"capacity, another model", model(seen(503, message("no capacity"))), policies.Failover, ReasonCapacity, 0, false, 0, conversation.ErrQuota},
		{"bad key, another model", model(seen(401, nil)), policies.Fail, ReasonBadKey, 0, true, 0, conversation.ErrAPI},
		{"region, another model", model(seen(400, &gemini.Status{Status: "FAILED_PRECONDITION"})), policies.Fail, ReasonPrecondition, 0, false, 0, conversation.ErrRegion},
		{"capacity", seen(503, message("No capacity available for model x")), policies.Retry, ReasonCapacity, 5 * time.Second, false, 0, conversation.ErrQuota},
		{"capacity, in other words", seen(429, message("Model capacity exhausted, please try later.")), policies.Retry, ReasonCapacity, 5 * time.Second, false, 0, conversation.ErrQuota},
		{"capacity, second time: as long as may be waited", at(2, seen(503, message("no capacity"))), policies.Retry, ReasonCapacity, 10 * time.Second, false, 0, conversation.ErrQuota},
		{"capacity, third time", at(3, seen(503, message("no capacity"))), policies.Fail, ReasonCapacity, 0, false, 0, conversation.ErrQuota},

		// The upstream's own trouble
		{"500", seen(500, nil), policies.Retry, ReasonServerError, 500 * ms, true, 0, conversation.ErrAPI},
		{"500 again", at(2, seen(500, nil)), policies.Retry, ReasonServerError, time.Second, true, 0, conversation.ErrAPI},
		{"502", seen(502, nil), policies.Retry, ReasonServerError, 500 * ms, true, 0, conversation.ErrAPI},
		{"504", seen(504, nil), policies.Retry, ReasonServerError, 500 * ms, true, 0, conversation.ErrTimeout},
		{"503", seen(503, nil), policies.Retry, ReasonOverloaded, time.Second, false, 0, conversation.ErrOverloaded},
		{"529, fifth", at(5, seen(529, nil)), policies.Retry, ReasonOverloaded, 8 * time.Second, false, 0, conversation.ErrOverloaded},
		{"503 with a delay", asked(3*time.Second, seen(503, nil)), policies.Retry, ReasonOverloaded, 3 * time.Second, false, 0, conversation.ErrOverloaded},
		{"503 again, another backend", failed(ready(at(2, seen(503, nil)))), policies.Failover, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"503 again, nothing else", failed(at(2, seen(503, nil))), policies.Retry, ReasonOverloaded, 2 * time.Second, false, 0, conversation.ErrOverloaded},
		{"503, another backend: not yet", ready(seen(503, nil)), policies.Retry, ReasonOverloaded, time.Second, false, 0, conversation.ErrOverloaded},
		{"503, another backend, one attempt left", last(ready(seen(503, nil))), policies.Failover, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"503 with a delay, another backend need not wait", ready(asked(3*time.Second, seen(503, nil))), policies.Failover, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"503 with a delay, another backend failed of late", held(asked(3*time.Second, seen(503, nil))), policies.Retry, ReasonOverloaded, 3 * time.Second, false, 0, conversation.ErrOverloaded},
		{"503 again, another backend failed of late, too", failed(held(at(2, seen(503, nil)))), policies.Failover, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"unheard-of 5xx again, another backend", failed(ready(seen(599, nil))), policies.Failover, ReasonUnknownStatus, 0, false, 0, conversation.ErrAPI},
		{"peek eof again, another backend", failed(ready(peek(ReasonPeekEOF))), policies.Failover, ReasonPeekEOF, 0, true, 0, conversation.ErrAPI},
		{"silence, another backend", ready(other(peek(ReasonPeekTimeout))), policies.Failover, ReasonPeekTimeout, 0, true, 0, conversation.ErrAPI},
		{"silence, another backend failed of late, too", held(peek(ReasonPeekTimeout)), policies.Failover, ReasonPeekTimeout, 0, true, 0, conversation.ErrAPI},
		{"silence, as Envoy saw it, another backend", ready(Seen{Details: "upstream_per_try_timeout", Attempt: 1}), policies.Failover, ReasonEnvoyTimeout, 0, false, 0, conversation.ErrTimeout},
		{"silence, another model: not yet", next(peek(ReasonPeekTimeout)), policies.Retry, ReasonPeekTimeout, 100 * ms, true, 0, conversation.ErrAPI},

		// The last attempt takes the next model where no backend is left.
		{"silence, last attempt, another model", last(next(peek(ReasonPeekTimeout))), policies.Failover, ReasonPeekTimeout, 0, true, 0, conversation.ErrAPI},
		{"503, last attempt, another model", last(next(seen(503, nil))), policies.Failover, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"500, last attempt, another model", last(next(seen(500, nil))), policies.Failover, ReasonServerError, 0, true, 0, conversation.ErrAPI},
		{"peek eof, last attempt, another model", last(next(peek(ReasonPeekEOF))), policies.Failover, ReasonPeekEOF, 0, true, 0, conversation.ErrAPI},
		{"503, last attempt, another model before a backend that failed of late", last(held(next(seen(503, nil)))), policies.Failover, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"connection refused, last attempt: another model would not be reached either", last(next(Seen{Status: 503, Details: "no_healthy_upstream", Attempt: 1})), policies.Retry, ReasonConnect, 0, false, 0, conversation.ErrAPI},
		{"reset, last attempt, another model", last(next(Seen{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}", Attempt: 2})), policies.Failover, ReasonConnect, 0, false, 0, conversation.ErrAPI},
		{"429 without a delay, last attempt, another model", last(next(seen(429, nil))), policies.Failover, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"429 without a delay, last attempt, another account", last(next(other(seen(429, nil)))), policies.Retry, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"429 with a short delay, last attempt, another model", last(next(asked(time.Second, seen(429, nil)))), policies.Retry, ReasonRateLimit, time.Second, true, 0, conversation.ErrRateLimit},
		{"bad request, last attempt, another model", last(next(seen(400, nil))), policies.Fail, ReasonInvalid, 0, false, 0, conversation.ErrInvalid},

		// Back to what failed only in passing.
		{"429 per day, another account failed in passing", again(0, seen(429, perDay)), policies.Retry, ReasonQuota, 100 * ms, true, 0, conversation.ErrQuota},
		{"429 per day, another account is ready soon", soon(seen(429, perDay)), policies.Retry, ReasonQuota, 2 * time.Second, true, 0, conversation.ErrQuota},
		{"429 per day, another account soon, another backend now", soon(ready(seen(429, perDay))), policies.Failover, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429 per day, another backend failed in passing", back(seen(429, perDay)), policies.Failover, ReasonQuota, 2 * time.Second, true, 0, conversation.ErrQuota},
		{"429 per day, another account in passing before a backend that is not ready", again(0, elsewhere(seen(429, perDay))), policies.Retry, ReasonQuota, 100 * ms, true, 0, conversation.ErrQuota},
		{"429 per day, last attempt, another model is ready", again(0, last(model(next(seen(429, perDay))))), policies.Failover, ReasonQuota, 0, true, 0, conversation.ErrQuota},
		{"429 with too long a delay, another account failed in passing", again(3*time.Second, asked(time.Minute, seen(429, nil))), policies.Retry, ReasonRateLimit, 3 * time.Second, true, 0, conversation.ErrRateLimit},
		{"bad key, another account failed in passing", again(0, seen(401, nil)), policies.Retry, ReasonBadKey, 100 * ms, true, 0, conversation.ErrAPI},
		{"forbidden, another account failed in passing", again(0, seen(403, nil)), policies.Retry, ReasonForbidden, 100 * ms, true, 0, conversation.ErrAPI},
		{"billing, another account failed in passing", again(0, seen(400, &gemini.Status{Status: "FAILED_PRECONDITION"})), policies.Retry, ReasonPrecondition, 100 * ms, true, 0, conversation.ErrRegion},
		{"no model, another account failed in passing", again(0, seen(404, nil)), policies.Retry, ReasonNoModel, 100 * ms, true, 0, conversation.ErrNotFound},
		{"no model, another account was not asked", soon(seen(404, nil)), policies.Fail, ReasonNoModel, 0, false, 0, conversation.ErrNotFound},
		{"bad request, another account failed in passing", again(0, seen(400, nil)), policies.Fail, ReasonInvalid, 0, false, 0, conversation.ErrInvalid},
		{"context overflow, a larger model", func() Seen {
			s := seen(400, message("The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."))
			s.LargerModel = true
			return s
		}(), policies.Failover, ReasonContext, 0, false, 0, conversation.ErrContext},

		{"forbidden, before the last attempt: another account is no third try of the same", failed(last(ready(other(seen(403, nil))))), policies.Retry, ReasonForbidden, 100 * ms, true, 0, conversation.ErrAPI},
		{"429, before the last attempt, another account", failed(last(ready(other(seen(429, nil))))), policies.Retry, ReasonRateLimit, 0, true, 0, conversation.ErrRateLimit},
		{"signature, before the last attempt: the same body would be refused elsewhere", failed(last(ready(seen(400, message("Corrupted thought signature."))))),
			policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures | Prompt, conversation.ErrInvalid},
		{"503 with a tiny delay", asked(ms, seen(503, nil)), policies.Retry, ReasonOverloaded, 100 * ms, false, 0, conversation.ErrOverloaded},
		{"503 with too long a delay", asked(time.Minute, seen(503, nil)), policies.Fail, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"503 with too long a delay, another account", other(asked(time.Minute, seen(503, nil))), policies.Retry, ReasonOverloaded, time.Second, true, 0, conversation.ErrOverloaded},
		{"503 with too long a delay, another backend", elsewhere(asked(time.Minute, seen(503, nil))), policies.Failover, ReasonOverloaded, 0, false, 0, conversation.ErrOverloaded},
		{"500 with a delay", asked(3*time.Second, seen(500, nil)), policies.Retry, ReasonServerError, 3 * time.Second, true, 0, conversation.ErrAPI},
		{"500 with a delay, another account need not wait", other(asked(3*time.Second, seen(500, nil))), policies.Retry, ReasonServerError, 500 * ms, true, 0, conversation.ErrAPI},
		{"504 with too long a delay", asked(time.Minute, seen(504, nil)), policies.Fail, ReasonServerError, 0, true, 0, conversation.ErrTimeout},
		{"unheard-of 5xx with too long a delay", asked(time.Minute, seen(599, nil)), policies.Fail, ReasonUnknownStatus, 0, false, 0, conversation.ErrAPI},
		{"408", seen(408, nil), policies.Retry, ReasonAborted, 500 * ms, false, 0, conversation.ErrAPI},
		{"aborted", seen(409, nil), policies.Retry, ReasonAborted, 500 * ms, false, 0, conversation.ErrAPI},
		{"unheard-of 5xx", seen(599, nil), policies.Retry, ReasonUnknownStatus, 500 * ms, false, 0, conversation.ErrAPI},
		{"unheard-of 4xx", seen(418, nil), policies.Fail, ReasonUnknownStatus, 0, false, 0, conversation.ErrAPI},

		// Envoy's own replies
		{"refused", Seen{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}", Attempt: 1},
			policies.Retry, ReasonConnect, 0, false, 0, conversation.ErrAPI},
		{"refused, another backend", Seen{Status: 503, Details: "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}", Attempt: 1, OtherBackend: true},
			policies.Failover, ReasonConnect, 0, false, 0, conversation.ErrAPI},
		{"reset, another backend: the connection was there", Seen{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}", Attempt: 1, OtherBackend: true},
			policies.Retry, ReasonConnect, 0, false, 0, conversation.ErrAPI},
		{"reset, perhaps of an idle connection", Seen{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}", Attempt: 2, Pooled: true},
			policies.Retry, ReasonStale, 0, false, 0, conversation.ErrAPI},
		{"turned away unread by a connection that ends", Seen{Status: 503, Details: "upstream_reset_before_response_started{remote_refused_stream_reset}", Attempt: 2, Pooled: true},
			policies.Retry, ReasonStale, 0, false, 0, conversation.ErrAPI},
		{"reset by the provider's own will", Seen{Status: 503, Details: "upstream_reset_before_response_started{remote_reset}", Attempt: 1, Pooled: true},
			policies.Retry, ReasonConnect, 0, false, 0, conversation.ErrAPI},
		{"refused, perhaps of an idle connection: there was none", Seen{Status: 503, Details: "upstream_reset_before_response_started{remote_connection_failure}", Attempt: 1, Pooled: true},
			policies.Retry, ReasonConnect, 0, false, 0, conversation.ErrAPI},
		{"no healthy host, again", Seen{Status: 503, Details: "no_healthy_upstream", Attempt: 2},
			policies.Retry, ReasonConnect, 500 * ms, false, 0, conversation.ErrAPI},
		{"no cluster", Seen{Status: 503, Details: "cluster_not_found", Attempt: 1}, policies.Fail, ReasonNoCluster, 0, false, 0, conversation.ErrAPI},
		{"envoy's timer", Seen{Status: 504, Details: "upstream_per_try_idle_timeout", Attempt: 1},
			policies.Retry, ReasonEnvoyTimeout, 0, false, 0, conversation.ErrTimeout},
		{"over the buffer limit", Seen{Status: 413, Details: "request_payload_too_large", Attempt: 1},
			policies.Fail, ReasonBodyTooLarge, 0, false, 0, conversation.ErrTooLarge},

		// A 200 that is no answer
		{"peek eof", peek(ReasonPeekEOF), policies.Retry, ReasonPeekEOF, 100 * ms, true, 0, conversation.ErrAPI},
		{"peek timeout", peek(ReasonPeekTimeout), policies.Retry, ReasonPeekTimeout, 100 * ms, true, 0, conversation.ErrAPI},
		{"peek malformed", peek(ReasonPeekMalformed), policies.Retry, ReasonPeekMalformed, 100 * ms, true, 0, conversation.ErrAPI},
		{"finish MISSING_THOUGHT_SIGNATURE", peek(ReasonSignature), policies.Repair, ReasonSignature, 200 * ms, false, StripSignatures, conversation.ErrAPI},
		{"error event, judged by its code", Seen{Status: 503, Peek: ReasonPeekError, Error: message("overloaded"), Attempt: 1},
			policies.Retry, ReasonPeekError, time.Second, false, 0, conversation.ErrOverloaded},
		{"error event, bad key", Seen{Status: 400, Peek: ReasonPeekError, Error: &gemini.Status{Reason: "API_KEY_INVALID"}, Attempt: 1},
			policies.Fail, ReasonPeekError, 0, true, 0, conversation.ErrAPI},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Judge(c.in)
			if r.Verdict != c.verdict || r.Reason != c.reason || r.Wait != c.wait || r.Rotate != c.rotate || r.Repair != c.repair || r.Client.Kind != c.client {
				t.Errorf("got %v %s wait %v rotate %v repair %q client %d,\nwant %v %s wait %v rotate %v repair %q client %d",
					r.Verdict, r.Reason, r.Wait, r.Rotate, r.Repair, r.Client.Kind,
					c.verdict, c.reason, c.wait, c.rotate, c.repair, c.client)
			}
			if r.Client.Message == "" {
				t.Error("the client would be told nothing")
			}
		})
	}
}
