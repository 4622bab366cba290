package main

import (
	"bufio"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// fieldsFile says what becomes of each field; it is made from the tables that
// the decoders consult.
const fieldsFile = "../../../../policies/dialect/FIELDS.md"

// section is a table of the file: the action of each field, by its name.
type section map[string]string

// find returns the row for a field, whose name may end with * for any that
// begins so, and its action: "" if there is no row.
func (s section) find(name string) (row, action string) {
	if action, ok := s[name]; ok {
		return name, action
	}
	for row, action := range s {
		// A row that takes all that is left does not know the SDK's types.
		if prefix, ok := strings.CutSuffix(row, "*"); ok && prefix != "" && strings.HasPrefix(name, prefix) {
			return row, action
		}
	}
	return "", ""
}

// readFields returns the sections by "API/title".
func readFields(t *testing.T) map[string]section {
	t.Helper()
	f, err := os.Open(fieldsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sections, api, title := map[string]section{}, "", ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "## "); ok {
			api = name
		} else if name, ok := strings.CutPrefix(line, "### "); ok {
			title = api + "/" + name
			sections[title] = section{}
		} else if row := strings.Split(line, "|"); title != "" && len(row) > 3 && strings.Contains(row[1], "`") {
			sections[title][strings.Trim(row[1], " `")] = strings.TrimSpace(row[2])
		}
	}
	return sections
}

const (
	anthropicFields = "Anthropic Messages/"
	chatFields      = "OpenAI Chat Completions/"
	responsesFields = "OpenAI Responses/"
	commonFields    = "Common to several APIs/"
)

// objects are the types of the SDKs whose fields stand in one section.
var objects = []struct {
	section string
	values  []any
}{
	{anthropicFields + "request", []any{anthropic.MessageNewParams{}, anthropic.BetaMessageNewParams{}, anthropic.MessageCountTokensParams{}, anthropic.BetaMessageCountTokensParams{}}},
	{anthropicFields + "thinking", []any{anthropic.ThinkingConfigEnabledParam{}, anthropic.ThinkingConfigAdaptiveParam{}, anthropic.ThinkingConfigDisabledParam{}, anthropic.BetaThinkingConfigEnabledParam{}, anthropic.BetaThinkingConfigAdaptiveParam{}}},
	{anthropicFields + "output_config", []any{anthropic.OutputConfigParam{}, anthropic.BetaOutputConfigParam{}}},
	{anthropicFields + "output format", []any{anthropic.JSONOutputFormatParam{}, anthropic.BetaJSONOutputFormatParam{}}},
	{anthropicFields + "metadata", []any{anthropic.MetadataParam{}, anthropic.BetaMetadataParam{}}},
	{anthropicFields + "tool_choice", []any{anthropic.ToolChoiceAutoParam{}, anthropic.ToolChoiceAnyParam{}, anthropic.ToolChoiceToolParam{}, anthropic.ToolChoiceNoneParam{}}},
	{anthropicFields + "message", []any{anthropic.MessageParam{}, anthropic.BetaMessageParam{}}},
	{anthropicFields + "message output_config", []any{anthropic.BetaSystemMessageOutputConfigParam{}}},
	{anthropicFields + "source", []any{anthropic.Base64ImageSourceParam{}, anthropic.URLImageSourceParam{}, anthropic.Base64PDFSourceParam{}, anthropic.PlainTextSourceParam{}, anthropic.ContentBlockSourceParam{}, anthropic.URLPDFSourceParam{}}},
	{anthropicFields + "citations", []any{anthropic.CitationsConfigParam{}, anthropic.BetaCitationsConfigParam{}}},

	{chatFields + "request", []any{openai.ChatCompletionNewParams{}}},
	{chatFields + "stream_options", []any{openai.ChatCompletionStreamOptionsParam{}}},
	{chatFields + "output format", []any{shared.ResponseFormatTextParam{}, shared.ResponseFormatJSONObjectParam{}, shared.ResponseFormatJSONSchemaParam{}}},
	{chatFields + "output format json_schema", []any{shared.ResponseFormatJSONSchemaJSONSchemaParam{}}},
	{chatFields + "audio", []any{openai.ChatCompletionAudioParam{}}},
	{chatFields + "web_search_options", []any{openai.ChatCompletionNewParamsWebSearchOptions{}}},
	{chatFields + "message", []any{openai.ChatCompletionDeveloperMessageParam{}, openai.ChatCompletionSystemMessageParam{}, openai.ChatCompletionUserMessageParam{}, openai.ChatCompletionAssistantMessageParam{}, openai.ChatCompletionToolMessageParam{}, openai.ChatCompletionFunctionMessageParam{}, openai.ChatCompletionMessage{}}},
	{chatFields + "image_url", []any{openai.ChatCompletionContentPartImageImageURLParam{}}},
	{chatFields + "input_audio", []any{openai.ChatCompletionContentPartInputAudioInputAudioParam{}}},
	{chatFields + "file", []any{openai.ChatCompletionContentPartFileFileParam{}}},
	{chatFields + "audio of a message", []any{openai.ChatCompletionAssistantMessageParamAudio{}}},
	{chatFields + "tool call", []any{openai.ChatCompletionMessageFunctionToolCallParam{}, openai.ChatCompletionMessageCustomToolCallParam{}}},
	{chatFields + "called function", []any{openai.ChatCompletionMessageFunctionToolCallFunctionParam{}, openai.ChatCompletionAssistantMessageParamFunctionCall{}}},
	{chatFields + "called custom tool", []any{openai.ChatCompletionMessageCustomToolCallCustomParam{}}},
	{chatFields + "nested tool", []any{openai.ChatCompletionFunctionToolParam{}, openai.ChatCompletionCustomToolParam{}}},
	{chatFields + "function tool", []any{shared.FunctionDefinitionParam{}, openai.ChatCompletionNewParamsFunction{}}},
	{chatFields + "custom tool", []any{openai.ChatCompletionCustomToolCustomParam{}}},
	{chatFields + "custom tool format", []any{openai.ChatCompletionCustomToolCustomFormatGrammarParam{}}},
	{chatFields + "custom tool grammar", []any{openai.ChatCompletionCustomToolCustomFormatGrammarGrammarParam{}}},
	{chatFields + "tool_choice", []any{openai.ChatCompletionAllowedToolChoiceParam{}, openai.ChatCompletionNamedToolChoiceParam{}, openai.ChatCompletionNamedToolChoiceCustomParam{}}},
	{chatFields + "tool_choice.allowed_tools", []any{openai.ChatCompletionAllowedToolsParam{}}},

	{responsesFields + "request", []any{responses.ResponseNewParams{}, responses.InputTokenCountParams{}}},
	{responsesFields + "reasoning", []any{shared.ReasoningParam{}}},
	{responsesFields + "text, output_config", []any{responses.ResponseTextConfigParam{}}},
	{responsesFields + "output format", []any{responses.ResponseFormatTextJSONSchemaConfigParam{}}},
	{responsesFields + "reasoning item summary", []any{responses.ResponseReasoningItemSummaryParam{}}},
	{responsesFields + "shell_call_output.output", []any{responses.ResponseFunctionShellCallOutputContentParam{}}},
	{responsesFields + "custom tool format", []any{shared.CustomToolInputFormatGrammarParam{}}},
	{responsesFields + "web_search.filters", []any{responses.WebSearchToolFiltersParam{}}},
	{responsesFields + "tool_choice", []any{responses.ToolChoiceAllowedParam{}, responses.ToolChoiceFunctionParam{}, responses.ToolChoiceCustomParam{}, responses.ToolChoiceTypesParam{}, responses.ToolChoiceApplyPatchParam{}, responses.ToolChoiceShellParam{}}},
}

// unions are the types of the SDKs that are one of several, told apart by
// their type: each type stands in one section, and where it has a meaning, its
// fields in another.
var unions = []struct {
	types  string
	values []any
	// sections are those with the fields, by the type as the section of types
	// has it; unnamed is "<type> " and this.
	sections map[string]string
	unnamed  string
}{
	{anthropicFields + "content block types", []any{anthropic.ContentBlockParamUnion{}, anthropic.BetaContentBlockParamUnion{}, anthropic.ToolResultBlockParamContentUnion{}, anthropic.BetaToolResultBlockParamContentUnion{}}, map[string]string{
		"mcp_tool_use":           "server_tool_use block",
		"web_search_tool_result": serverResults, "web_fetch_tool_result": serverResults, "mcp_tool_result": serverResults,
		"code_execution_tool_result": serverResults, "bash_code_execution_tool_result": serverResults,
		"text_editor_code_execution_tool_result": serverResults, "tool_search_tool_result": serverResults, "advisor_tool_result": serverResults,
	}, "block"},
	{anthropicFields + "source types", []any{anthropic.ImageBlockParamSourceUnion{}, anthropic.DocumentBlockParamSourceUnion{}, anthropic.BetaImageBlockParamSourceUnion{}}, map[string]string{
		"base64": "source", "url": "source", "text": "source", "content": "source",
	}, ""},
	{anthropicFields + "tool types", []any{anthropic.ToolUnionParam{}, anthropic.BetaToolUnionParam{}}, map[string]string{
		"custom": "function tool", "bash_*": clientTools, "text_editor_*": clientTools, "memory_*": clientTools,
		"web_search_*": "web_search tool", "web_fetch_*": "web_fetch tool", "code_execution_*": "code_execution tool",
	}, "tool"},
	{chatFields + "content part types", []any{openai.ChatCompletionContentPartUnionParam{}, openai.ChatCompletionAssistantMessageParamContentArrayOfContentPartUnion{}}, map[string]string{
		"text": "content part", "refusal": "content part", "image_url": "content part", "input_audio": "content part", "file": "content part",
	}, ""},
	{chatFields + "tool types", []any{openai.ChatCompletionToolUnionParam{}}, map[string]string{"function": "nested tool", "custom": "nested tool"}, ""},
	{responsesFields + "input item types", []any{responses.ResponseInputItemUnionParam{}}, map[string]string{
		"function_call_output": outputs, "custom_tool_call_output": outputs,
		"local_shell_call": typedCall, "shell_call": typedCall, "apply_patch_call": typedCall, "tool_search_call": typedCall,
		"computer_call": foreignCall, "computer_call_output": foreignOutput,
		"local_shell_call_output": typedOutput, "shell_call_output": typedOutput, "apply_patch_call_output": typedOutput,
	}, "item"},
	{responsesFields + "content part types", []any{responses.ResponseInputContentUnionParam{}, responses.ResponseOutputMessageContentUnionParam{}, responses.ResponseFunctionCallOutputItemUnionParam{}}, map[string]string{
		"input_text": "content part", "input_image": "content part", "input_file": "content part", "output_text": "content part", "refusal": "content part",
	}, ""},
	{responsesFields + "tool types", []any{responses.ToolUnionParam{}}, map[string]string{
		"local_shell": typedTools, "shell": typedTools, "apply_patch": typedTools, "tool_search": typedTools,
		"web_search*": "web_search", "code_interpreter": "code_interpreter", "image_generation": "image_generation",
	}, "tool"},
}

const (
	serverResults = "server tool result blocks"
	clientTools   = "bash, text_editor and memory tools"
	outputs       = "function_call_output, custom_tool_call_output item"
	typedCall     = "call item of a typed tool"
	typedOutput   = "output item of a typed tool"
	foreignCall   = "call item of a tool that is not known here"
	foreignOutput = "output item of a tool that is not known here"
	typedTools    = "local_shell, shell, apply_patch, tool_search"
)

// typeNames are the types of variants whose Go type does not tell it.
var typeNames = map[string]string{
	"EasyInputMessageParam": "message", "ResponseInputItemMessageParam": "message", "ToolParam": "custom", "BetaToolParam": "custom",
	"ToolSearchToolBm25_20251119Param": "tool_search_tool_bm25_20251119", "BetaToolSearchToolBm25_20251119Param": "tool_search_tool_bm25_20251119",
	"ToolSearchToolRegex20251119Param": "tool_search_tool_regex_20251119", "BetaToolSearchToolRegex20251119Param": "tool_search_tool_regex_20251119",
	"ResponseComputerToolCallParam": "computer_call", "ResponseInputItemItemReferenceParam": "item_reference",
	"ComputerUsePreviewToolParam": "computer_use_preview", "WebSearchToolParam": "web_search", "WebSearchPreviewToolParam": "web_search_preview",
}

// What the SDKs let an application say is known: a field that heald learns of
// by chance, from a warning about it, is one that somebody missed.
func TestFieldsOfSDKsAreKnown(t *testing.T) {
	sections := readFields(t)
	for _, o := range objects {
		for _, v := range o.values {
			checkObject(t, sections, o.section, reflect.TypeOf(v))
		}
	}
	for _, u := range unions {
		api, _, _ := strings.Cut(u.types, "/")
		for _, v := range u.values {
			all := variants(reflect.TypeOf(v))
			if len(all) == 0 {
				t.Errorf("%T has no variants", v)
			}
			for _, variant := range all {
				kind := typeName(variant)
				row, action := sectionOf(sections, u.types).find(kind)
				if action == "" {
					t.Errorf("%s: %q is missing (%s)", u.types, kind, variant.Name())
				}
				if action != "map" {
					continue // nobody looks at its fields
				}
				title := u.sections[row]
				if title == "" {
					title = row + " " + u.unnamed
				}
				checkObject(t, sections, api+"/"+title, variant)
			}
		}
	}
}

// checkObject checks that each JSON field of a struct stands in a section.
func checkObject(t *testing.T, sections map[string]section, title string, object reflect.Type) {
	t.Helper()
	fieldsOf := sectionOf(sections, title)
	if fieldsOf == nil {
		t.Fatalf("there is no section %q, for %s", title, object.Name())
	}
	fields := jsonFields(object)
	if len(fields) == 0 {
		t.Errorf("%s has no fields", object.Name())
	}
	for _, name := range fields {
		if _, action := fieldsOf.find(name); action == "" {
			t.Errorf("%s: %s is missing (%s)", title, name, object.Name())
		}
	}
}

// sectionOf returns the section of an API, or the one that several have in
// common; nil if there is neither.
func sectionOf(sections map[string]section, title string) section {
	if s := sections[title]; s != nil {
		return s
	}
	_, name, _ := strings.Cut(title, "/")
	return sections[commonFields+name]
}

func jsonFields(object reflect.Type) (names []string) {
	for i := range object.NumField() {
		name, _, _ := strings.Cut(object.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// variants are the structs that a union may be.
func variants(union reflect.Type) (list []reflect.Type) {
	for i := range union.NumField() {
		if f := union.Field(i); strings.HasPrefix(f.Name, "Of") && f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct {
			list = append(list, f.Type.Elem())
		}
	}
	return list
}

// typeName is what the field type of a variant always says.
func typeName(variant reflect.Type) string {
	if f, ok := variant.FieldByName("Type"); ok && f.Tag.Get("default") != "" {
		return f.Tag.Get("default")
	}
	return typeNames[variant.Name()]
}
