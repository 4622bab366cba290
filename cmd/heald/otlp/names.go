package otlp

import "go.opentelemetry.io/otel/attribute"

// The names of attributes of GenAI spans are those of
// open-telemetry/semantic-conventions-genai, model/gen-ai/registry.yaml and
// spans.yaml, at commit e8fc5751506258db1459d1bde47994e01dee922e. They are all
// "development" there and may change; go.opentelemetry.io/otel/semconv has had
// none since 1.42.
const (
	operationName     = attribute.Key("gen_ai.operation.name")
	providerName      = attribute.Key("gen_ai.provider.name")
	requestModel      = attribute.Key("gen_ai.request.model")
	requestStream     = attribute.Key("gen_ai.request.stream")
	responseModel     = attribute.Key("gen_ai.response.model")
	finishReasons     = attribute.Key("gen_ai.response.finish_reasons")
	timeToFirstChunk  = attribute.Key("gen_ai.response.time_to_first_chunk") // seconds
	inputTokens       = attribute.Key("gen_ai.usage.input_tokens")           // cached ones included
	cacheReadTokens   = attribute.Key("gen_ai.usage.cache_read.input_tokens")
	outputTokens      = attribute.Key("gen_ai.usage.output_tokens") // reasoning included
	reasoningTokens   = attribute.Key("gen_ai.usage.reasoning.output_tokens")
	errorType         = attribute.Key("error.type")
	generateContent   = "generate_content"
	embeddings        = "embeddings"
	providerGemini    = "gcp.gemini"    // generativelanguage.googleapis.com
	providerVertex    = "gcp.vertex_ai" // aiplatform.googleapis.com
	operationOfTokens = "count_tokens"  // heald's own: the registry has no such operation
	operationOfModels = "list_models"   // as above
)

// heald's own names.
const (
	tenant        = attribute.Key("heald.tenant")
	keyID         = attribute.Key("heald.key_id")
	requestID     = attribute.Key("heald.request_id")
	api           = attribute.Key("heald.api")
	path          = attribute.Key("heald.path")
	attempt       = attribute.Key("heald.attempt")
	tried         = attribute.Key("heald.attempts")
	backend       = attribute.Key("heald.backend")
	account       = attribute.Key("heald.account")
	group         = attribute.Key("heald.group")
	tierAsked     = attribute.Key("heald.tier.asked")
	tierServed    = attribute.Key("heald.tier.served")
	verdict       = attribute.Key("heald.verdict")
	reason        = attribute.Key("heald.reason")
	outcome       = attribute.Key("heald.outcome")
	upstream      = attribute.Key("heald.upstream.status")
	status        = attribute.Key("heald.status") // what the client got
	aborted       = attribute.Key("heald.aborted")
	warnings      = attribute.Key("heald.warnings")
	costNano      = attribute.Key("heald.cost.nano") // billionths of the currency
	estimated     = attribute.Key("heald.cost.estimated")
	priceVersion  = attribute.Key("heald.cost.price_version")
	waited        = attribute.Key("heald.waited") // seconds
	firstContent  = attribute.Key("heald.first_content")
	held          = attribute.Key("heald.held")             // from sent to the verdict, in seconds
	timeToHeaders = attribute.Key("heald.upstream.headers") // from sent, in seconds
	repairs       = attribute.Key("heald.repairs")          // what was changed in the body
	repair        = attribute.Key("heald.repair")           // what the next attempt will change
	hedged        = attribute.Key("heald.hedged")
	brokenBy      = attribute.Key("heald.broken_by")
	resumed       = attribute.Key("heald.resumed") // resumed or resume_failed
	restRequests  = attribute.Key("heald.resume.requests")
	replica       = attribute.Key("heald.replica")
	fromBackend   = attribute.Key("heald.from.backend") // of a failover
	fromAccount   = attribute.Key("heald.from.account")
	fromModel     = attribute.Key("heald.from.model")
)
