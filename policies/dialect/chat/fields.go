package chat

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

// Tables returns all tables, for the documentation.
func Tables() []*jsonwalk.Table {
	return []*jsonwalk.Table{
		requestFields, streamFields, formatTypes, formatFields, schemaFields, audioFields,
		searchFields, reasoningFields, thinkingFields, extraFields, googleFields, messageFields, extraContentFields,
		signatureFields, partTypes, partFields, imageFields, linkFields, soundFields, fileFields,
		callFields, calledFunctionFields, calledCustomFields, toolTypes, toolFields,
		functionFields, customFields, customFormatFields, grammarFields, choiceFields, allowedFields,
	}
}

const (
	noCacheMark = "the upstream caches prefixes by itself"
	noStore     = "nothing is stored"
	echoed      = "answers put back whole bring it along"
	foreign     = "reasoning without a signature of ours is not replayed"
)

var requestFields = &jsonwalk.Table{Name: "request", Fields: []jsonwalk.Field{
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
	{"n", jsonwalk.Map, "must be 1: other numbers of answers are refused"},
	{"tools", jsonwalk.Map, "tools"},
	{"tool_choice", jsonwalk.Map, "tool choice"},
	{"parallel_tool_calls", jsonwalk.Map, "only the first call of an answer is delivered if false"},
	{"functions", jsonwalk.Map, "tools; calls are delivered as function_call"},
	{"function_call", jsonwalk.Map, "tool choice"},
	{"response_format", jsonwalk.Map, "structured output"},
	{"reasoning_effort", jsonwalk.Map, "the thinking level; none switches it off"},
	{"reasoning", jsonwalk.Map, "thinking in the words of routers of models"},
	{"thinking", jsonwalk.Map, "whether to think, in the words of other services"},
	{"enable_thinking", jsonwalk.Map, "whether to think, in the words of other services"},
	{"reasoning_format", jsonwalk.Map, "hidden hides the thoughts; not of the original service"},
	{"include_reasoning", jsonwalk.Map, "false hides the thoughts; not of the original service"},
	{"modalities", jsonwalk.Map, "kinds of answer beside text"},
	{"audio", jsonwalk.Map, "the voice"},
	{"web_search_options", jsonwalk.Map, "the upstream's search"},
	{"service_tier", jsonwalk.Map, "the tier; a warning for tiers that the upstream does not have"},
	{"extra_body", jsonwalk.Map, "settings in the upstream's own words"},
	{"google", jsonwalk.Map, "the same, from clients that merge extra_body into the body"},
	{"logit_bias", jsonwalk.Warn, "tokens are not the original service's"},
	{"prediction", jsonwalk.Warn, "the upstream takes no predicted output"},
	{"moderation", jsonwalk.Warn, "the upstream's own safety settings hold"},
	{"verbosity", jsonwalk.Warn, "the upstream has no such setting; say it in the prompt"},
	{"usage", jsonwalk.Drop, "a router's own; stream_options asks for the usage"},
	{"store", jsonwalk.Drop, noStore},
	{"metadata", jsonwalk.Drop, noStore},
	{"user", jsonwalk.Drop, "persons are not passed on"},
	{"safety_identifier", jsonwalk.Drop, "persons are not passed on"},
	{"prompt_cache_key", jsonwalk.Drop, noCacheMark},
	{"prompt_cache_retention", jsonwalk.Drop, noCacheMark},
	{"prompt_cache_options", jsonwalk.Drop, noCacheMark},
}}

var streamFields = &jsonwalk.Table{Name: "stream_options", Fields: []jsonwalk.Field{
	{"include_usage", jsonwalk.Map, "a last chunk tells the usage"},
	{"include_obfuscation", jsonwalk.Drop, "chunks are not padded"},
}}

var formatTypes = &jsonwalk.Table{Name: "response format types", Fields: []jsonwalk.Field{
	{"text", jsonwalk.Map, "free text"},
	{"json_object", jsonwalk.Map, "any JSON"},
	{"json_schema", jsonwalk.Map, "JSON that obeys the schema"},
}}

var formatFields = &jsonwalk.Table{Name: "response_format", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"json_schema", jsonwalk.Map, "the schema of the answer"},
}}

var schemaFields = &jsonwalk.Table{Name: "response_format.json_schema", Fields: []jsonwalk.Field{
	{"schema", jsonwalk.Map, "the schema; absent means any JSON"},
	{"name", jsonwalk.Drop, "the upstream does not name formats"},
	{"description", jsonwalk.Drop, "the upstream does not describe formats"},
	{"strict", jsonwalk.Drop, "the schema always holds"},
}}

var audioFields = &jsonwalk.Table{Name: "audio", Fields: []jsonwalk.Field{
	{"voice", jsonwalk.Map, "a voice of the upstream; a warning for the original service's own"},
	{"format", jsonwalk.Map, "a warning unless pcm16: sound is not converted"},
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

var extraFields = &jsonwalk.Table{Name: "extra_body", Fields: []jsonwalk.Field{
	{"google", jsonwalk.Map, "settings in the upstream's own words"},
}}

var googleFields = &jsonwalk.Table{Name: "extra_body.google", Fields: []jsonwalk.Field{
	{"thinking_config", jsonwalk.Map, "thinking; refused beside reasoning_effort"},
	{"cached_content", jsonwalk.Map, "the cached prefix"},
	{"safety_settings", jsonwalk.Map, "the safety settings"},
	{"thought_tag_marker", jsonwalk.Map, "thoughts come in the text, between tags of that name"},
}}

// messageFields are those of all roles: which of them mean something depends
// on the role, but clients send them all, mostly null.
var messageFields = &jsonwalk.Table{Name: "message", Fields: []jsonwalk.Field{
	{"role", jsonwalk.Map, "system, developer, user, assistant, tool or function"},
	{"content", jsonwalk.Map, "text or parts; system text after the first turn stays at its place"},
	{"refusal", jsonwalk.Map, "text"},
	{"tool_calls", jsonwalk.Map, "tool calls"},
	{"function_call", jsonwalk.Map, "a tool call"},
	{"tool_call_id", jsonwalk.Map, "the call that a result belongs to"},
	{"name", jsonwalk.Map, "the tool of a result; of other roles not passed on"},
	{"images", jsonwalk.Map, "images that the model made"},
	{"extra_content", jsonwalk.Map, "the signature it carries"},
	{"reasoning_content", jsonwalk.Map, "a thought, if the message carries its signature; else left out"},
	{"reasoning", jsonwalk.Drop, foreign},
	{"reasoning_details", jsonwalk.Drop, foreign},
	{"thinking_blocks", jsonwalk.Drop, foreign},
	{"audio", jsonwalk.Refuse, "sound of earlier answers is not kept; send its transcript as content"},
	{"annotations", jsonwalk.Drop, echoed},
	{"prefix", jsonwalk.Drop, "a last message of the assistant is continued anyway"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var extraContentFields = &jsonwalk.Table{Name: "extra_content", Fields: []jsonwalk.Field{
	{"google", jsonwalk.Map, "the signature it carries"},
}}

var signatureFields = &jsonwalk.Table{Name: "extra_content.google", Fields: []jsonwalk.Field{
	{"thought_signature", jsonwalk.Map, "the signature, if it is ours"},
	{"thought", jsonwalk.Drop, foreign},
}}

var partTypes = &jsonwalk.Table{Name: "content part types", Fields: []jsonwalk.Field{
	{"text", jsonwalk.Map, "text"},
	{"refusal", jsonwalk.Map, "text"},
	{"image_url", jsonwalk.Map, "media"},
	{"video_url", jsonwalk.Map, "media; not of the original service"},
	{"document_url", jsonwalk.Map, "media; not of the original service"},
	{"input_audio", jsonwalk.Map, "media"},
	{"file", jsonwalk.Map, "media"},
	{"thinking", jsonwalk.Drop, foreign},
}}

var partFields = &jsonwalk.Table{Name: "content part", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"text", jsonwalk.Map, "text"},
	{"refusal", jsonwalk.Map, "text"},
	{"image_url", jsonwalk.Map, "media"},
	{"video_url", jsonwalk.Map, "media"},
	{"document_url", jsonwalk.Map, "media"},
	{"input_audio", jsonwalk.Map, "media"},
	{"file", jsonwalk.Map, "media"},
	{"index", jsonwalk.Drop, echoed},
	{"cache_control", jsonwalk.Drop, noCacheMark},
	{"prompt_cache_breakpoint", jsonwalk.Drop, noCacheMark},
}}

var imageFields = &jsonwalk.Table{Name: "image_url", Fields: []jsonwalk.Field{
	{"url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"detail", jsonwalk.Map, "how closely it is looked at"},
}}

var linkFields = &jsonwalk.Table{Name: "video_url, document_url", Fields: []jsonwalk.Field{
	{"url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
}}

var soundFields = &jsonwalk.Table{Name: "input_audio", Fields: []jsonwalk.Field{
	{"data", jsonwalk.Map, "base64"},
	{"format", jsonwalk.Map, "the MIME type"},
}}

var fileFields = &jsonwalk.Table{Name: "file", Fields: []jsonwalk.Field{
	{"file_data", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"filename", jsonwalk.Map, "the name of the media"},
	{"file_id", jsonwalk.Refuse, "files of another service cannot be read; send the data inline"},
}}

var callFields = &jsonwalk.Table{Name: "tool call", Fields: []jsonwalk.Field{
	{"id", jsonwalk.Map, "the id, and the signature it may carry"},
	{"type", jsonwalk.Map, "function or custom; absent means function"},
	{"function", jsonwalk.Map, "the tool and its arguments"},
	{"custom", jsonwalk.Map, "the freeform tool and its text"},
	{"extra_content", jsonwalk.Map, "the signature it carries"},
	{"index", jsonwalk.Drop, echoed},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var calledFunctionFields = &jsonwalk.Table{Name: "called function", Fields: []jsonwalk.Field{
	{"name", jsonwalk.Map, "the tool"},
	{"arguments", jsonwalk.Map, "the arguments"},
}}

var calledCustomFields = &jsonwalk.Table{Name: "called custom tool", Fields: []jsonwalk.Field{
	{"name", jsonwalk.Map, "the tool"},
	{"input", jsonwalk.Map, "the text, as the argument that stands for it"},
}}

var toolTypes = &jsonwalk.Table{Name: "tool types", Fields: []jsonwalk.Field{
	{"function", jsonwalk.Map, "a function; a tool without a type is one"},
	{"custom", jsonwalk.Map, "a function with one string as its input"},
	{"web_search*", jsonwalk.Map, "the upstream's search"},
	{"openrouter:web_search", jsonwalk.Map, "the upstream's search"},
}}

var toolFields = &jsonwalk.Table{Name: "tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"function", jsonwalk.Map, "the function"},
	{"custom", jsonwalk.Map, "the freeform tool"},
	{"parameters", jsonwalk.Warn, "the search takes no parameters"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var functionFields = &jsonwalk.Table{Name: "function", Fields: []jsonwalk.Field{
	{"name", jsonwalk.Map, "the name"},
	{"description", jsonwalk.Map, "the description"},
	{"parameters", jsonwalk.Map, "the schema of the arguments"},
	{"strict", jsonwalk.Map, "arguments are validated"},
	{"type", jsonwalk.Drop, "of tools that are not nested in function"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var customFields = &jsonwalk.Table{Name: "custom tool", Fields: []jsonwalk.Field{
	{"name", jsonwalk.Map, "the name"},
	{"description", jsonwalk.Map, "the description"},
	{"format", jsonwalk.Map, "a grammar, as text at the end of the description"},
}}

var customFormatFields = &jsonwalk.Table{Name: "custom tool format", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "text or grammar"},
	{"grammar", jsonwalk.Map, "the grammar; the upstream is told but not bound"},
}}

var grammarFields = &jsonwalk.Table{Name: "custom tool grammar", Fields: []jsonwalk.Field{
	{"syntax", jsonwalk.Map, "lark or regex"},
	{"definition", jsonwalk.Map, "the grammar"},
}}

var choiceFields = &jsonwalk.Table{Name: "tool_choice", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "function, custom or allowed_tools"},
	{"function", jsonwalk.Map, "the tool that must be called"},
	{"custom", jsonwalk.Map, "the tool that must be called"},
	{"name", jsonwalk.Map, "the tool that must be called"},
	{"allowed_tools", jsonwalk.Map, "the tools that may be called"},
}}

var allowedFields = &jsonwalk.Table{Name: "tool_choice.allowed_tools", Fields: []jsonwalk.Field{
	{"mode", jsonwalk.Map, "auto or required"},
	{"tools", jsonwalk.Map, "the tools that may be called"},
}}
