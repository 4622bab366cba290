package claude

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
		requestFields, thinkingFields, outputFields, setting.FormatTypes, setting.FormatFields, setting.SchemaFields, metadataFields,
		messageFields, turnFields, blockTypes, textFields, imageFields,
		documentFields, sourceTypes, sourceFields, citationsFields, searchResultFields,
		thoughtFields, redactedFields, callFields, resultFields, referenceFields,
		changeFields, compactionFields, systemBlockFields, serverCallFields, serverResultFields, uploadFields, browserFields,
		toolTypes, typedToolFields, webSearchFields, webFetchFields, codeExecutionFields,
	}, tool.Tables(), openai.PartTables(), openai.CallTables())
}

const (
	noBrowser   = "the upstream has no browser tools"
	noMCP       = "MCP servers are not connected to; let the client do it"
	noToolset   = "the tool's own name stands for it"
	noInclusion = "answers hold what the upstream tells of its own tools"
	noCacheMark = "the upstream caches prefixes by itself"
	noCitations = "the answer will hold no citations"
	noThought   = "reasoning without a signature of ours is not replayed"
	asText      = "history text"
)

var requestFields = &jsonwalk.Table{Name: "request", Fields: append([]jsonwalk.Field{
	{"model", jsonwalk.Map, "the model, by the alias table; replies echo it"},
	{"max_tokens", jsonwalk.Map, "the output limit; 0, which fills a cache, asks for one token and tells nothing of it"},
	{"messages", jsonwalk.Map, "the conversation"},
	{"system", jsonwalk.Map, "the system text; the billing header block is removed"},
	{"stop_sequences", jsonwalk.Map, "stop sequences, at most 1024"},
	{"temperature", jsonwalk.Map, "sampling, where the model honors it"},
	{"top_p", jsonwalk.Map, "sampling, where the model honors it"},
	{"top_k", jsonwalk.Map, "sampling, where the model honors it"},
	{"stream", jsonwalk.Map, "events instead of one document"},
	{"thinking", jsonwalk.Map, "how much to think, and whether thoughts are shown"},
	{"output_config", jsonwalk.Map, "effort and structured output"},
	{"output_format", jsonwalk.Map, "structured output"},
	{"tools", jsonwalk.Map, "tools"},
	{"tool_choice", jsonwalk.Map, "tool choice; only the first call is delivered if parallel use is disabled"},
	{"metadata", jsonwalk.Map, "the session"},
	{"response_format", jsonwalk.Map, "structured output, in the words of Chat Completions"},
	{"stop", jsonwalk.Map, "stop sequences, in the words of Chat Completions"},
	{"reasoning_effort", jsonwalk.Map, "as output_config.effort, in the words of Chat Completions"},
	{"functions", jsonwalk.Map, "tools, in the words of Chat Completions"},
	{"max_completion_tokens", jsonwalk.Map, "the output limit, in the words of Chat Completions"},
	{"parallel_tool_calls", jsonwalk.Map, "only the first call of an answer is delivered if false"},
	{"input", jsonwalk.Refuse, "of another API; send messages"},
	{"instructions", jsonwalk.Refuse, "of another API; send it as system"},
	{"prompt", jsonwalk.Refuse, "of another API; send messages"},
	{"text", jsonwalk.Refuse, "of another API; send output_config.format"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
	{"service_tier", jsonwalk.Map, "standard_only asks for the standard tier; replies say which tier they came from, if the upstream does"},
	{"diagnostics", jsonwalk.Drop, "concerns the original service"},
	{"fallback_credit_token", jsonwalk.Drop, "concerns the original service"},
	{"anthropic_version", jsonwalk.Drop, "all versions are read alike"},
	{"anthropic_beta", jsonwalk.Drop, "features are known by their fields"},
	{"speed", jsonwalk.Map, "a warning unless standard: the upstream has no fast mode"},
	{"context_management", jsonwalk.Warn, "context is not edited on the way"},
	{"safeguards", jsonwalk.Warn, "the upstream's own safety settings hold"},
	{"inference_geo", jsonwalk.Map, "where the upstream computes cannot be promised; leave it out, or send global"},
	{"container", jsonwalk.Warn, "no containers are kept: code starts in an empty one"},
	{"mcp_servers", jsonwalk.Warn, noMCP},
	{"compaction", jsonwalk.Refuse, "the answer would be a summary, which the upstream has no word for; ask the model for one"},
	{"fallbacks", jsonwalk.Warn, "fallback models are configured in the gateway"},
}, setting.GeminiFields...)}

var thinkingFields = &jsonwalk.Table{Name: "thinking", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "enabled, adaptive or disabled; absent means off"},
	{"budget_tokens", jsonwalk.Map, "the thinking budget"},
	{"block_binding", jsonwalk.Drop, "thoughts whose signature does not fit are left out"},
	{"display", jsonwalk.Map, "omitted hides the thoughts; their signatures are still sent"},
}}

var outputFields = &jsonwalk.Table{Name: "output_config", Fields: []jsonwalk.Field{
	{"effort", jsonwalk.Map, "the thinking level, unless thinking has a budget or is disabled"},
	{"format", jsonwalk.Map, "structured output"},
	{"task_budget", jsonwalk.Drop, "a hint that the upstream does not know"},
}}

var metadataFields = &jsonwalk.Table{Name: "metadata", Fields: []jsonwalk.Field{
	{"user_id", jsonwalk.Map, "its session part names the session; the rest is not passed on"},
}}

var messageFields = &jsonwalk.Table{Name: "message", Fields: []jsonwalk.Field{
	{"role", jsonwalk.Map, "user, assistant or system; developer is system; tool and function, of another API, are results"},
	{"clear_at", jsonwalk.Map, "next_user_message leaves system text out once the user has spoken again"},
	{"content", jsonwalk.Map, "text or blocks"},
	{"output_config", jsonwalk.Map, "the effort of the last message that has one holds where the request has none"},
	{"tool_calls", jsonwalk.Map, "tool calls, in the words of Chat Completions"},
	{"function_call", jsonwalk.Map, "a tool call, in the words of Chat Completions"},
	{"tool_call_id", jsonwalk.Map, "the call that a result belongs to"},
	{"name", jsonwalk.Map, "the tool of a result; of other roles not passed on"},
	{"refusal", jsonwalk.Map, "text"},
	{"audio", jsonwalk.Map, "of an answer its transcript, where the client sends it back, else a placeholder, since sound is not kept; of others the sound"},
	{"images", jsonwalk.Map, "images, in the words of Ollama and of routers of models"},
	{"reasoning_content", jsonwalk.Drop, noThought},
	{"reasoning", jsonwalk.Drop, noThought},
	{"attachments", jsonwalk.Refuse, "of no API; send it as content"},
	{"experimental_attachments", jsonwalk.Refuse, "of no API; send it as content"},
	{"annotations", jsonwalk.Drop, "answers put back whole bring it along"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
	{"id", jsonwalk.Drop, "answers put back whole bring it along"},
	{"type", jsonwalk.Drop, "answers put back whole bring it along"},
	{"model", jsonwalk.Drop, "answers put back whole bring it along"},
	{"stop_reason", jsonwalk.Drop, "answers put back whole bring it along"},
	{"stop_sequence", jsonwalk.Drop, "answers put back whole bring it along"},
	{"stop_details", jsonwalk.Drop, "answers put back whole bring it along"},
	{"usage", jsonwalk.Drop, "answers put back whole bring it along"},
}}

var turnFields = &jsonwalk.Table{Name: "message output_config", Fields: []jsonwalk.Field{
	{"effort", jsonwalk.Map, "see the message's output_config"},
}}

// blockTypes are the values of a content block's type. Those to Map have a
// reader in block.go.
var blockTypes = &jsonwalk.Table{Name: "content block types", Fields: []jsonwalk.Field{
	{"text", jsonwalk.Map, "text"},
	{"image", jsonwalk.Map, "media"},
	{"document", jsonwalk.Map, "media or text, with its title and context"},
	{"search_result", jsonwalk.Map, "text of title, source and content"},
	{"thinking", jsonwalk.Map, "a thought, if its signature is ours"},
	{"redacted_thinking", jsonwalk.Map, "the signature it carries, if it is ours"},
	{"tool_use", jsonwalk.Map, "a tool call"},
	{"tool_result", jsonwalk.Map, "a tool's result"},
	{"tool_reference", jsonwalk.Map, "text that names the tool"},
	{"tool_addition", jsonwalk.Map, "a tool, if defined there; a tool named by reference is there from the start"},
	{"server_tool_use", jsonwalk.Map, "the upstream's own call, if it carries one; else text"},
	{"web_search_tool_result", jsonwalk.Map, "the upstream's own result, if it carries one; else text of titles and URLs"},
	{"web_fetch_tool_result", jsonwalk.Map, asText},
	{"code_execution_tool_result", jsonwalk.Map, asText},
	{"bash_code_execution_tool_result", jsonwalk.Map, asText},
	{"text_editor_code_execution_tool_result", jsonwalk.Map, asText},
	{"tool_search_tool_result", jsonwalk.Map, asText},
	{"mcp_tool_use", jsonwalk.Map, asText},
	{"mcp_tool_result", jsonwalk.Map, asText},
	{"advisor_tool_result", jsonwalk.Map, asText},
	{"compaction", jsonwalk.Map, "text in <summary>"},
	{"mid_conv_system", jsonwalk.Map, "system text at its place"},
	{"fallback", jsonwalk.Drop, "tells which model answered"},
	{"tool_removal", jsonwalk.Warn, "the tool stays callable"},
	{"mcp_tool_listing", jsonwalk.Drop, "those tools cannot be called here"},
	{"browser_state", jsonwalk.Map, asText},
	{"container_upload", jsonwalk.Map, "left out but for a placeholder: no containers are kept"},
	{"*_tool_result", jsonwalk.Map, asText},
	{"*_tool_use", jsonwalk.Map, asText},
}}

var textFields = &jsonwalk.Table{Name: "text block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"text", jsonwalk.Map, "text"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
	{"citations", jsonwalk.Drop, "the upstream does not read citations"},
}}

var imageFields = &jsonwalk.Table{Name: "image block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"source", jsonwalk.Map, "media"},
	{"transformations", jsonwalk.Drop, "images are passed on as they are"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var documentFields = &jsonwalk.Table{Name: "document block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"source", jsonwalk.Map, "media, text, or the blocks within"},
	{"title", jsonwalk.Map, "the name of the media, or a line above the text"},
	{"context", jsonwalk.Map, "text above the document"},
	{"citations", jsonwalk.Map, "a warning if enabled: " + noCitations},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var sourceTypes = &jsonwalk.Table{Name: "source types", Fields: []jsonwalk.Field{
	{"base64", jsonwalk.Map, "inline media"},
	{"url", jsonwalk.Map, "a reference that the upstream fetches"},
	{"text", jsonwalk.Map, "text (documents)"},
	{"content", jsonwalk.Map, "the blocks within (documents)"},
	{"file", jsonwalk.Refuse, "files of another service cannot be read, and the answer is about them; send the data inline"},
}}

var sourceFields = &jsonwalk.Table{Name: "source", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"media_type", jsonwalk.Map, "the MIME type; without it the first bytes tell"},
	{"data", jsonwalk.Map, "base64, or text"},
	{"url", jsonwalk.Map, "the reference"},
	{"content", jsonwalk.Map, "text or blocks"},
}}

var citationsFields = &jsonwalk.Table{Name: "citations", Fields: []jsonwalk.Field{
	{"enabled", jsonwalk.Map, "a warning if true: " + noCitations},
}}

var searchResultFields = &jsonwalk.Table{Name: "search_result block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"title", jsonwalk.Map, "a line of text"},
	{"source", jsonwalk.Map, "a line of text"},
	{"content", jsonwalk.Map, "text"},
	{"citations", jsonwalk.Map, "a warning if enabled: " + noCitations},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var thoughtFields = &jsonwalk.Table{Name: "thinking block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"thinking", jsonwalk.Map, "the thought"},
	{"signature", jsonwalk.Map, "the signature it carries"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var redactedFields = &jsonwalk.Table{Name: "redacted_thinking block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"data", jsonwalk.Map, "the signature it carries"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var callFields = &jsonwalk.Table{Name: "tool_use block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"id", jsonwalk.Map, "the id, and the signature it may carry"},
	{"name", jsonwalk.Map, "the tool"},
	{"input", jsonwalk.Map, "the arguments"},
	{"toolset_name", jsonwalk.Drop, noToolset},
	{"caller", jsonwalk.Drop, "every call is direct"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var resultFields = &jsonwalk.Table{Name: "tool_result block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"tool_use_id", jsonwalk.Map, "the call"},
	{"content", jsonwalk.Map, "text and media"},
	{"is_error", jsonwalk.Map, "a failed result"},
	{"toolset_name", jsonwalk.Drop, noToolset},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var referenceFields = &jsonwalk.Table{Name: "tool_reference block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"tool_name", jsonwalk.Map, "text that names the tool"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var changeFields = &jsonwalk.Table{Name: "tool_addition block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"tool", jsonwalk.Map, "a definition becomes a tool; a reference needs nothing"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var compactionFields = &jsonwalk.Table{Name: "compaction block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"content", jsonwalk.Map, "the summary"},
	{"encrypted_content", jsonwalk.Drop, "only the original service can read it"},
	{"signature", jsonwalk.Drop, "only the original service can check it"},
	{"tool_changes", jsonwalk.Warn, "tools are those that the request declares"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var systemBlockFields = &jsonwalk.Table{Name: "mid_conv_system block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"content", jsonwalk.Map, "system text"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var serverCallFields = &jsonwalk.Table{Name: "server_tool_use block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, asText},
	{"input", jsonwalk.Map, asText},
	{"server_name", jsonwalk.Map, asText},
	{"id", jsonwalk.Map, "a call of the upstream's own that it may carry; else it only joins the call to its result"},
	{"caller", jsonwalk.Drop, "every call is direct"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var uploadFields = &jsonwalk.Table{Name: "container_upload block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"file_id", jsonwalk.Drop, "the warning tells of the whole block"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var browserFields = &jsonwalk.Table{Name: "browser_state block", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"tabs", jsonwalk.Map, asText},
	{"state_changes", jsonwalk.Map, asText},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var serverResultFields = &jsonwalk.Table{Name: "server tool result blocks", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"content", jsonwalk.Map, asText},
	{"is_error", jsonwalk.Map, asText},
	{"tool_use_id", jsonwalk.Drop, "only joins the result to its call, which precedes"},
	{"caller", jsonwalk.Drop, "every call is direct"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// toolTypes are the values of a tool's type. The dates they end with are
// versions. What is left out with a warning is refused where tool_choice asks
// for it.
var toolTypes = &jsonwalk.Table{Name: "tool types", Fields: []jsonwalk.Field{
	{"custom", jsonwalk.Map, "a function"},
	{"function", jsonwalk.Map, "a function, in the words of other APIs"},
	{"web_search_*", jsonwalk.Map, "the upstream's search"},
	{"web_fetch_*", jsonwalk.Map, "the upstream fetches URLs"},
	{"code_execution_*", jsonwalk.Map, "the upstream runs code"},
	{"bash_*", jsonwalk.Map, "a function with the published inputs"},
	{"text_editor_*", jsonwalk.Map, "a function with the published inputs of its version"},
	{"memory_*", jsonwalk.Map, "a function with the published inputs"},
	{"tool_search_tool_*", jsonwalk.Drop, "every deferred tool is sent at once"},
	{"computer_*", jsonwalk.Warn, "the upstream's computer use has other actions"},
	{"browser_toolset_*", jsonwalk.Warn, noBrowser},
	{"mcp_toolset", jsonwalk.Warn, noMCP},
	{"advisor*", jsonwalk.Warn, "the upstream has no advisor"},
	{"*", jsonwalk.Warn, "the upstream has no such tool; one with a name and a schema is declared as a function"},
}}

var typedToolFields = &jsonwalk.Table{Name: "bash, text_editor and memory tools", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "says which inputs the tool has"},
	{"name", jsonwalk.Map, "the name"},
	{"input_examples", jsonwalk.Map, "text at the end of the description"},
	{"strict", jsonwalk.Map, "arguments are validated"},
	{"max_characters", jsonwalk.Drop, "the client's own limit"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, "every call is direct"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var webSearchFields = &jsonwalk.Table{Name: "web_search tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "the name"},
	{"allowed_domains", jsonwalk.Warn, "the search is not limited to them"},
	{"blocked_domains", jsonwalk.Map, "left out of the search, where the backend can; at most 2000"},
	{"response_inclusion", jsonwalk.Drop, noInclusion},
	{"search_context_size", jsonwalk.Drop, "the upstream decides how much it reads"},
	{"max_uses", jsonwalk.Warn, "searches are not counted"},
	{"user_location", jsonwalk.Warn, "the search does not know it"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, "every call is direct"},
	{"strict", jsonwalk.Drop, "its inputs are the upstream's own"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var webFetchFields = &jsonwalk.Table{Name: "web_fetch tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "the name"},
	{"allowed_domains", jsonwalk.Warn, "fetching is not limited to them"},
	{"blocked_domains", jsonwalk.Warn, "fetching is not limited by them"},
	{"max_uses", jsonwalk.Warn, "fetches are not counted"},
	{"max_content_tokens", jsonwalk.Warn, "fetched content is not limited"},
	{"url_sources", jsonwalk.Warn, "fetching is not limited to them"},
	{"use_cache", jsonwalk.Drop, "the upstream decides what it fetches anew"},
	{"response_inclusion", jsonwalk.Drop, noInclusion},
	{"citations", jsonwalk.Drop, "answers cite pages wherever the upstream tells them"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, "every call is direct"},
	{"strict", jsonwalk.Drop, "its inputs are the upstream's own"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var codeExecutionFields = &jsonwalk.Table{Name: "code_execution tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "the name"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, "every call is direct"},
	{"strict", jsonwalk.Drop, "its inputs are the upstream's own"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}
