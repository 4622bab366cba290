package heal

// Reasons name, in logs and metric labels, everything that can happen to an
// attempt: a closed set, so that one search of the log shows what happened.
const (
	ReasonOK = "ok"

	// Upstream said no, by status and reason.
	ReasonSignature     = "signature_repair"       // 400: a thought signature was refused
	ReasonRelax         = "relax_repair"           // 400: a field that can be left out
	ReasonContext       = "context_overflow"       // 400: the prompt is too long
	ReasonBadKey        = "account_key_invalid"    // 401, or 400 API_KEY_INVALID
	ReasonPrecondition  = "failed_precondition"    // 400: region or billing
	ReasonResource      = "resource_refused"       // 400, 403, 404: about a file that the request names
	ReasonInvalid       = "invalid_request"        // 400, 413, 422: the client's fault
	ReasonForbidden     = "account_forbidden"      // 402, 403
	ReasonNoModel       = "model_not_found"        // 404
	ReasonAborted       = "upstream_aborted"       // 408, 409, 499
	ReasonRateLimit     = "rate_limited"           // 429, per minute or unknown
	ReasonProvisioned   = "provisioned_throughput" // 429: the throughput that was bought is used up
	ReasonQuota         = "quota_exhausted"        // 429, per day or none at all
	ReasonUnpaid        = "account_unpaid"         // 429: no credit, a spending cap, no quota at all
	ReasonCapacity      = "capacity_exhausted"     // no capacity for the model
	ReasonUnsuitable    = "backend_unsuitable"     // 3xx, 405, 407, 421, 426, 431, 451
	ReasonServerError   = "upstream_error"         // 500, 502, 504
	ReasonOverloaded    = "upstream_overloaded"    // 503, 529
	ReasonUnknownStatus = "unknown_status"         // anything else that is not 2xx
	ReasonConnect       = "connect_failure"        // refused, reset, TLS, no healthy host
	ReasonProxy         = "proxy_failure"          // the backend's proxy cannot be reached, or gives no way
	ReasonStale         = "stale_connection"       // a connection that may have been idle was closed; not counted
	ReasonNoCluster     = "no_cluster"             // Envoy does not know the backend's cluster
	ReasonEnvoyTimeout  = "envoy_timeout"          // a timer of Envoy's own
	ReasonBodyTooLarge  = "request_body_too_large" // over Envoy's buffer limit

	// Upstream said yes, but the answer is no answer.
	ReasonPeekTimeout   = "peek_timeout"        // nothing that counts until the deadline
	ReasonPeekEOF       = "peek_eof"            // the stream ended before content
	ReasonPeekNoContent = "peek_no_content"     // a finish without content
	ReasonPeekThoughts  = "peek_only_thoughts"  // thoughts and STOP, no answer (single document)
	ReasonPeekTooLong   = "peek_too_long"       // a frame, or a single document, over heald's limit
	ReasonPeekMalformed = "peek_malformed_call" // the model's call could not be parsed
	ReasonPeekError     = "peek_error_event"    // an error under status 200
	ReasonPeekGarbage   = "peek_not_an_answer"  // HTML or other bytes that are no answer
	ReasonPeekTruncated = "peek_truncated"      // content, but no finish (single document)

	// After the client had bytes.
	ReasonStreamTruncated = "stream_truncated"   // ended without a finish
	ReasonStreamError     = "stream_error_event" // an error in mid-stream
	ReasonStreamStalled   = "stream_stalled"     // silent past idle_timeout
	ReasonStreamTooLong   = "stream_too_long"    // not complete after max_stream, or too many bytes
	ReasonStreamUndone    = "stream_undone"      // a finish that undoes what came before it
	ReasonStreamShutdown  = "stream_shutdown"    // heald had to stop before it was complete
	ReasonResumed         = "resumed"            // the rest was fetched and joined
	ReasonResumeFailed    = "resume_failed"      // the rest did not come, or could not be joined

	// Answered without upstream.
	ReasonModelList     = "model_list"     // the list of models
	ReasonProbe         = "probe"          // a check whether the gateway is there
	ReasonPreflight     = "preflight"      // a browser asked whether a page may send a request
	ReasonTokenEstimate = "token_estimate" // tokens were estimated, since upstream did not count them
	ReasonWarmup        = "warmup"         // a probe of a coding agent
	ReasonTitle         = "title"          // a coding agent's request for a title
	ReasonTopic         = "topic"          // its question whether the topic is new

	// heald's own.
	ReasonRefused           = "refused"            // the request could not be understood
	ReasonNoAccount         = "no_account"         // no account is configured for the backend
	ReasonAccountsBusy      = "accounts_busy"      // all slots are taken, or too many wait for them
	ReasonAccountsLimited   = "accounts_limited"   // all quota groups are over a rate limit or a quota
	ReasonAccountsOut       = "accounts_out"       // no backend answers or has capacity, or the shared state cannot be reached
	ReasonAccountsRefused   = "accounts_refused"   // no account is left whose credential, credit or place is good
	ReasonNoBackend         = "no_backend"         // no backend serves the model
	ReasonHop               = "hop_refused"        // the hop secret is missing
	ReasonClientKey         = "client_key"         // the client showed no key, or none that says who calls
	ReasonTenantDisabled    = "tenant_disabled"    // its tenant is switched off
	ReasonTenantModel       = "model_not_allowed"  // its tenant may not use the model
	ReasonTenantSlots       = "tenant_slots"       // its tenant's slots stayed taken
	ReasonTenantWaiting     = "tenant_waiting"     // too many requests of its tenant wait
	ReasonTenantBudget      = "tenant_budget"      // requests or tokens of its tenant are spent, or money that comes back soon
	ReasonTenantMoney       = "tenant_money"       // money of its tenant is spent, for the month or for good
	ReasonCrossSite         = "cross_site"         // a web page of another site sent it
	ReasonForeignHost       = "foreign_host"       // it is for a host name that is not the gateway's
	ReasonLost              = "attempts_lost"      // two attempts ended without a word: replicas died, or upstream reset
	ReasonOverloadedLocally = "overloaded_locally" // no room in this process for the body or the answer
	ReasonDeadline          = "deadline"           // the request's overall deadline has passed
	ReasonPanic             = "panic"
	ReasonProtocol          = "protocol"   // Envoy or heald left the ext_proc protocol
	ReasonWrongMode         = "wrong_mode" // the filter's body modes cannot work
	ReasonClientGone        = "canceled"   // Envoy ended the stream: client left, or upstream reset
)

// Reasons are all of the above. The documents for operators explain each of
// them, and a test asserts it.
var Reasons = []string{
	ReasonOK,
	ReasonSignature, ReasonRelax, ReasonContext, ReasonBadKey, ReasonPrecondition, ReasonResource, ReasonInvalid, ReasonForbidden,
	ReasonNoModel, ReasonAborted, ReasonRateLimit, ReasonProvisioned, ReasonQuota, ReasonUnpaid, ReasonCapacity, ReasonUnsuitable, ReasonServerError,
	ReasonOverloaded, ReasonUnknownStatus, ReasonConnect, ReasonProxy, ReasonStale, ReasonNoCluster, ReasonEnvoyTimeout, ReasonBodyTooLarge,
	ReasonPeekTimeout, ReasonPeekEOF, ReasonPeekNoContent, ReasonPeekThoughts, ReasonPeekTooLong, ReasonPeekMalformed, ReasonPeekError,
	ReasonPeekGarbage, ReasonPeekTruncated,
	ReasonStreamTruncated, ReasonStreamError, ReasonStreamStalled, ReasonStreamTooLong, ReasonStreamUndone, ReasonStreamShutdown, ReasonResumed, ReasonResumeFailed,
	ReasonModelList, ReasonProbe, ReasonPreflight, ReasonTokenEstimate, ReasonWarmup, ReasonTitle, ReasonTopic,
	ReasonAccountsBusy, ReasonAccountsLimited, ReasonAccountsOut, ReasonAccountsRefused,
	ReasonRefused, ReasonNoAccount, ReasonNoBackend, ReasonHop, ReasonLost, ReasonOverloadedLocally, ReasonClientKey, ReasonTenantDisabled, ReasonTenantModel, ReasonTenantSlots, ReasonTenantWaiting, ReasonTenantBudget, ReasonTenantMoney, ReasonCrossSite, ReasonForeignHost, ReasonDeadline, ReasonPanic, ReasonProtocol, ReasonWrongMode,
	ReasonClientGone,
}

// ClientsFaults are the reasons of failures that are the client's or its
// tenant's. The log tells of them as of news, and no alert counts them as a
// failure of the gateway. A hop secret that is missing is not one of them: only
// Envoy's own routes set it.
var ClientsFaults = []string{
	ReasonRefused, ReasonInvalid, ReasonContext, ReasonResource, ReasonBodyTooLarge,
	ReasonNoModel, ReasonNoBackend, ReasonModelList,
	ReasonClientKey, ReasonCrossSite, ReasonForeignHost,
	ReasonTenantDisabled, ReasonTenantModel, ReasonTenantSlots, ReasonTenantWaiting, ReasonTenantBudget, ReasonTenantMoney,
}
