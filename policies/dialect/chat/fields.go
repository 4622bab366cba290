package chat

import (
	"slices"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// Tables returns all tables, for the documentation.
func Tables() []*jsonwalk.Table {
	return slices.Concat([]*jsonwalk.Table{
		requestFields, streamFields, textFields, outputFields, setting.FormatTypes, setting.FormatFields, setting.SchemaFields, audioFields, imageConfigFields,
		searchFields, reasoningFields, thinkingFields, templateFields, extraFields, googleFields, messageFields,
	}, openai.PartTables(), openai.CallTables(), []*jsonwalk.Table{toolTypes}, tool.Tables())
}

const (
	noCacheMark = "the upstream caches prefixes by itself"
	noStore     = "nothing is stored"
	echoed      = "answers put back whole bring it along"
	foreign     = "reasoning without a signature of ours is not replayed"
)

var requestFields = &jsonwalk.Table{Name: "request", Fields: append([]jsonwalk.Field{
	{"model", jsonwalk.Map, "the model, by the alias table; replies echo it"},
	{"messages", jsonwalk.Map, "the conversation"},
	{"stream", jsonwalk.Map, "chunks instead of one document"},
	{"stream_options", jsonwalk.Map, "whether the last chunk tells the usage"},
	{"max_completion_tokens", jsonwalk.Map, "the output limit"},
	{"max_tokens", jsonwalk.Map, "the output limit where max_completion_tokens is absent"},
	{"temperature", jsonwalk.Map, "sampling, where the model honors it"},
	{"top_p", jsonwalk.Map, "sampling, where the model honors it"},
	{"top_k", jsonwalk.Map, "sampling, where the model honors it; not of the original service"},
	{"seed", jsonwalk.Map, "sampling; the lower 32 bits"},
	{"random_seed", jsonwalk.Map, "as seed; not of the original service"},
	{"stop", jsonwalk.Map, "stop sequences, at most 1024"},
	{"presence_penalty", jsonwalk.Map, "sampling, where the model honors it"},
	{"frequency_penalty", jsonwalk.Map, "sampling, where the model honors it"},
	{"logprobs", jsonwalk.Map, "log probabilities, where the model has them"},
	{"top_logprobs", jsonwalk.Map, "alternatives with their log probabilities"},
	{"n", jsonwalk.Map, "the number of answers, up to 8; refused where the model gives one"},
	{"tools", jsonwalk.Map, "tools"},
	{"tool_choice", jsonwalk.Map, "tool choice"},
	{"parallel_tool_calls", jsonwalk.Map, "only the first call of an answer is delivered if false"},
	{"functions", jsonwalk.Map, "tools; calls are delivered as function_call"},
	{"function_call", jsonwalk.Map, "tool choice"},
	{"response_format", jsonwalk.Map, "structured output"},
	{"input", jsonwalk.Map, "the conversation, in the words of Responses; not beside messages"},
	{"instructions", jsonwalk.Map, "system text, in the words of Responses"},
	{"max_output_tokens", jsonwalk.Map, "the output limit, in the words of Responses"},
	{"text", jsonwalk.Map, "structured output, in the words of Responses"},
	{"system", jsonwalk.Map, "system text, in the words of Anthropic"},
	{"stop_sequences", jsonwalk.Map, "as stop, in the words of Anthropic"},
	{"output_format", jsonwalk.Map, "structured output, in the words of Anthropic"},
	{"guided_json", jsonwalk.Map, "the schema of the answer, in the words of vLLM"},
	{"response_schema", jsonwalk.Map, "the schema of the answer, in the words of gateways"},
	{"output_config", jsonwalk.Map, "effort and structured output, in the words of Anthropic"},
	{"previous_response_id", jsonwalk.Refuse, noStore + "; send the whole conversation"},
	{"conversation", jsonwalk.Refuse, noStore + "; send the whole conversation"},
	{"prompt", jsonwalk.Refuse, "of another API; send messages"},
	{"include", jsonwalk.Drop, "of Responses; replies hold what this API has"},
	{"truncation", jsonwalk.Drop, "an input that is too long is an error"},
	{"reasoning_effort", jsonwalk.Map, "the thinking level; none switches it off"},
	{"reasoning", jsonwalk.Map, "thinking in the words of routers of models"},
	{"thinking", jsonwalk.Map, "whether to think, in the words of other services"},
	{"enable_thinking", jsonwalk.Map, "whether to think, in the words of other services"},
	{"chat_template_kwargs", jsonwalk.Map, "whether to think, in the words of vLLM"},
	{"reasoning_format", jsonwalk.Map, "hidden hides the thoughts; not of the original service"},
	{"include_reasoning", jsonwalk.Map, "false hides the thoughts; not of the original service"},
	{"modalities", jsonwalk.Map, "kinds of answer beside text"},
	{"audio", jsonwalk.Map, "the voice"},
	{"image_config", jsonwalk.Map, "what images should be like; not of the original service"},
	{"web_search_options", jsonwalk.Map, "the upstream's search"},
	{"service_tier", jsonwalk.Map, "the tier; a warning for tiers that the upstream does not have; replies say which tier they came from"},
	{"extra_body", jsonwalk.Map, "settings in the upstream's own words"},
	{"google", jsonwalk.Map, "the same, from clients that merge extra_body into the body"},
	{"thinking_config", jsonwalk.Map, "as in extra_body.google, in the words of LiteLLM"},
	{"thinkingConfig", jsonwalk.Map, "the same"},
	{"safety_settings", jsonwalk.Map, "the same"},
	{"safetySettings", jsonwalk.Map, "the same"},
	{"documents", jsonwalk.Refuse, "nothing is searched in them; send them as messages"},
	{"logit_bias", jsonwalk.Warn, "tokens are not the original service's"},
	{"prediction", jsonwalk.Warn, "the upstream takes no predicted output"},
	{"moderation", jsonwalk.Warn, "the upstream's own safety settings hold"},
	{"verbosity", jsonwalk.Map, "a warning unless medium: the upstream has no such setting; say it in the prompt"},
	{"usage", jsonwalk.Drop, "a router's own; stream_options asks for the usage"},
	{"store", jsonwalk.Drop, noStore},
	{"metadata", jsonwalk.Drop, noStore},
	{"user", jsonwalk.Drop, "persons are not passed on"},
	{"safety_identifier", jsonwalk.Drop, "persons are not passed on"},
	{"prompt_cache_key", jsonwalk.Map, "the session"},
	{"prompt_cache_retention", jsonwalk.Drop, noCacheMark},
	{"prompt_cache_options", jsonwalk.Drop, noCacheMark},
}, setting.GeminiFields...)}

var streamFields = &jsonwalk.Table{Name: "stream_options", Fields: []jsonwalk.Field{
	{"include_usage", jsonwalk.Map, "a last chunk tells the usage"},
	{"include_obfuscation", jsonwalk.Drop, "chunks are not padded"},
}}

var textFields = &jsonwalk.Table{Name: "text", Fields: []jsonwalk.Field{
	{"format", jsonwalk.Map, "structured output"},
	{"verbosity", jsonwalk.Map, "as verbosity"},
}}

var outputFields = &jsonwalk.Table{Name: "output_config", Fields: []jsonwalk.Field{
	{"effort", jsonwalk.Map, "as reasoning_effort"},
	{"format", jsonwalk.Map, "structured output"},
}}

var audioFields = &jsonwalk.Table{Name: "audio", Fields: []jsonwalk.Field{
	{"voice", jsonwalk.Map, "a voice of the upstream; a warning for the original service's own"},
	{"format", jsonwalk.Map, "a warning unless pcm16: sound is not converted"},
}}

var imageConfigFields = &jsonwalk.Table{Name: "image_config", Fields: []jsonwalk.Field{
	{"aspect_ratio", jsonwalk.Map, "the ratio of width to height; one that the model does not make is refused"},
	{"aspectRatio", jsonwalk.Map, "the same"},
	{"image_size", jsonwalk.Map, "1K, 2K, …; one that the model does not make is refused"},
	{"imageSize", jsonwalk.Map, "the same"},
}}

var searchFields = &jsonwalk.Table{Name: "web_search_options", Fields: []jsonwalk.Field{
	{"search_context_size", jsonwalk.Drop, "the upstream decides how much it reads"},
	{"user_location", jsonwalk.Warn, "the search does not know it"},
}}

var reasoningFields = &jsonwalk.Table{Name: "reasoning", Fields: []jsonwalk.Field{
	{"effort", jsonwalk.Map, "as reasoning_effort"},
	{"max_tokens", jsonwalk.Map, "the thinking budget"},
	{"enabled", jsonwalk.Map, "false switches thinking off"},
	{"exclude", jsonwalk.Map, "true hides the thoughts"},
	{"summary", jsonwalk.Drop, "thoughts are shown as the upstream sums them up"},
}}

var thinkingFields = &jsonwalk.Table{Name: "thinking", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "absent says nothing; enabled, adaptive or auto lets the model decide, disabled switches thinking off"},
	{"budget_tokens", jsonwalk.Map, "the thinking budget"},
	{"clear_thinking", jsonwalk.Drop, "earlier thoughts are kept as the gateway is configured"},
}}

var templateFields = &jsonwalk.Table{Name: "chat_template_kwargs", Fields: []jsonwalk.Field{
	{"enable_thinking", jsonwalk.Map, "whether to think"},
	{"thinking", jsonwalk.Map, "the same"},
	{"*", jsonwalk.Warn, "there is no template"},
}}

var extraFields = &jsonwalk.Table{Name: "extra_body", Fields: []jsonwalk.Field{
	{"google", jsonwalk.Map, "settings in the upstream's own words"},
}}

var googleFields = &jsonwalk.Table{Name: "extra_body.google", Fields: []jsonwalk.Field{
	{"thinking_config", jsonwalk.Map, "thinking; refused beside reasoning_effort"},
	{"cached_content", jsonwalk.Map, "the cached prefix"},
	{"safety_settings", jsonwalk.Map, "the safety settings"},
	{"image_config", jsonwalk.Map, "as the field of that name outside"},
	{"thought_tag_marker", jsonwalk.Map, "thoughts come in the text, between tags of that name"},
}}

// messageFields are those of all roles: which of them mean something depends
// on the role, but clients send them all, mostly null.
var messageFields = &jsonwalk.Table{Name: "message", Fields: []jsonwalk.Field{
	{"role", jsonwalk.Map, "system, developer, user, assistant, tool or function"},
	{"type", jsonwalk.Map, "message; without a role it is an item of Responses, and read as that"},
	{"content", jsonwalk.Map, "text or parts; system text after the first turn stays at its place"},
	{"refusal", jsonwalk.Map, "text"},
	{"tool_calls", jsonwalk.Map, "tool calls"},
	{"function_call", jsonwalk.Map, "a tool call"},
	{"tool_call_id", jsonwalk.Map, "the call that a result belongs to"},
	{"name", jsonwalk.Map, "the tool of a result; of other roles not passed on"},
	{"images", jsonwalk.Map, "images: those that the model made, or base64 and addresses in the words of Ollama"},
	{"extra_content", jsonwalk.Map, "the signature it carries"},
	{"reasoning_content", jsonwalk.Map, "a thought, if the message carries its signature; else left out"},
	{"reasoning", jsonwalk.Drop, foreign},
	{"reasoning_details", jsonwalk.Drop, foreign},
	{"thinking_blocks", jsonwalk.Drop, foreign},
	{"audio", jsonwalk.Map, "of an answer its transcript, where the client sends it back, else a placeholder, since sound is not kept; of others the sound"},
	{"attachments", jsonwalk.Refuse, "of no API; send it as content"},
	{"experimental_attachments", jsonwalk.Refuse, "of no API; send it as content"},
	{"annotations", jsonwalk.Drop, echoed},
	{"prefix", jsonwalk.Drop, "a last message of the assistant is continued anyway"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// toolTypes are the values of a tool's type. What is left out with a warning is
// refused where tool_choice asks for it.
var toolTypes = &jsonwalk.Table{Name: "tool types", Fields: []jsonwalk.Field{
	{"function", jsonwalk.Map, "a function; a tool without a type is one"},
	{"custom", jsonwalk.Map, "a function with one string as its input"},
	{"*", jsonwalk.Warn, "the upstream has no such tool; one with a name and a schema is declared as a function"},
}}
