package responses

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// typedOutput reads the output of a typed tool.
func (d *decoder) typedOutput(m jsonwalk.Members) error {
	v := m.Get("call_id")
	if v == nil {
		v = m.Get("id")
	}
	id, err := d.Text("call_id", v)
	if err != nil {
		return err
	}
	result := conversation.Result{CallID: id.String(), Failed: string(jsonwalk.Chars(m.Get("status"))) == "failed"}
	if v := m.Get("output"); string(jsonwalk.Chars(m.Get("type"))) == "shell_call_output" && v.Kind() == '[' {
		err = d.Within("output", func() error { return d.shellOutput(v, &result.Parts) })
	} else {
		err = d.outputParts(v, &result.Parts)
	}
	d.addResult(result)
	return err
}

// shellOutput reads what each command printed and how it ended.
func (d *decoder) shellOutput(v jsontext.Value, parts *[]conversation.Part) error {
	return d.List(v, func(_ int, v jsontext.Value) error {
		return d.Object(v, func(m jsonwalk.Members) error {
			if err := m.Apply(shellChunkFields); err != nil {
				return err
			}
			for _, name := range []string{"stdout", "stderr"} {
				text, err := m.Text(name)
				if err != nil {
					return err
				}
				*parts = openai.AppendText(*parts, text)
			}
			return m.Object("outcome", func(m jsonwalk.Members) error {
				if string(jsonwalk.Chars(m.Get("type"))) == "timeout" {
					*parts = openai.AppendText(*parts, conversation.Quote("timed out"))
				} else if code := m.Get("exit_code"); code != nil {
					*parts = openai.AppendText(*parts, conversation.Quote("exit code "+string(code)))
				}
				return nil
			})
		})
	})
}

// searchOutput declares the tools that were found. The result tells the model
// their names.
func (d *decoder) searchOutput(m jsonwalk.Members) error {
	before := len(d.added)
	if err := d.addedTools(m); err != nil {
		return err
	}
	id, err := m.Text("call_id")
	if err != nil || id == nil {
		return err
	}
	found := "no tools found"
	if names := d.added[before:]; len(names) > 0 {
		list := make([]string, len(names))
		for i, t := range names {
			list[i] = t.Name
		}
		found = "found: " + strings.Join(list, ", ")
	}
	d.addResult(conversation.Result{
		CallID: id.String(), Name: "tool_search", Parts: openai.AppendText(nil, conversation.Quote(found)),
	})
	return nil
}

// addedTools declares the tools of an additional_tools item.
func (d *decoder) addedTools(m jsonwalk.Members) error {
	v := m.Get("tools")
	if v == nil {
		return nil
	}
	return d.Within("tools", func() error { return d.tools(v, &d.added) })
}
