package fakegemini

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// functionName is the strictest published rule; the field table's own pattern
// (128 characters, leading digits) is laxer.
var functionName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

const maxFunctions = 512

// declarations lists every function declaration with its path.
func (j *validator) declarations() (decls []*node, paths []string) {
	for i, t := range j.body.get("tools").list() {
		for k, d := range t.get("functionDeclarations").list() {
			decls = append(decls, d)
			paths = append(paths, fmt.Sprintf("tools[%d].function_declarations[%d]", i, k))
		}
	}
	return decls, paths
}

func (j *validator) declared() []string {
	decls, _ := j.declarations()
	names := make([]string, len(decls))
	for i, d := range decls {
		names[i] = d.get("name").str()
	}
	return names
}

// builtIns lists the tools that Google runs itself.
func (j *validator) builtIns() []string {
	var out []string
	for _, t := range j.body.get("tools").list() {
		for _, m := range t.members {
			if name := snake(m.name); name != "function_declarations" && m.value.kind != 'n' {
				out = append(out, name)
			}
		}
	}
	return out
}

func (j *validator) badName(path string) {
	j.field(RuleFunctions, path, "[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.")
}

// tools checks the declarations and their company.
func (j *validator) tools() {
	decls, paths := j.declarations()
	if len(decls) > maxFunctions {
		j.fault(RuleFunctions, "Too many function declarations: %d. At most %d are allowed.", len(decls), maxFunctions)
	}
	seen := map[string]bool{}
	for i, d := range decls {
		name := d.get("name").str()
		if !functionName.MatchString(name) {
			j.badName(paths[i] + ".name")
		}
		if seen[name] {
			j.fault(RuleFunctions, "Duplicate function declaration found: %s", name)
		}
		seen[name] = true
		j.parameters(d, paths[i])
	}
	for i, t := range j.body.get("tools").list() {
		if len(t.members) == 0 {
			j.field(RuleFunctions, fmt.Sprintf("tools[%d].tool_type", i), "required one_of 'tool_type' must have one initialized field")
		}
	}
	if len(decls) > 0 && j.cap.output == imageOut {
		j.fault(RuleFunctions, "Function calling is not enabled for this model.")
	}
	if len(decls) > 0 {
		j.mixedTools()
	}
}

func (j *validator) parameters(d *node, path string) {
	if p := d.get("parameters"); p != nil {
		j.protoSchema(p, path+".parameters", true)
	}
	if p := d.get("parametersJsonSchema"); p != nil {
		j.jsonSchema(p, path+".parameters_json_schema")
		if p.member("type").str() != "object" {
			j.field(RuleSchema, path+".parameters_json_schema", "schema at top-level must be of type object.")
		}
	}
	if p := d.get("response"); p != nil {
		j.protoSchema(p, path+".response", false)
	}
	if p := d.get("responseJsonSchema"); p != nil {
		j.jsonSchema(p, path+".response_json_schema")
	}
}

// mixedTools: functions beside built-in tools came with 3.x, and AI Studio
// requires a flag.
func (j *validator) mixedTools() {
	if len(j.builtIns()) == 0 {
		return
	}
	config := j.body.get("toolConfig")
	switch {
	case j.cap.generation < 30:
		j.fault(RuleBuiltIn, "Tool use with function calling is unsupported")
	case !j.target.vertex && !config.get("includeServerSideToolInvocations").isTrue():
		j.fault(RuleBuiltIn, "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling.")
	case !strings.EqualFold(config.get("functionCallingConfig").get("mode").str(), "VALIDATED"):
		j.fault(RuleBuiltInMode, "Built-in tools with Function calling are documented for mode VALIDATED.")
	}
}

// mode is the function calling mode, AUTO by default.
func (j *validator) mode() string {
	mode := strings.ToUpper(j.body.get("toolConfig").get("functionCallingConfig").get("mode").str())
	if mode == "" || mode == "MODE_UNSPECIFIED" {
		return "AUTO"
	}
	return mode
}

func (j *validator) toolConfig() {
	config := j.body.get("toolConfig").get("functionCallingConfig")
	if config == nil {
		return
	}
	declared := j.declared()
	if len(declared) == 0 {
		j.fault(RuleFunctionMode, "Function calling config is set without function_declarations.")
	}
	allowed := config.get("allowedFunctionNames").list()
	if mode := j.mode(); len(allowed) > 0 && mode != "ANY" && mode != "VALIDATED" {
		j.fault(RuleFunctionMode, "allowed_function_names may only be set when the function calling mode is ANY or VALIDATED, not %s.", mode)
	}
	for _, name := range allowed {
		if !slices.Contains(declared, name.str()) {
			j.fault(RuleFunctionMode, "allowed_function_names contains `%s`, which is not declared.", name.str())
		}
	}
	if config.get("streamFunctionCallArguments").isTrue() && j.target.method != stream {
		j.fault(RuleFunctionMode, "stream_function_call_arguments is supported by streamGenerateContent only.")
	}
}
