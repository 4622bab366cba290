package claude

// Action says what becomes of a field.
type Action uint8

// The actions.
const (
	Map    Action = iota // it has an equivalent
	Drop                 // left out: the answer does not depend on it
	Warn                 // left out, and the client is told
	Refuse               // the request fails: without it the answer would be wrong
)

var actionNames = [...]string{"map", "drop", "warn", "refuse"}

// String returns the word that the documentation uses.
func (a Action) String() string { return actionNames[a] }

// Field is one row of a Table.
type Field struct {
	// Name is the field's name, or the value of a type field. A trailing *
	// stands for the date that versioned types end with.
	Name   string
	Action Action
	// Why says what it becomes, or why it is left out or refused.
	Why string
}

// Table says what becomes of each field of one object. The decoder obeys it;
// what is in no table is left out with a warning.
type Table struct {
	Name   string
	Fields []Field
}

// Tables returns all tables, for the documentation.
func Tables() []*Table {
	return []*Table{
		requestFields, thinkingFields, outputFields, formatFields, metadataFields,
		choiceFields, messageFields, turnFields, blockTypes, textFields, imageFields,
		documentFields, sourceTypes, sourceFields, citationsFields, searchResultFields,
		thoughtFields, redactedFields, callFields, resultFields, referenceFields,
		changeFields, compactionFields, systemBlockFields, serverCallFields, serverResultFields,
		toolTypes, functionFields, typedToolFields, webSearchFields, webFetchFields,
		codeExecutionFields,
	}
}

const (
	noCacheMark = "the upstream caches prefixes by itself"
	noCitations = "the answer will hold no citations"
	asText      = "history text"
)

var requestFields = &Table{"request", []Field{
	{"model", Map, "the model, by the alias table; replies echo it"},
	{"max_tokens", Map, "the output limit"},
	{"messages", Map, "the conversation"},
	{"system", Map, "the system text; the billing header block is removed"},
	{"stop_sequences", Map, "stop sequences"},
	{"temperature", Map, "sampling, where the model honors it"},
	{"top_p", Map, "sampling, where the model honors it"},
	{"top_k", Map, "sampling, where the model honors it"},
	{"stream", Map, "events instead of one document"},
	{"thinking", Map, "how much to think, and whether thoughts are shown"},
	{"output_config", Map, "effort and structured output"},
	{"output_format", Map, "structured output"},
	{"tools", Map, "tools"},
	{"tool_choice", Map, "tool choice; only the first call is delivered if parallel use is disabled"},
	{"metadata", Map, "the session"},
	{"cache_control", Drop, noCacheMark},
	{"service_tier", Map, "standard_only asks for the standard tier"},
	{"diagnostics", Drop, "concerns the original service"},
	{"fallback_credit_token", Drop, "concerns the original service"},
	{"anthropic_version", Drop, "all versions are read alike"},
	{"anthropic_beta", Drop, "features are known by their fields"},
	{"speed", Map, "a warning unless standard: the upstream has no fast mode"},
	{"context_management", Warn, "context is not edited on the way"},
	{"safeguards", Warn, "the upstream's own safety settings hold"},
	{"inference_geo", Refuse, "where the upstream computes cannot be promised"},
	{"container", Refuse, "no containers are kept"},
	{"mcp_servers", Refuse, "MCP servers are not connected to; let the client do it"},
	{"fallbacks", Refuse, "fallback models are configured in the gateway"},
}}

var thinkingFields = &Table{"thinking", []Field{
	{"type", Map, "enabled, adaptive or disabled; absent means off"},
	{"budget_tokens", Map, "the thinking budget"},
	{"display", Map, "omitted hides the thoughts; their signatures are still sent"},
}}

var outputFields = &Table{"output_config", []Field{
	{"effort", Map, "the thinking level, unless thinking has a budget or is disabled"},
	{"format", Map, "structured output"},
	{"task_budget", Drop, "a hint that the upstream does not know"},
}}

var formatFields = &Table{"output format", []Field{
	{"type", Map, "json_schema"},
	{"schema", Map, "the schema of the answer"},
	{"name", Drop, "the upstream does not name formats"},
}}

var metadataFields = &Table{"metadata", []Field{
	{"user_id", Map, "its session part names the session; the rest is not passed on"},
}}

var choiceFields = &Table{"tool_choice", []Field{
	{"type", Map, "auto, any, tool or none"},
	{"name", Map, "the tool that must be called"},
	{"disable_parallel_tool_use", Map, "only the first call of an answer is delivered"},
}}

var messageFields = &Table{"message", []Field{
	{"role", Map, "user, assistant or system"},
	{"content", Map, "text or blocks"},
	{"output_config", Map, "the effort of the last message that has one holds where the request has none"},
	{"id", Drop, "answers put back whole bring it along"},
	{"type", Drop, "answers put back whole bring it along"},
	{"model", Drop, "answers put back whole bring it along"},
	{"stop_reason", Drop, "answers put back whole bring it along"},
	{"stop_sequence", Drop, "answers put back whole bring it along"},
	{"stop_details", Drop, "answers put back whole bring it along"},
	{"usage", Drop, "answers put back whole bring it along"},
}}

var turnFields = &Table{"message output_config", []Field{
	{"effort", Map, "see the message's output_config"},
}}

// blockTypes are the values of a content block's type. Those to Map have a
// reader in block.go.
var blockTypes = &Table{"content block types", []Field{
	{"text", Map, "text"},
	{"image", Map, "media"},
	{"document", Map, "media or text, with its title and context"},
	{"search_result", Map, "text of title, source and content"},
	{"thinking", Map, "a thought, if its signature is ours"},
	{"redacted_thinking", Map, "the signature it carries, if it is ours"},
	{"tool_use", Map, "a tool call"},
	{"tool_result", Map, "a tool's result"},
	{"tool_reference", Map, "text that names the tool"},
	{"tool_addition", Map, "a tool, if defined there; a tool named by reference is there from the start"},
	{"server_tool_use", Map, "the upstream's own call, if it carries one; else text"},
	{"web_search_tool_result", Map, "the upstream's own result, if it carries one; else text of titles and URLs"},
	{"web_fetch_tool_result", Map, asText},
	{"code_execution_tool_result", Map, asText},
	{"bash_code_execution_tool_result", Map, asText},
	{"text_editor_code_execution_tool_result", Map, asText},
	{"tool_search_tool_result", Map, asText},
	{"mcp_tool_use", Map, asText},
	{"mcp_tool_result", Map, asText},
	{"advisor_tool_result", Map, asText},
	{"compaction", Map, "text in <summary>"},
	{"mid_conv_system", Map, "system text at its place"},
	{"fallback", Drop, "tells which model answered"},
	{"tool_removal", Warn, "the tool stays callable"},
	{"container_upload", Refuse, "files cannot be put into a container"},
}}

var textFields = &Table{"text block", []Field{
	{"type", Map, ""},
	{"text", Map, "text"},
	{"cache_control", Drop, noCacheMark},
	{"citations", Drop, "the upstream does not read citations"},
}}

var imageFields = &Table{"image block", []Field{
	{"type", Map, ""},
	{"source", Map, "media"},
	{"cache_control", Drop, noCacheMark},
}}

var documentFields = &Table{"document block", []Field{
	{"type", Map, ""},
	{"source", Map, "media, text, or the blocks within"},
	{"title", Map, "the name of the media, or a line above the text"},
	{"context", Map, "text above the document"},
	{"citations", Map, "a warning if enabled: " + noCitations},
	{"cache_control", Drop, noCacheMark},
}}

var sourceTypes = &Table{"source types", []Field{
	{"base64", Map, "inline media"},
	{"url", Map, "a reference that the upstream fetches"},
	{"text", Map, "text (documents)"},
	{"content", Map, "the blocks within (documents)"},
	{"file", Refuse, "files of another service cannot be read"},
}}

var sourceFields = &Table{"source", []Field{
	{"type", Map, ""},
	{"media_type", Map, "the MIME type"},
	{"data", Map, "base64, or text"},
	{"url", Map, "the reference"},
	{"content", Map, "text or blocks"},
}}

var citationsFields = &Table{"citations", []Field{
	{"enabled", Map, "a warning if true: " + noCitations},
}}

var searchResultFields = &Table{"search_result block", []Field{
	{"type", Map, ""},
	{"title", Map, "a line of text"},
	{"source", Map, "a line of text"},
	{"content", Map, "text"},
	{"citations", Map, "a warning if enabled: " + noCitations},
	{"cache_control", Drop, noCacheMark},
}}

var thoughtFields = &Table{"thinking block", []Field{
	{"type", Map, ""},
	{"thinking", Map, "the thought"},
	{"signature", Map, "the signature it carries"},
	{"cache_control", Drop, noCacheMark},
}}

var redactedFields = &Table{"redacted_thinking block", []Field{
	{"type", Map, ""},
	{"data", Map, "the signature it carries"},
	{"cache_control", Drop, noCacheMark},
}}

var callFields = &Table{"tool_use block", []Field{
	{"type", Map, ""},
	{"id", Map, "the id, and the signature it may carry"},
	{"name", Map, "the tool"},
	{"input", Map, "the arguments"},
	{"caller", Drop, "every call is direct"},
	{"cache_control", Drop, noCacheMark},
}}

var resultFields = &Table{"tool_result block", []Field{
	{"type", Map, ""},
	{"tool_use_id", Map, "the call"},
	{"content", Map, "text and media"},
	{"is_error", Map, "a failed result"},
	{"cache_control", Drop, noCacheMark},
}}

var referenceFields = &Table{"tool_reference block", []Field{
	{"type", Map, ""},
	{"tool_name", Map, "text that names the tool"},
	{"cache_control", Drop, noCacheMark},
}}

var changeFields = &Table{"tool_addition block", []Field{
	{"type", Map, ""},
	{"tool", Map, "a definition becomes a tool; a reference needs nothing"},
	{"cache_control", Drop, noCacheMark},
}}

var compactionFields = &Table{"compaction block", []Field{
	{"type", Map, ""},
	{"content", Map, "the summary"},
	{"encrypted_content", Drop, "only the original service can read it"},
	{"cache_control", Drop, noCacheMark},
}}

var systemBlockFields = &Table{"mid_conv_system block", []Field{
	{"type", Map, ""},
	{"content", Map, "system text"},
	{"cache_control", Drop, noCacheMark},
}}

var serverCallFields = &Table{"server_tool_use block", []Field{
	{"type", Map, ""},
	{"name", Map, asText},
	{"input", Map, asText},
	{"server_name", Map, asText},
	{"id", Map, "a call of the upstream's own that it may carry; else it only joins the call to its result"},
	{"caller", Drop, "every call is direct"},
	{"cache_control", Drop, noCacheMark},
}}

var serverResultFields = &Table{"server tool result blocks", []Field{
	{"type", Map, ""},
	{"content", Map, asText},
	{"is_error", Map, asText},
	{"tool_use_id", Drop, "only joins the result to its call, which precedes"},
	{"caller", Drop, "every call is direct"},
	{"cache_control", Drop, noCacheMark},
}}

// toolTypes are the values of a tool's type. The dates they end with are
// versions.
var toolTypes = &Table{"tool types", []Field{
	{"custom", Map, "a function"},
	{"web_search_*", Map, "the upstream's search"},
	{"web_fetch_*", Map, "the upstream fetches URLs"},
	{"code_execution_*", Map, "the upstream runs code"},
	{"bash_*", Map, "a function with the published inputs"},
	{"text_editor_*", Map, "a function with the published inputs of its version"},
	{"memory_*", Map, "a function with the published inputs"},
	{"tool_search_tool_*", Drop, "every deferred tool is sent at once"},
	{"computer_*", Refuse, "the upstream's computer use has other actions"},
	{"mcp_toolset", Refuse, "MCP servers are not connected to; let the client do it"},
	{"advisor*", Refuse, "the upstream has no advisor"},
}}

var functionFields = &Table{"custom tool", []Field{
	{"type", Map, ""},
	{"name", Map, "the name"},
	{"description", Map, "the description"},
	{"input_schema", Map, "the schema of the arguments"},
	{"input_examples", Map, "text at the end of the description"},
	{"strict", Map, "arguments are validated"},
	{"defer_loading", Drop, "the tool is sent at once"},
	{"allowed_callers", Drop, "every call is direct"},
	{"eager_input_streaming", Drop, "arguments stream as the upstream gives them"},
	{"cache_control", Drop, noCacheMark},
}}

var typedToolFields = &Table{"bash, text_editor and memory tools", []Field{
	{"type", Map, "says which inputs the tool has"},
	{"name", Map, "the name"},
	{"input_examples", Map, "text at the end of the description"},
	{"strict", Map, "arguments are validated"},
	{"max_characters", Drop, "the client's own limit"},
	{"defer_loading", Drop, "the tool is sent at once"},
	{"allowed_callers", Drop, "every call is direct"},
	{"cache_control", Drop, noCacheMark},
}}

var webSearchFields = &Table{"web_search tool", []Field{
	{"type", Map, ""},
	{"name", Map, "the name"},
	{"allowed_domains", Warn, "the search is not limited to them"},
	{"blocked_domains", Map, "left out of the search, where the backend can"},
	{"max_uses", Warn, "searches are not counted"},
	{"user_location", Warn, "the search does not know it"},
	{"defer_loading", Drop, "the tool is sent at once"},
	{"allowed_callers", Drop, "every call is direct"},
	{"strict", Drop, "its inputs are the upstream's own"},
	{"cache_control", Drop, noCacheMark},
}}

var webFetchFields = &Table{"web_fetch tool", []Field{
	{"type", Map, ""},
	{"name", Map, "the name"},
	{"allowed_domains", Warn, "fetching is not limited to them"},
	{"blocked_domains", Warn, "fetching is not limited by them"},
	{"max_uses", Warn, "fetches are not counted"},
	{"max_content_tokens", Warn, "fetched content is not limited"},
	{"citations", Map, "a warning if enabled: " + noCitations},
	{"defer_loading", Drop, "the tool is sent at once"},
	{"allowed_callers", Drop, "every call is direct"},
	{"strict", Drop, "its inputs are the upstream's own"},
	{"cache_control", Drop, noCacheMark},
}}

var codeExecutionFields = &Table{"code_execution tool", []Field{
	{"type", Map, ""},
	{"name", Map, "the name"},
	{"defer_loading", Drop, "the tool is sent at once"},
	{"allowed_callers", Drop, "every call is direct"},
	{"strict", Drop, "its inputs are the upstream's own"},
	{"cache_control", Drop, noCacheMark},
}}
