package openai

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

const (
	noCacheMark = "the upstream caches prefixes by itself"
	echoed      = "answers put back whole bring it along"
	noFile      = "files of another service cannot be read, and the answer is about them; send the data inline"
	hints       = "hints for the client"
	foreign     = "reasoning without a signature of ours is not replayed"
)

// PartTables returns the tables of content parts, for the documentation.
func PartTables() []*jsonwalk.Table {
	return []*jsonwalk.Table{PartTypes, partFields, imageFields, linkFields, soundFields, fileFields, screenFields,
		bareFields, resourcePartFields, resourceFields, resourceLinkFields}
}

// CallTables returns the tables of what answers of Chat Completions hold beside
// their content, for the documentation.
func CallTables() []*jsonwalk.Table {
	return []*jsonwalk.Table{spokenFields, callFields, calledFunctionFields, calledCustomFields, ExtraContentFields, signatureFields}
}

// PartTypes are the types of content parts of both APIs: clients mix them.
var PartTypes = &jsonwalk.Table{Name: "content part types", Fields: []jsonwalk.Field{
	{"text", jsonwalk.Map, "text"},
	{"input_text", jsonwalk.Map, "text"},
	{"output_text", jsonwalk.Map, "text"},
	{"refusal", jsonwalk.Map, "text"},
	{"image_url", jsonwalk.Map, "media"},
	{"input_image", jsonwalk.Map, "media"},
	{"video_url", jsonwalk.Map, "media; not of the original service"},
	{"document_url", jsonwalk.Map, "media; not of the original service"},
	{"audio_url", jsonwalk.Map, "media; not of the original service"},
	{"input_audio", jsonwalk.Map, "media"},
	{"input_video", jsonwalk.Map, "media; not of the original service"},
	{"file", jsonwalk.Map, "media"},
	{"input_file", jsonwalk.Map, "media"},
	{"audio", jsonwalk.Map, "media, as tools of MCP servers and frameworks give it"},
	{"video", jsonwalk.Map, "the same"},
	{"media", jsonwalk.Map, "the same"},
	{"resource", jsonwalk.Map, "text or media, as tools of MCP servers give it"},
	{"resource_link", jsonwalk.Map, "a line of text"},
	{"summary_text", jsonwalk.Drop, foreign},
	{"reasoning_text", jsonwalk.Drop, foreign},
	{"reasoning", jsonwalk.Drop, foreign},
	{"thinking", jsonwalk.Drop, foreign + "; one with a signature is read as a block of Anthropic Messages"},
	{"computer_screenshot", jsonwalk.Map, "media; a placeholder and a warning where the image is a file of another service"},
}}

var partFields = &jsonwalk.Table{Name: "content part", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"text", jsonwalk.Map, "text"},
	{"refusal", jsonwalk.Map, "text"},
	{"image_url", jsonwalk.Map, "media: a URL or an object that holds it"},
	{"detail", jsonwalk.Map, "how closely an image is looked at"},
	{"video_url", jsonwalk.Map, "media"},
	{"document_url", jsonwalk.Map, "media"},
	{"audio_url", jsonwalk.Map, "media"},
	{"input_audio", jsonwalk.Map, "media"},
	{"file", jsonwalk.Map, "media"},
	{"file_data", jsonwalk.Map, "inline media"},
	{"file_url", jsonwalk.Map, "a reference that the upstream fetches"},
	{"filename", jsonwalk.Map, "the name of the media"},
	{"file_id", jsonwalk.Refuse, noFile},
	{"annotations", jsonwalk.Drop, echoed},
	{"logprobs", jsonwalk.Drop, echoed},
	{"extra_content", jsonwalk.Map, "the signature of an image that the model made"},
	{"index", jsonwalk.Drop, echoed},
	{"citations", jsonwalk.Drop, "the upstream does not read citations"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
	{"prompt_cache_breakpoint", jsonwalk.Drop, noCacheMark},
}}

var imageFields = &jsonwalk.Table{Name: "image_url", Fields: []jsonwalk.Field{
	{"url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"detail", jsonwalk.Map, "how closely it is looked at"},
}}

var linkFields = &jsonwalk.Table{Name: "video_url, document_url, audio_url", Fields: []jsonwalk.Field{
	{"url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
}}

var soundFields = &jsonwalk.Table{Name: "input_audio", Fields: []jsonwalk.Field{
	{"data", jsonwalk.Map, "base64"},
	{"format", jsonwalk.Map, "the MIME type; without it the first bytes tell"},
}}

var fileFields = &jsonwalk.Table{Name: "file", Fields: []jsonwalk.Field{
	{"file_data", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"file_url", jsonwalk.Map, "a reference that the upstream fetches"},
	{"filename", jsonwalk.Map, "the name of the media"},
	{"file_id", jsonwalk.Refuse, noFile},
}}

var screenFields = &jsonwalk.Table{Name: "computer_screenshot", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"image_url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"detail", jsonwalk.Map, "how closely an image is looked at"},
	{"file_id", jsonwalk.Drop, "what is left without the image is a placeholder"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
	{"prompt_cache_breakpoint", jsonwalk.Drop, noCacheMark},
}}

var spokenFields = &jsonwalk.Table{Name: "audio of a message", Fields: []jsonwalk.Field{
	{"transcript", jsonwalk.Map, "text"},
	{"id", jsonwalk.Drop, "sound is not kept"},
	{"data", jsonwalk.Map, "media; of an earlier answer the model reads the transcript instead"},
	{"format", jsonwalk.Map, "the MIME type; without it the first bytes tell"},
	{"expires_at", jsonwalk.Drop, echoed},
}}

var callFields = &jsonwalk.Table{Name: "tool call", Fields: []jsonwalk.Field{
	{"id", jsonwalk.Map, "the id, and the signature it may carry"},
	{"type", jsonwalk.Map, "function or custom; absent means function"},
	{"function", jsonwalk.Map, "the tool and its arguments"},
	{"custom", jsonwalk.Map, "the freeform tool and its text"},
	{"name", jsonwalk.Map, "the tool, where it is not nested"},
	{"arguments", jsonwalk.Map, "the arguments, where they are not nested"},
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

// ExtraContentFields are those of extra_content, the place that Google's own
// compatibility layer has for signatures.
var ExtraContentFields = &jsonwalk.Table{Name: "extra_content", Fields: []jsonwalk.Field{
	{"google", jsonwalk.Map, "the signature it carries"},
}}

var signatureFields = &jsonwalk.Table{Name: "extra_content.google", Fields: []jsonwalk.Field{
	{"thought_signature", jsonwalk.Map, "the signature, if it is ours"},
	{"thought", jsonwalk.Drop, foreign},
}}
