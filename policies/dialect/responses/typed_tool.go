package responses

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// typedTool is a tool that the original service declares by a type alone: its
// models were trained on it, so requests hold no schema. The upstream's model
// was not, so it gets a function with the arguments from the service's
// documentation. The client gets calls in the form of the original service.
type typedTool struct {
	tool        string // its type, also the function's name
	description string
	schema      string
	call        string // the type of its call items
	output      string // the type of its output items
	member      string // the member of a call item that holds the arguments
	fixed       string // fixed members before the arguments
	empty       string // in place of missing arguments, without which clients fail
	prefix      string // of item ids
}

var typedTools = [...]typedTool{
	{
		tool:        "local_shell",
		description: "Runs a command on the user's machine and returns what it prints.",
		schema: `{"type":"object","properties":{` +
			`"command":{"type":"array","items":{"type":"string"},"description":"The program and its arguments, such as [\"bash\",\"-lc\",\"ls\"]."},` +
			`"working_directory":{"type":"string","description":"The directory to run it in."},` +
			`"timeout_ms":{"type":"integer","description":"Milliseconds after which it is stopped."}},"required":["command"]}`,
		call: "local_shell_call", output: "local_shell_call_output", member: "action", prefix: "lsh_",
		fixed: `"type":"exec","env":{}`, empty: `"command":[]`,
	},
	{
		tool:        "shell",
		description: "Runs shell commands and returns what each prints.",
		schema: `{"type":"object","properties":{` +
			`"commands":{"type":"array","items":{"type":"string"},"description":"The command lines; they may run at the same time."},` +
			`"timeout_ms":{"type":"integer","description":"Milliseconds after which they are stopped."},` +
			`"max_output_length":{"type":"integer","description":"Characters of output to return of each."}},"required":["commands"]}`,
		call: "shell_call", output: "shell_call_output", member: "action", prefix: "sh_",
		empty: `"commands":[]`,
	},
	{
		tool:        "apply_patch",
		description: "Creates, updates or deletes one file.",
		schema: `{"type":"object","properties":{` +
			`"type":{"type":"string","enum":["create_file","update_file","delete_file"]},` +
			`"path":{"type":"string","description":"The path of the file."},` +
			`"diff":{"type":"string","description":"For create_file and update_file: the change in the V4A diff format, without file headers: @@ lines to find the place, then lines that begin with a space, - or +. A new file has + lines only."}},` +
			`"required":["type","path"]}`,
		call: "apply_patch_call", output: "apply_patch_call_output", member: "operation", prefix: "apc_",
		empty: `"type":"update_file","path":"","diff":""`,
	},
	{
		tool:        "tool_search",
		description: "Finds tools that are not declared yet. Those found can be called from then on.",
		schema:      `{"type":"object","properties":{"query":{"type":"string","description":"What the tool should do."}},"required":["query"]}`,
		call:        "tool_search_call", output: "tool_search_output", member: "arguments", prefix: "tsc_",
	},
}

func typedToolOf(name string) *typedTool {
	for i := range typedTools {
		if typedTools[i].tool == name {
			return &typedTools[i]
		}
	}
	return nil
}

// declareTyped declares t. ok is false for a tool search that the original
// service would run.
func (d *decoder) declareTyped(t *typedTool, m jsonwalk.Members) (tool conversation.Tool, ok bool, err error) {
	if err := m.Apply(typedToolFields); err != nil {
		return tool, false, err
	}
	if t.tool == "tool_search" && string(jsonwalk.Chars(m.Get("execution"))) != "client" {
		return tool, false, nil
	}
	local := true
	err = m.Object("environment", func(m jsonwalk.Members) error {
		local = string(jsonwalk.Chars(m.Get("type"))) == "local"
		return nil
	})
	if err != nil {
		return tool, false, err
	}
	if !local {
		return setting.Unavailable(d.Walker, []byte(t.tool), nil, "no containers are kept; run it locally"), true, nil
	}
	tool = conversation.Tool{Name: t.tool, Description: conversation.Quote(t.description), Schema: conversation.Raw(t.schema)}
	description, err := m.Text("description")
	if err != nil {
		return tool, false, err
	}
	if !description.Empty() {
		tool.Description = description
	}
	if schema := m.Get("parameters"); schema.Kind() == '{' {
		tool.Schema = conversation.Raw(schema)
	}
	return tool, true, nil
}

// readCall reads a call of t. A tool search without call_id was run by the
// original service, and is skipped.
func (t *typedTool) readCall(d *decoder, m jsonwalk.Members) error {
	id := m.Get("call_id")
	if id == nil && t.tool == "tool_search" {
		return nil
	}
	if id == nil {
		id = m.Get("id")
	}
	callID, err := d.Text("call_id", id)
	if err != nil {
		return err
	}
	args := m.Get(t.member)
	if args.Kind() != '{' {
		return d.Invalid(t.member, "Input should be an object")
	}
	p := conversation.Part{Kind: conversation.KindCall}
	p.Call = &conversation.Call{ID: callID.String(), Name: t.tool, Args: t.arguments(args)}
	d.add(answer, conversation.Model, p)
	return nil
}

// arguments removes the other members of a call item and the nulls that clients
// add, so that the arguments are again those that the model gave, to which its
// signature is bound.
func (t *typedTool) arguments(v jsontext.Value) conversation.Raw {
	out := []byte{'{'}
	var r jsonwalk.Reader
	r.Reset(v)
	err := r.Object(func(name []byte) error {
		v, err := r.Value()
		if err != nil || v.Kind() == 'n' || t.isFixed(string(name), v) {
			return err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(jsonwalk.AppendString(out, name), ':')
		out = append(out, v...)
		return nil
	})
	if err != nil {
		return conversation.Raw(v) // it was read before, so there is none
	}
	return append(out, '}')
}

func (t *typedTool) isFixed(name string, v jsontext.Value) bool {
	return t.fixed != "" && (name == "type" || name == "env" && jsonwalk.AsksForNothing(v))
}

// appendItem writes the call item for the arguments that the model gave.
func (t *typedTool) appendItem(dst []byte, itemID, callID, status string, args []byte) []byte {
	dst = jsonwalk.AppendString(append(dst, `{"id":`...), itemID)
	dst = append(append(append(dst, `,"type":"`...), t.call...), `","status":"`...)
	dst = append(append(dst, status...), `","call_id":`...)
	dst = jsonwalk.AppendString(dst, callID)
	if t.tool == "tool_search" {
		dst = append(dst, `,"execution":"client"`...)
	}
	dst = append(append(append(dst, `,"`...), t.member...), `":{`...)
	dst = append(dst, t.fixed...)
	members := []byte(t.empty)
	object := jsontext.Value(args).Clone()
	if object.Compact(jsontext.AllowDuplicateNames(true)) == nil && object.Kind() == '{' && len(object) > len(`{}`) {
		members = object[1 : len(object)-1]
	}
	if t.fixed != "" && len(members) > 0 {
		dst = append(dst, ',')
	}
	return append(append(dst, members...), `}}`...)
}
