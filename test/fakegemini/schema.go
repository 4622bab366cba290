package fakegemini

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// fieldTable lists every request message of the public API, one line each.
//
//go:embed schema-v1beta.json
var fieldTable []byte

// messages maps a message's name to its fields.
type messages map[string]*message

// message is what the proto says about one message.
type message struct {
	fields    map[string]field // by lowerCamel name
	oneof     []string         // at most one of these may be set
	exclusive [][]string       // likewise, for each group
}

// field is the type of one field.
type field struct {
	repeated bool
	mapped   bool   // values of a JSON object with free keys
	base     string // string bool int32 int64 number bytes duration datetime any enum, or a message
	message  bool
	enum     []string
	pattern  *regexp.Regexp
}

// tables holds the field tables of the surfaces; read once, then shared.
var tables = sync.OnceValue(func() map[dialect]messages {
	return map[dialect]messages{
		aiStudio:                      loadTable(),
		{vertex: true}:                vertexTable(false),
		{vertex: true, callIDs: true}: vertexTable(true),
	}
})

// dialect selects a field table.
type dialect struct {
	vertex  bool
	callIDs bool // Vertex with the id of calls and answers
}

var aiStudio = dialect{}

func loadTable() messages {
	var lines map[string]jsontext.Value
	if err := json.Unmarshal(fieldTable, &lines); err != nil {
		panic("fakegemini: field table: " + err.Error()) // embedded at build time
	}
	table := messages{}
	for name, line := range lines {
		if strings.HasPrefix(name, "_") {
			continue
		}
		table[name] = loadMessage(line)
	}
	return table
}

func loadMessage(line jsontext.Value) *message {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(line, &fields); err != nil {
		panic("fakegemini: field table: " + err.Error())
	}
	m := &message{fields: map[string]field{}}
	for name, value := range fields {
		switch name {
		case "_oneof":
			mustUnmarshal(value, &m.oneof)
		case "_exclusive":
			mustUnmarshal(value, &m.exclusive)
		default:
			var spec string
			mustUnmarshal(value, &spec)
			m.fields[name] = parseField(spec)
		}
	}
	return m
}

func mustUnmarshal(value jsontext.Value, into any) {
	if err := json.Unmarshal(value, into); err != nil {
		panic("fakegemini: field table: " + err.Error())
	}
}

// parseField reads one type of the table: []X, {}X, $Message, enum:A,B, string:regexp.
func parseField(spec string) field {
	var f field
	if rest, ok := strings.CutPrefix(spec, "[]"); ok {
		f.repeated, spec = true, rest
	} else if rest, ok := strings.CutPrefix(spec, "{}"); ok {
		f.mapped, spec = true, rest
	}
	if rest, ok := strings.CutPrefix(spec, "$"); ok {
		f.message, spec = true, rest
	}
	base, detail, _ := strings.Cut(spec, ":")
	f.base = base
	switch {
	case base == "enum":
		f.enum = strings.Split(detail, ",")
	case detail != "":
		f.pattern = regexp.MustCompile(detail)
	}
	return f
}

// vertexTable derives Vertex AI's table from AI Studio's: the differences that
// the published protos and SDK types show.
func vertexTable(callIDs bool) messages {
	t := loadTable()
	drop := func(name string, fields ...string) {
		for _, f := range fields {
			delete(t[name].fields, f)
		}
	}
	add := func(name string, specs map[string]string) {
		for f, spec := range specs {
			t[name].fields[f] = parseField(spec)
		}
	}
	drop("GenerateContentRequest", "model", "serviceTier", "store")
	add("GenerateContentRequest", map[string]string{"labels": "{}string", "modelArmorConfig": "$ModelArmorConfig"})
	t["ModelArmorConfig"] = &message{fields: map[string]field{
		"promptTemplateName": parseField("string"), "responseTemplateName": parseField("string")}}
	t["CountTokensRequest"] = &message{fields: map[string]field{
		"model": parseField("string"), "contents": parseField("[]$Content"), "systemInstruction": parseField("$Content"),
		"tools": parseField("[]$Tool"), "generationConfig": parseField("$GenerationConfig")}}
	t["EmbedContentConfig"] = &message{fields: map[string]field{
		"taskType": t["EmbedContentRequest"].fields["taskType"], "title": parseField("string"), "outputDimensionality": parseField("int32"),
		"autoTruncate": parseField("bool"), "documentOcr": parseField("bool"), "audioTrackExtraction": parseField("bool")}}
	t["EmbedContentRequest"] = &message{fields: map[string]field{
		"content": parseField("$Content"), "embedContentConfig": parseField("$EmbedContentConfig")}}
	// Google takes any instance; these are the documented ones.
	t["PredictRequest"] = &message{fields: map[string]field{"instances": parseField("[]$Instance"), "parameters": parseField("$Parameters")}}
	t["Instance"] = &message{fields: map[string]field{"content": parseField("string"), "task_type": t["EmbedContentConfig"].fields["taskType"],
		"title": parseField("string"), "mimeType": parseField("string")}}
	t["Parameters"] = &message{fields: map[string]field{"outputDimensionality": parseField("int32"), "autoTruncate": parseField("bool")}}
	drop("Part", "toolCall", "toolResponse", "partMetadata", "mediaProcessing", "audioTranscription")
	drop("FunctionDeclaration", "behavior")
	drop("GoogleSearch", "timeRangeFilter")
	drop("GenerationConfig", "_responseJsonSchema", "responseFormat", "translationConfig", "audioTranscriptionConfig", "enableEnhancedCivicAnswers")
	t["Part"].oneof = []string{"text", "inlineData", "functionCall", "functionResponse", "fileData", "executableCode", "codeExecutionResult"}
	drop("Tool", "mcpServers", "fileSearch")
	add("Tool", map[string]string{"enterpriseWebSearch": "any", "retrieval": "any"})
	drop("ToolConfig", "includeServerSideToolInvocations")
	add("FunctionCallingConfig", map[string]string{"streamFunctionCallArguments": "bool"})
	add("FunctionCall", map[string]string{"partialArgs": "[]any", "willContinue": "bool"})
	add("FunctionResponsePart", map[string]string{"fileData": "$FileData"})
	add("GenerationConfig", map[string]string{"audioTimestamp": "bool", "routingConfig": "any"})
	add("ImageConfig", map[string]string{"imageOutputOptions": "$ImageOutputOptions"})
	t["ImageOutputOptions"] = &message{fields: map[string]field{"mimeType": parseField("string"), "compressionQuality": parseField("int32")}}
	add("Schema", map[string]string{"additionalProperties": "any", "ref": "string", "defs": "{}$Schema"})
	add("GoogleSearch", map[string]string{"excludeDomains": "[]string", "blockingConfidence": "string"})
	add("GoogleMaps", map[string]string{"authConfig": "any"})
	add("Tool", map[string]string{"retrieval": "any", "enterpriseWebSearch": "any", "parallelAiSearch": "any"})
	add("ImageConfig", map[string]string{"personGeneration": "string", "imageOutputOptions": "any"})
	if !callIDs {
		drop("FunctionCall", "id")
		drop("FunctionResponse", "id")
	}
	return t
}
