package story

// Operating is the address of the page that explains the log words.
const Operating = "https://github.com/heald-proxy/heald/blob/main/OPERATING.md"

// Sections of OPERATING that explain log words.
const (
	find      = "find-the-request"
	halfway   = "a-stream-stops-half-way"
	empty     = "200-but-no-tokens"
	signature = "invalid-signature-missing-thought_signature-must-start-with-a-thinking-block"
	storms    = "429-storms"
	model     = "another-model-answers-than-was-asked-for"
	overload  = "5xx-overload-nothing-reachable"
	proxy     = "behind-a-proxy"
	refusals  = "retries-are-refused"
	account   = "one-bad-account"
	changed   = "thinking-disappears"
	slow      = "the-first-token-is-slow"
	deploy    = "after-a-deploy"
	local     = "answered-without-upstream"
	keys      = "healdmemorykeysdiffer"
)

// explained is what a log word says, as a clause of its own, and the section that
// explains it.
type explained struct{ words, section string }

// reasons are the reasons of verdicts, and why passed answers broke off.
var reasons = map[string]explained{
	"ok": {"the answer was passed on", slow},

	"signature_repair":       {"the provider refused a thought signature", signature},
	"relax_repair":           {"the provider refused something in the request that can be left out or changed", signature},
	"context_overflow":       {"the prompt is longer than the model takes", deploy},
	"account_key_invalid":    {"the provider refused the account's key or token", account},
	"failed_precondition":    {"the provider refused the region or the billing of the account's project", account},
	"resource_refused":       {"the account may not read a file or another resource that the request names", signature},
	"invalid_request":        {"the provider refused the request as invalid", signature},
	"account_forbidden":      {"the provider does not allow this to the account", account},
	"model_not_found":        {"the account or its location does not have the model", account},
	"upstream_aborted":       {"the provider aborted the request", overload},
	"rate_limited":           {"a rate limit of the provider was reached", storms},
	"provisioned_throughput": {"the throughput that was bought is used up for the moment", storms},
	"quota_exhausted":        {"the daily quota is used up, or there is none for the model", storms},
	"account_unpaid":         {"the account's project has no credit left, or no quota at all", storms},
	"capacity_exhausted":     {"the provider has no capacity for the model", storms},
	"backend_unsuitable":     {"the server there does not serve such requests", account},
	"upstream_error":         {"the provider failed", overload},
	"upstream_overloaded":    {"the provider is overloaded", overload},
	"unknown_status":         {"the provider answered with an unexpected status", overload},
	"connect_failure":        {"Envoy could not connect to the provider, or the connection broke", overload},
	"proxy_failure":          {"the proxy on the way to the provider failed", proxy},
	"stale_connection":       {"a connection that had been idle was closed", overload},
	"no_cluster":             {"Envoy has no cluster with the backend's name", overload},
	"envoy_timeout":          {"one of Envoy's own timers fired", overload},
	"request_body_too_large": {"the request's body is too large", deploy},

	"peek_timeout":        {"no content came within peek.timeout", slow},
	"peek_eof":            {"the reply ended before any content", empty},
	"peek_no_content":     {"the reply finished without any content", empty},
	"peek_only_thoughts":  {"the reply had thoughts but no answer", empty},
	"peek_too_long":       {"the reply is longer than heald holds", empty},
	"peek_malformed_call": {"the model's tool call could not be parsed", empty},
	"peek_error_event":    {"the reply was an error with a success status", empty},
	"peek_not_an_answer":  {"the reply was no answer of the API", empty},
	"peek_truncated":      {"the reply had content but no finish", empty},

	"stream_truncated":   {"the provider ended the stream without a finish", halfway},
	"stream_error_event": {"the provider sent an error in the middle of the answer", halfway},
	"stream_stalled":     {"nothing more came for idle_timeout", halfway},
	"stream_too_long":    {"the answer was too long, or took too long", halfway},
	"stream_undone":      {"the answer ended with a finish that undoes it", halfway},
	"stream_shutdown":    {"the replica was stopped before the answer was complete", halfway},
	"resumed":            {"the rest was fetched and joined", halfway},
	"resume_failed":      {"the rest could not be fetched or joined", halfway},

	"model_list":     {"it asked for the list of models", local},
	"probe":          {"somebody checked whether the gateway is there", local},
	"preflight":      {"a browser asked whether a page may send a request", local},
	"token_estimate": {"the tokens were estimated, since the provider did not count them", local},
	"warmup":         {"it was the warm-up of a coding agent", local},
	"title":          {"a coding agent wanted a title", local},
	"topic":          {"a coding agent asked whether the topic is new", local},

	"refused":            {"heald could not understand the request, or a setting of its route", deploy},
	"no_account":         {"the backend has no account", account},
	"accounts_busy":      {"all slots of the accounts were taken", storms},
	"accounts_limited":   {"all accounts were over a rate limit or a quota", storms},
	"accounts_out":       {"no backend had capacity or answered", storms},
	"accounts_refused":   {"the provider refuses every account that was left", storms},
	"no_backend":         {"no backend has the model", deploy},
	"hop_refused":        {"the hop secret was missing", deploy},
	"client_key":         {"the client sent no valid key", deploy},
	"tenant_disabled":    {"the tenant is switched off", deploy},
	"model_not_allowed":  {"the tenant may not use the model", deploy},
	"tenant_slots":       {"all attempts that the tenant may have at once were running", deploy},
	"tenant_waiting":     {"too many requests of the tenant were waiting", deploy},
	"tenant_budget":      {"a limit of the tenant on requests, tokens or money is used up", deploy},
	"tenant_money":       {"the tenant's money is spent", deploy},
	"cross_site":         {"a web page of another site sent the request", deploy},
	"foreign_host":       {"the request was for a host name that is not the gateway's", deploy},
	"attempts_lost":      {"two attempts ended without any reply: their replicas died, or the provider reset the connection", overload},
	"overloaded_locally": {"this replica had no room for the body or the answer", overload},
	"deadline":           {"the request's deadline had passed", deploy},
	"panic":              {"heald itself failed", deploy},
	"protocol":           {"Envoy and heald misunderstood each other", deploy},
	"wrong_mode":         {"the body modes of Envoy's filter do not work", deploy},
	"canceled":           {"Envoy ended it: the client left, or the provider reset the connection", find},
}

// stops are why a model stopped.
var stops = map[string]string{
	"stop": "the model stopped by itself", "length": "the model reached the token limit", "window": "the model's window was full",
	"refused": "the model refused", "blocked": "the provider blocked it", "pause": "the model waits for a tool's result",
	"malformed_call": "the model's tool call could not be parsed", "missing_signature": "a thought signature was missing", "other": "the model stopped for another reason",
}

// hedges say how sending an attempt twice ended.
var hedges = map[string]string{
	"won": "the second call was answered first", "lost": "the first call was answered first after all",
	"sent": "neither call succeeded, or it is unknown which one did",
}

// memories say why an attempt could not read the memory of those before.
var memories = map[string]string{
	"other_key":    "its replica has another memory key than the one that wrote it",
	"unreadable":   "its replica is of another version than the one that wrote it, or it was changed on the way",
	"other_tenant": "it was another tenant's",
	"other_id":     "the request id seems to have changed since the attempt before",
}
