package responses

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

const (
	searched = "what was found is in the text that follows"
	asText   = "history text"
)

var itemTypes = &jsonwalk.Table{Name: "input item types", Fields: []jsonwalk.Field{
	{"message", jsonwalk.Map, "a message; an item without a type that has a role is one"},
	{"reasoning", jsonwalk.Map, "the signature it carries"},
	{"function_call", jsonwalk.Map, "a tool call"},
	{"function_call_output", jsonwalk.Map, "a tool result"},
	{"custom_tool_call", jsonwalk.Map, "a tool call with one string as its input"},
	{"custom_tool_call_output", jsonwalk.Map, "a tool result"},
	{"local_shell_call", jsonwalk.Map, "a tool call"},
	{"local_shell_call_output", jsonwalk.Map, "a tool result"},
	{"shell_call", jsonwalk.Map, "a tool call"},
	{"shell_call_output", jsonwalk.Map, "a tool result"},
	{"apply_patch_call", jsonwalk.Map, "a tool call"},
	{"apply_patch_call_output", jsonwalk.Map, "a tool result"},
	{"tool_search_call", jsonwalk.Map, "a tool call, if the client ran it"},
	{"tool_search_output", jsonwalk.Map, "a tool result, if the client ran it; its tools are declared"},
	{"additional_tools", jsonwalk.Map, "its tools are declared"},
	{"code_interpreter_call", jsonwalk.Map, "history text"},
	{"image_generation_call", jsonwalk.Map, "an image that the model made"},
	{"mcp_call", jsonwalk.Map, "history text"},
	{"web_search_call", jsonwalk.Drop, searched},
	{"file_search_call", jsonwalk.Drop, searched},
	{"mcp_list_tools", jsonwalk.Drop, "those tools cannot be called here"},
	{"mcp_approval_request", jsonwalk.Drop, "those tools cannot be called here"},
	{"mcp_approval_response", jsonwalk.Drop, "those tools cannot be called here"},
	{"ghost_snapshot", jsonwalk.Drop, "the client's own note of a commit"},
	{"configuration_update", jsonwalk.Warn, "settings are those of the request"},
	{"compaction*", jsonwalk.Warn, "its content can be read by the original service only"},
	{"context_compaction", jsonwalk.Warn, "its content can be read by the original service only"},
	{"program*", jsonwalk.Warn, "programs of the original service are not replayed"},
	{"computer_call", jsonwalk.Map, "history text"},
	{"computer_call_output", jsonwalk.Map, "the screenshot; without it, a placeholder and a warning"},
	{"*_call", jsonwalk.Map, "history text"},
	{"*_call_output", jsonwalk.Map, "history text"},
	{"item_reference", jsonwalk.Map, "left out with a warning where it names reasoning or a search, which the call or text beside it can do without; any other is refused: " + noStore},
}}

var referenceFields = &jsonwalk.Table{Name: "item_reference item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"id", jsonwalk.Map, "tells by its first letters what it names"},
}}

var messageFields = &jsonwalk.Table{Name: "message item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"role", jsonwalk.Map, "user, assistant, system or developer; tool and function, of another API, are results"},
	{"content", jsonwalk.Map, "text or parts; system text after the first turn stays at its place"},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, echoedBack},
	{"phase", jsonwalk.Drop, echoedBack},
	{"name", jsonwalk.Map, "the tool of a result; of other roles not passed on"},
	{"tool_calls", jsonwalk.Map, "tool calls, in the words of Chat Completions"},
	{"function_call", jsonwalk.Map, "a tool call, in the words of Chat Completions"},
	{"tool_call_id", jsonwalk.Map, "the call that a result belongs to"},
	{"refusal", jsonwalk.Map, "text"},
	{"audio", jsonwalk.Map, "of an answer its transcript, where the client sends it back, else a placeholder, since sound is not kept; of others the sound"},
	{"images", jsonwalk.Map, "images, in the words of Ollama and of routers of models"},
	{"reasoning_content", jsonwalk.Drop, "reasoning without a signature of ours is not replayed"},
	{"reasoning", jsonwalk.Drop, "reasoning without a signature of ours is not replayed"},
	{"attachments", jsonwalk.Refuse, "of no API; send it as content"},
	{"experimental_attachments", jsonwalk.Refuse, "of no API; send it as content"},
	{"annotations", jsonwalk.Drop, echoedBack},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var thoughtFields = &jsonwalk.Table{Name: "reasoning item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"summary", jsonwalk.Map, "a thought, if the item carries its signature; else left out"},
	{"encrypted_content", jsonwalk.Map, "the signature it carries, if it is ours"},
	{"content", jsonwalk.Drop, "reasoning without a signature of ours is not replayed"},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, echoedBack},
}}

var summaryFields = &jsonwalk.Table{Name: "reasoning item summary", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "summary_text"},
	{"text", jsonwalk.Map, "the thought"},
}}

var callFields = &jsonwalk.Table{Name: "function_call item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"call_id", jsonwalk.Map, "the id"},
	{"name", jsonwalk.Map, "the tool"},
	{"namespace", jsonwalk.Map, "the tool's namespace"},
	{"arguments", jsonwalk.Map, "the arguments"},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, echoedBack},
	{"async", jsonwalk.Drop, echoedBack},
	{"caller", jsonwalk.Drop, noCaller},
}}

var customCallFields = &jsonwalk.Table{Name: "custom_tool_call item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"call_id", jsonwalk.Map, "the id"},
	{"name", jsonwalk.Map, "the tool"},
	{"namespace", jsonwalk.Map, "the tool's namespace"},
	{"input", jsonwalk.Map, "the text, as the argument that stands for it"},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, echoedBack},
	{"async", jsonwalk.Drop, echoedBack},
	{"caller", jsonwalk.Drop, noCaller},
}}

var outputFields = &jsonwalk.Table{Name: "function_call_output, custom_tool_call_output item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"call_id", jsonwalk.Map, "the call that it belongs to"},
	{"output", jsonwalk.Map, "text or parts"},
	{"name", jsonwalk.Map, "the tool, where the client names it"},
	{"namespace", jsonwalk.Map, "the tool's namespace"},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, "the output says what happened"},
	{"caller", jsonwalk.Drop, noCaller},
}}

var typedCallFields = &jsonwalk.Table{Name: "call item of a typed tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"call_id", jsonwalk.Map, "the id"},
	{"id", jsonwalk.Map, "the id, where there is no call_id"},
	{"action", jsonwalk.Map, "the arguments"},
	{"operation", jsonwalk.Map, "the arguments"},
	{"arguments", jsonwalk.Map, "the arguments"},
	{"status", jsonwalk.Drop, echoedBack},
	{"execution", jsonwalk.Drop, "a call without call_id was not the client's"},
	{"environment", jsonwalk.Drop, echoedBack},
	{"caller", jsonwalk.Drop, noCaller},
	{"created_by", jsonwalk.Drop, echoedBack},
}}

var typedOutputFields = &jsonwalk.Table{Name: "output item of a typed tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"call_id", jsonwalk.Map, "the call that it belongs to"},
	{"id", jsonwalk.Map, "the same, where there is no call_id"},
	{"output", jsonwalk.Map, "text, or what a shell printed"},
	{"status", jsonwalk.Map, "failed marks an error result"},
	{"max_output_length", jsonwalk.Drop, "the output was cut by the client"},
	{"caller", jsonwalk.Drop, noCaller},
	{"created_by", jsonwalk.Drop, echoedBack},
}}

var shellChunkFields = &jsonwalk.Table{Name: "shell_call_output.output", Fields: []jsonwalk.Field{
	{"stdout", jsonwalk.Map, "text"},
	{"stderr", jsonwalk.Map, "text"},
	{"outcome", jsonwalk.Map, "exit code or timeout, as text"},
	{"created_by", jsonwalk.Drop, echoedBack},
}}

var searchOutputFields = &jsonwalk.Table{Name: "tool_search_output item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"call_id", jsonwalk.Map, "the call that it belongs to"},
	{"tools", jsonwalk.Map, "tools"},
	{"id", jsonwalk.Drop, echoedBack},
	{"execution", jsonwalk.Drop, "an output without call_id was not the client's"},
	{"status", jsonwalk.Drop, echoedBack},
	{"created_by", jsonwalk.Drop, echoedBack},
}}

var addedToolsFields = &jsonwalk.Table{Name: "additional_tools item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"tools", jsonwalk.Map, "tools"},
	{"role", jsonwalk.Drop, "tools count from the start"},
	{"id", jsonwalk.Drop, echoedBack},
}}

var codeFields = &jsonwalk.Table{Name: "code_interpreter_call item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"code", jsonwalk.Map, "history text"},
	{"outputs", jsonwalk.Map, "history text"},
	{"container_id", jsonwalk.Drop, "no containers are kept"},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, echoedBack},
}}

var codeOutputFields = &jsonwalk.Table{Name: "code_interpreter_call.outputs", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "logs or image"},
	{"logs", jsonwalk.Map, "history text"},
	{"url", jsonwalk.Drop, "images in another service's containers cannot be read"},
}}

var pictureFields = &jsonwalk.Table{Name: "image_generation_call item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"result", jsonwalk.Map, "the image; without it the item is left out"},
	{"output_format", jsonwalk.Map, "the image's format"},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, echoedBack},
	{"action", jsonwalk.Drop, echoedBack},
	{"background", jsonwalk.Drop, echoedBack},
	{"error", jsonwalk.Drop, echoedBack},
	{"svg_usage", jsonwalk.Drop, echoedBack},
	{"quality", jsonwalk.Drop, echoedBack},
	{"revised_prompt", jsonwalk.Drop, echoedBack},
	{"size", jsonwalk.Drop, echoedBack},
}}

var mcpCallFields = &jsonwalk.Table{Name: "mcp_call item", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"server_label", jsonwalk.Map, "history text"},
	{"name", jsonwalk.Map, "history text"},
	{"arguments", jsonwalk.Map, "history text"},
	{"output", jsonwalk.Map, "history text"},
	{"error", jsonwalk.Map, "history text"},
	{"approval_request_id", jsonwalk.Drop, echoedBack},
	{"id", jsonwalk.Drop, echoedBack},
	{"status", jsonwalk.Drop, echoedBack},
}}
var unknownCallFields = &jsonwalk.Table{Name: "call item of a tool that is not known here", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, asText},
	{"action", jsonwalk.Map, asText},
	{"actions", jsonwalk.Map, asText},
	{"arguments", jsonwalk.Map, asText},
	{"input", jsonwalk.Map, asText},
	{"output", jsonwalk.Map, asText},
	{"id", jsonwalk.Drop, echoedBack},
	{"call_id", jsonwalk.Drop, "only joins the call to its output, which follows"},
	{"status", jsonwalk.Drop, echoedBack},
	{"pending_safety_checks", jsonwalk.Drop, "concerns the original service"},
}}

var unknownOutputFields = &jsonwalk.Table{Name: "output item of a tool that is not known here", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"output", jsonwalk.Map, "text or parts"},
	{"id", jsonwalk.Drop, echoedBack},
	{"call_id", jsonwalk.Drop, "only joins the output to its call, which precedes"},
	{"status", jsonwalk.Drop, echoedBack},
	{"acknowledged_safety_checks", jsonwalk.Drop, "concerns the original service"},
}}
