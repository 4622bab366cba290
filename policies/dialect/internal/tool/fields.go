package tool

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

const (
	noCacheMark = "the upstream caches prefixes by itself"
	noCaller    = "calls are made by the model alone"
	theSchema   = "the schema of the arguments"
)

// Tables returns all tables, for the documentation.
func Tables() []*jsonwalk.Table {
	return []*jsonwalk.Table{
		NestedFields, FunctionFields, FreeformFields, freeformFormatFields, grammarFields,
		googleFields, googleNames, hostedTypes, hostedFields, ChoiceFields, allowedFields,
	}
}

// NestedFields are those of a tool whose declaration is a nested object.
var NestedFields = &jsonwalk.Table{Name: "nested tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "function or custom"},
	{"function", jsonwalk.Map, "the function"},
	{"custom", jsonwalk.Map, "the freeform tool, or the function if it has a schema"},
	{"strict", jsonwalk.Drop, "it counts within the function"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, noCaller},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// FunctionFields are those of a function.
var FunctionFields = &jsonwalk.Table{Name: "function tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "the name"},
	{"description", jsonwalk.Map, "the description"},
	{"parameters", jsonwalk.Map, theSchema},
	{"input_schema", jsonwalk.Map, theSchema},
	{"inputSchema", jsonwalk.Map, theSchema},
	{"parametersJsonSchema", jsonwalk.Map, theSchema},
	{"parameters_json_schema", jsonwalk.Map, theSchema},
	{"input_examples", jsonwalk.Map, "text at the end of the description"},
	{"strict", jsonwalk.Map, "arguments are validated"},
	{"async", jsonwalk.Warn, "results must come with the next request"},
	{"title", jsonwalk.Drop, "the model knows the tool by its name"},
	{"annotations", jsonwalk.Drop, "hints for the client"},
	{"behavior", jsonwalk.Drop, "results come with the next request"},
	{"output_schema", jsonwalk.Drop, "results are not validated"},
	{"outputSchema", jsonwalk.Drop, "results are not validated"},
	{"response", jsonwalk.Drop, "results are not validated"},
	{"responseJsonSchema", jsonwalk.Drop, "results are not validated"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, noCaller},
	{"eager_input_streaming", jsonwalk.Drop, "arguments stream as the upstream gives them"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// schemaNames are the fields of FunctionFields that hold the schema.
var schemaNames = []string{"parameters", "input_schema", "inputSchema", "parametersJsonSchema", "parameters_json_schema"}

// FreeformFields are those of a tool that takes text.
var FreeformFields = &jsonwalk.Table{Name: "custom tool", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "the name"},
	{"description", jsonwalk.Map, "the description"},
	{"format", jsonwalk.Map, "a grammar, as text at the end of the description"},
	{"async", jsonwalk.Warn, "results must come with the next request"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, noCaller},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var freeformFormatFields = &jsonwalk.Table{Name: "custom tool format", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "text or grammar"},
	{"grammar", jsonwalk.Map, "the grammar; the upstream is told but not bound"},
	{"syntax", jsonwalk.Map, "lark or regex, where the grammar is not nested"},
	{"definition", jsonwalk.Map, "the grammar, where it is not nested"},
}}

var grammarFields = &jsonwalk.Table{Name: "custom tool grammar", Fields: []jsonwalk.Field{
	{"syntax", jsonwalk.Map, "lark or regex"},
	{"definition", jsonwalk.Map, "the grammar"},
}}

// ChoiceFields are those of a tool choice that is an object.
var ChoiceFields = &jsonwalk.Table{Name: "tool_choice", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, "auto, any, required, none, tool, function, custom, allowed_tools or the type of a tool"},
	{"name", jsonwalk.Map, "the tool that must be called"},
	{"function", jsonwalk.Map, "the tool that must be called"},
	{"custom", jsonwalk.Map, "the tool that must be called"},
	{"namespace", jsonwalk.Map, "the namespace of that tool"},
	{"allowed_tools", jsonwalk.Map, "the tools that may be called"},
	{"mode", jsonwalk.Map, "auto or required, of the tools that may be called"},
	{"tools", jsonwalk.Map, "the tools that may be called"},
	{"disable_parallel_tool_use", jsonwalk.Map, "only the first call of an answer is delivered"},
}}

var allowedFields = &jsonwalk.Table{Name: "tool_choice.allowed_tools", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"mode", jsonwalk.Map, "auto or required"},
	{"tools", jsonwalk.Map, "the tools that may be called"},
}}
