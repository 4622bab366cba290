package fakegemini

import (
	"fmt"
	"slices"
	"strings"
)

// partData are the fields of which every part has one.
var partData = []string{"text", "inlineData", "functionCall", "functionResponse", "fileData", "executableCode", "codeExecutionResult", "toolCall", "toolResponse"}

// role of a content; a missing one means user.
func role(content *node) string {
	if r := content.get("role"); r != nil && r.str() != "" {
		return r.str()
	}
	return "user"
}

// contents checks roles, order and parts.
func (j *validator) contents() {
	contents := j.body.get("contents").list()
	if len(contents) == 0 {
		j.field(RuleContents, "contents", "contents is not specified")
		return
	}
	for i, c := range contents {
		if r := role(c); r != "user" && r != "model" {
			j.fault(RuleRole, "Please use a valid role: user, model.")
		}
		j.parts(c, fmt.Sprintf("contents[%d]", i))
	}
	if role(contents[0]) == "model" {
		j.fault(RuleFirstTurn, "Please ensure that the first content is a user turn.")
	}
	if last := contents[len(contents)-1]; j.cap.noTrailing && role(last) == "model" {
		j.fault(RuleTrailingModel, "Requests ending with a model turn are not supported.")
	}
	j.system()
}

// system checks systemInstruction: text only, and not empty.
func (j *validator) system() {
	system := j.body.get("systemInstruction")
	if system == nil {
		return
	}
	parts := system.get("parts").list()
	if len(parts) == 0 {
		j.field(RuleContents, "system_instruction.parts", "contents.parts must not be empty.")
	}
	for i, p := range parts {
		switch text := p.get("text"); {
		case text == nil:
			j.field(RuleEmptyPart, fmt.Sprintf("system_instruction.parts[%d]", i), "only text is supported in system_instruction.")
		case text.str() == "":
			j.emptyText(fmt.Sprintf("system_instruction.parts[%d]", i))
		}
	}
}

func (j *validator) emptyText(path string) {
	if j.target.vertex {
		j.fault(RuleEmptyText, "Unable to submit request because it has an empty text parameter. Add a value to the parameter and try again.")
		return
	}
	j.field(RuleEmptyText, path+".data", "required oneof field 'data' must have one initialized field")
}

func (j *validator) parts(content *node, path string) {
	parts := content.get("parts").list()
	if len(parts) == 0 {
		j.field(RuleContents, path+".parts", "contents.parts must not be empty.")
	}
	if j.saysNothing(content) {
		return
	}
	for i, p := range parts {
		j.part(p, role(content), fmt.Sprintf("%s.parts[%d]", path, i))
	}
}

// saysNothing reports whether a content of the user's holds only empty text,
// which AI Studio was recorded to take.
func (j *validator) saysNothing(content *node) bool {
	parts := content.get("parts").list()
	return !j.target.vertex && role(content) == "user" && len(parts) > 0 && !slices.ContainsFunc(parts, func(p *node) bool {
		return len(p.members) != 1 || p.get("text") == nil || p.get("text").str() != ""
	})
}

func (j *validator) part(p *node, role, path string) {
	kind := dataField(p)
	switch kind {
	case "":
		j.field(RuleEmptyPart, path+".data", "required oneof field 'data' must have one initialized field")
	case "text":
		if p.get("text").str() == "" && p.get("thoughtSignature").str() == "" {
			j.emptyText(path)
		}
	case "functionCall":
		j.callPart(p.get("functionCall"), role, path)
	case "functionResponse":
		j.answerPart(p.get("functionResponse"), role, path)
	case "inlineData":
		j.blob(p.get("inlineData"), path+".inline_data", false)
	case "fileData":
		j.file(p.get("fileData"), path+".file_data")
	}
	if p.get("thought").isTrue() && role != "model" {
		j.field(RuleMedia, path+".thought", "thought parts belong to model turns.")
	}
	if res := p.get("mediaResolution"); res != nil {
		j.partResolution(p, res, path)
	}
}

// dataField names the part's data; "" for none.
func dataField(p *node) string {
	for _, name := range partData {
		if p.get(name) != nil {
			return name
		}
	}
	return ""
}

func (j *validator) callPart(call *node, role, path string) {
	if role != "model" {
		j.fault(RuleRole, "Please ensure that function call turn contains only model parts: %s.function_call has role %s.", path, role)
	}
	if !functionName.MatchString(call.get("name").str()) {
		j.badName(path + ".function_call.name")
	}
	if call.get("partialArgs") != nil || call.get("willContinue") != nil {
		j.field(RuleMedia, path+".function_call", "partial_args and will_continue are output only.")
	}
}

func (j *validator) answerPart(answer *node, role, path string) {
	if role != "user" {
		j.fault(RuleRole, "Please ensure that function response turn contains only user parts: %s.function_response has role %s.", path, role)
	}
	if answer.get("name").str() == "" {
		j.field(RuleAnswerName, path+".function_response.name", "Name cannot be empty.")
	}
	response := answer.get("response")
	if response == nil {
		j.field(RuleEmptyPart, path+".function_response.response", "required field is missing.")
	}
	names := map[string]bool{}
	for i, p := range answer.get("parts").list() {
		at := fmt.Sprintf("%s.function_response.parts[%d]", path, i)
		names[p.get("inlineData").get("displayName").str()] = true
		if blob := p.get("inlineData"); blob != nil {
			j.blob(blob, at+".inline_data", true)
		} else if p.get("fileData") == nil {
			j.field(RuleEmptyPart, at+".data", "required oneof field 'data' must have one initialized field")
		}
	}
	if len(answer.get("parts").list()) > 0 && j.cap.generation < 30 {
		j.fault(RuleMedia, "Multimodal function responses are not supported for this model.")
	}
	j.references(response, names)
}

// references refuses "$ref" members: inside an answer they refer to its parts
// by display name, at any depth.
func (j *validator) references(n *node, names map[string]bool) {
	if n == nil {
		return
	}
	for _, m := range n.members {
		if m.name == "$ref" && (m.value.str() == "" || !names[m.value.str()]) {
			j.fault(RuleResponseRef, "The referenced name `%s` in function_response.response does not match to a display_name in the function_response.parts.", m.value.str())
		}
		j.references(m.value, names)
	}
	for _, e := range n.elems {
		j.references(e, names)
	}
}

// file checks a URI: AI Studio takes its own files and web addresses, Vertex AI
// takes Cloud Storage and web addresses.
func (j *validator) file(file *node, path string) {
	uri := file.get("fileUri").str()
	uploaded := strings.HasPrefix(uri, "https://generativelanguage.googleapis.com/") || strings.HasPrefix(uri, "files/")
	switch {
	case uploaded && !j.target.vertex:
	case uploaded:
		j.field(RuleMedia, path+".file_uri", "Unsupported file uri: %s", clip(uri))
	case strings.HasPrefix(uri, "https://"), j.target.vertex && strings.HasPrefix(uri, "http://"):
	case j.target.vertex && strings.HasPrefix(uri, "gs://"):
	default:
		j.field(RuleMedia, path+".file_uri", "Unsupported file uri: %s", clip(uri))
	}
	if j.target.vertex && file.get("mimeType").str() == "" {
		j.field(RuleMedia, path+".mime_type", "mime_type is required.")
	}
}

func (j *validator) partResolution(p, res *node, path string) {
	if j.cap.generation < 30 {
		j.field(RuleMedia, path+".media_resolution", "per-part media resolution is not supported for this model.")
	}
	mime := p.get("inlineData").get("mimeType").str() + p.get("fileData").get("mimeType").str()
	if strings.EqualFold(res.get("level").str(), "MEDIA_RESOLUTION_ULTRA_HIGH") && !strings.HasPrefix(mime, "image/") {
		j.field(RuleMedia, path+".media_resolution", "ULTRA_HIGH is supported for images only.")
	}
}
