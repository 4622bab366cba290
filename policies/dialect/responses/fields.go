package responses

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
		requestFields, reasoningFields, textFields, setting.FormatTypes, setting.FormatFields, setting.SchemaFields,
		itemTypes, messageFields, thoughtFields, summaryFields, callFields, outputFields, customCallFields,
		typedCallFields, typedOutputFields, shellChunkFields, searchOutputFields, addedToolsFields,
		codeFields, codeOutputFields, pictureFields, mcpCallFields, referenceFields, unknownCallFields, unknownOutputFields,
	}, openai.PartTables(), openai.CallTables(), []*jsonwalk.Table{
		toolTypes, namespaceFields, typedToolFields, searchToolFields, searchFilterFields, codeToolFields, imageToolFields,
	}, tool.Tables())
}

const (
	noCacheMark = "the upstream caches prefixes by itself"
	noStore     = "nothing is stored; send the whole input"
	noPerson    = "persons are not passed on"
	noCaller    = "calls are made by the model alone"
	noDefer     = "every tool is sent at once"
	echoedBack  = "answers put back whole bring it along"
)

var requestFields = &jsonwalk.Table{Name: "request", Fields: append([]jsonwalk.Field{
	{"model", jsonwalk.Map, "the model, by the alias table; replies echo it"},
	{"input", jsonwalk.Map, "the conversation: text or items"},
	{"instructions", jsonwalk.Map, "the first part of the system text"},
	{"stream", jsonwalk.Map, "events instead of one document"},
	{"max_output_tokens", jsonwalk.Map, "the output limit"},
	{"temperature", jsonwalk.Map, "sampling, where the model honors it"},
	{"top_p", jsonwalk.Map, "sampling, where the model honors it"},
	{"top_logprobs", jsonwalk.Map, "log probabilities with alternatives, where the model has them"},
	{"include", jsonwalk.Map, "message.output_text.logprobs asks for log probabilities; encrypted_content always comes, the rest does not exist here"},
	{"reasoning", jsonwalk.Map, "how much to think, and whether thoughts are shown"},
	{"text", jsonwalk.Map, "structured output"},
	{"tools", jsonwalk.Map, "tools"},
	{"tool_choice", jsonwalk.Map, "tool choice"},
	{"parallel_tool_calls", jsonwalk.Map, "only the first call of an answer is delivered if false"},
	{"messages", jsonwalk.Map, "the conversation, in the words of Chat Completions; not beside input"},
	{"system", jsonwalk.Map, "system text, in the words of Anthropic"},
	{"max_tokens", jsonwalk.Map, "the output limit where max_output_tokens is absent"},
	{"max_completion_tokens", jsonwalk.Map, "as max_tokens"},
	{"response_format", jsonwalk.Map, "structured output, in the words of Chat Completions"},
	{"output_format", jsonwalk.Map, "structured output, in the words of Anthropic"},
	{"output_config", jsonwalk.Map, "effort and structured output, in the words of Anthropic"},
	{"stop", jsonwalk.Map, "stop sequences, in the words of Chat Completions"},
	{"stop_sequences", jsonwalk.Map, "stop sequences, in the words of Anthropic"},
	{"reasoning_effort", jsonwalk.Map, "as reasoning.effort, in the words of Chat Completions"},
	{"functions", jsonwalk.Map, "tools, in the words of Chat Completions"},
	{"function_call", jsonwalk.Map, "tool choice, in the words of Chat Completions"},
	{"service_tier", jsonwalk.Map, "the tier; a warning for tiers that the upstream does not have; replies say which tier they came from"},
	{"prompt_cache_key", jsonwalk.Map, "the session, where no header names it"},
	{"previous_response_id", jsonwalk.Refuse, noStore},
	{"conversation", jsonwalk.Refuse, noStore},
	{"prompt", jsonwalk.Refuse, "no prompts are stored; send its text as input"},
	{"background", jsonwalk.Refuse, "answers are made while the client waits"},
	{"context_management", jsonwalk.Warn, "context is not edited on the way"},
	{"personality", jsonwalk.Warn, "the upstream has no such setting; say it in the instructions"},
	{"moderation", jsonwalk.Warn, "the upstream's own safety settings hold"},
	{"store", jsonwalk.Drop, "nothing is stored"},
	{"truncation", jsonwalk.Drop, "an input that is too long is an error"},
	{"max_tool_calls", jsonwalk.Warn, "calls of the upstream's own tools are not counted"},
	{"stream_options", jsonwalk.Drop, "events are not padded"},
	{"prompt_cache_retention", jsonwalk.Drop, noCacheMark},
	{"prompt_cache_options", jsonwalk.Drop, noCacheMark},
	{"access_programs", jsonwalk.Drop, "concerns the original service"},
	{"client_metadata", jsonwalk.Drop, "concerns the original service"},
	{"metadata", jsonwalk.Drop, "nothing is stored; replies echo it"},
	{"user", jsonwalk.Drop, noPerson},
	{"safety_identifier", jsonwalk.Drop, noPerson},
}, setting.GeminiFields...)}

var reasoningFields = &jsonwalk.Table{Name: "reasoning", Fields: []jsonwalk.Field{
	{"effort", jsonwalk.Map, "the thinking level; none switches it off"},
	{"summary", jsonwalk.Map, "none hides the thoughts; their signatures are still sent"},
	{"generate_summary", jsonwalk.Drop, "the old name of summary"},
	{"context", jsonwalk.Drop, "signed thoughts of all turns go upstream"},
	{"mode", jsonwalk.Drop, "the upstream has one mode"},
}}

var textFields = &jsonwalk.Table{Name: "text, output_config", Fields: []jsonwalk.Field{
	{"effort", jsonwalk.Map, "the thinking level, of output_config"},
	{"format", jsonwalk.Map, "structured output"},
	{"verbosity", jsonwalk.Map, "a warning unless medium: the upstream has no such setting; say it in the instructions"},
}}

// toolTypes are the values of a tool's type. What is left out with a warning is
// refused where tool_choice asks for it.
var toolTypes = &jsonwalk.Table{Name: "tool types", Fields: []jsonwalk.Field{
	{"function", jsonwalk.Map, "a function"},
	{"custom", jsonwalk.Map, "a function with one string as its input"},
	{"namespace", jsonwalk.Map, "its tools, named namespace__tool"},
	{"local_shell", jsonwalk.Map, "a function with the documented action as its arguments"},
	{"shell", jsonwalk.Map, "a function with the documented action as its arguments"},
	{"apply_patch", jsonwalk.Map, "a function with the documented operation as its arguments"},
	{"tool_search", jsonwalk.Map, "a function if the client runs it; else left out, as every tool is sent at once"},
	{"web_search*", jsonwalk.Map, "the upstream's search"},
	{"code_interpreter", jsonwalk.Map, "the upstream's code execution"},
	{"image_generation", jsonwalk.Map, "what a model that makes images does; with another one it is left out with a warning, or refused where it is forced"},
	{"programmatic_tool_calling", jsonwalk.Drop, noCaller},
	{"file_search", jsonwalk.Warn, "files of another service cannot be searched"},
	{"mcp", jsonwalk.Warn, "MCP servers are not connected to; let the client do it"},
	{"computer*", jsonwalk.Warn, "the upstream's computer use has other actions"},
	{"*", jsonwalk.Warn, "the upstream has no such tool; one with a name and a schema is declared as a function"},
}}

var namespaceFields = &jsonwalk.Table{Name: "namespace tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "goes before the names of its tools"},
	{"description", jsonwalk.Map, "goes before the description of its first tool"},
	{"tools", jsonwalk.Map, "its tools"},
	{"defer_loading", jsonwalk.Drop, noDefer},
}}

var typedToolFields = &jsonwalk.Table{Name: "local_shell, shell, apply_patch, tool_search", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"execution", jsonwalk.Map, "client, or the tool search is left out"},
	{"description", jsonwalk.Map, "the description of a tool search"},
	{"parameters", jsonwalk.Map, "the schema of a tool search"},
	{"environment", jsonwalk.Map, "unless it is local the tool is left out with a warning: no containers are kept"},
	{"allowed_callers", jsonwalk.Drop, noCaller},
}}

var searchToolFields = &jsonwalk.Table{Name: "web_search", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"filters", jsonwalk.Map, "domains"},
	{"search_context_size", jsonwalk.Drop, "the upstream decides how much it reads"},
	{"search_content_types", jsonwalk.Drop, "the upstream decides what it reads"},
	{"external_web_access", jsonwalk.Drop, "the upstream's search is its own index"},
	{"indexed_web_access", jsonwalk.Drop, "the upstream's search is its own index"},
	{"user_location", jsonwalk.Warn, "the search does not know it"},
	{"blocked_domains", jsonwalk.Map, "as in filters, in the words of Anthropic"},
	{"allowed_domains", jsonwalk.Warn, "the search cannot be held to them"},
	{"max_uses", jsonwalk.Warn, "searches are not counted"},
	{"name", jsonwalk.Drop, "the type names it"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var searchFilterFields = &jsonwalk.Table{Name: "web_search.filters", Fields: []jsonwalk.Field{
	{"blocked_domains", jsonwalk.Map, "the search leaves them out, where the upstream can; at most 2000"},
	{"allowed_domains", jsonwalk.Warn, "the search cannot be held to them"},
}}

var codeToolFields = &jsonwalk.Table{Name: "code_interpreter", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"container", jsonwalk.Warn, "code runs in the upstream's own surroundings, without the client's files"},
	{"allowed_callers", jsonwalk.Drop, noCaller},
}}

const oneStill = "the upstream makes single images"

var imageToolFields = &jsonwalk.Table{Name: "image_generation", Fields: append([]jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"model", jsonwalk.Drop, "the model of the request makes the images"},
	{"action", jsonwalk.Drop, "the model decides whether it changes an image or makes a new one"},
	{"input_image_mask", jsonwalk.Warn, "the upstream takes no masks; say in words what to change"},
	{"frame_count", jsonwalk.Warn, oneStill},
	{"frame_duration_ms", jsonwalk.Warn, oneStill},
	{"svg", jsonwalk.Warn, "the upstream makes images of pixels"},
	{"complexity", jsonwalk.Warn, "the upstream has no such setting; say it in the prompt"},
}, openai.ImageFields...)}
