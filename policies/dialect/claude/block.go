package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// blockReader reads one type of content block: its fields obey table, then
// read appends what it means to parts.
type blockReader struct {
	table *jsonwalk.Table
	read  func(d *decoder, m jsonwalk.Members, parts *[]conversation.Part) error
}

// blockReaders has a reader for every type that blockTypes maps. It is filled
// by init, since blocks contain blocks.
var blockReaders map[string]blockReader

func init() {
	blockReaders = map[string]blockReader{
		"text":                                   {textFields, (*decoder).readText},
		"image":                                  {imageFields, (*decoder).readImage},
		"document":                               {documentFields, (*decoder).readDocument},
		"search_result":                          {searchResultFields, (*decoder).readSearchResult},
		"thinking":                               {thoughtFields, (*decoder).readThought},
		"redacted_thinking":                      {redactedFields, (*decoder).readRedacted},
		"tool_use":                               {callFields, (*decoder).readCall},
		"tool_result":                            {resultFields, (*decoder).readResult},
		"tool_reference":                         {referenceFields, (*decoder).readReference},
		"tool_addition":                          {changeFields, (*decoder).readAddition},
		"server_tool_use":                        {serverCallFields, (*decoder).readServerCall},
		"mcp_tool_use":                           {serverCallFields, (*decoder).readServerCall},
		"web_search_tool_result":                 {serverResultFields, (*decoder).readWebSearch},
		"web_fetch_tool_result":                  {serverResultFields, (*decoder).readWebFetch},
		"mcp_tool_result":                        {serverResultFields, (*decoder).readServerText},
		"code_execution_tool_result":             {serverResultFields, (*decoder).readServerResult},
		"bash_code_execution_tool_result":        {serverResultFields, (*decoder).readServerResult},
		"text_editor_code_execution_tool_result": {serverResultFields, (*decoder).readServerResult},
		"tool_search_tool_result":                {serverResultFields, (*decoder).readServerResult},
		"advisor_tool_result":                    {serverResultFields, (*decoder).readServerResult},
		"*_tool_result":                          {serverResultFields, (*decoder).readServerResult},
		"*_tool_use":                             {serverCallFields, (*decoder).readServerCall},
		"browser_state":                          {browserFields, (*decoder).readBrowser},
		"container_upload":                       {uploadFields, (*decoder).readUpload},
		"compaction":                             {compactionFields, (*decoder).readCompaction},
		"mid_conv_system":                        {systemBlockFields, (*decoder).readSystemBlock},
	}
}

// readBlocks reads a list of blocks from r. Some clients put bare texts into
// the list.
func (d *decoder) readBlocks(r *jsonwalk.Reader, parts *[]conversation.Part) error {
	return r.Array(func(i int) error {
		return d.At(i, func() error {
			if k := r.Kind(); k == '"' || k == 'n' {
				v, err := r.Value()
				d.bareText(v, parts)
				return err
			}
			return d.NextObject(r, func(m jsonwalk.Members) error { return d.block(m, parts) })
		})
	})
}

// bareText adds a bare string in place of a block; null adds nothing.
func (d *decoder) bareText(v jsontext.Value, parts *[]conversation.Part) {
	if v.Kind() == '"' {
		*parts = append(*parts, conversation.Part{Kind: conversation.KindText, Text: conversation.Text(v), At: d.Place("")})
	}
}

// nested reads content within content: a string or a list of blocks.
func (d *decoder) nested(v jsontext.Value, parts *[]conversation.Part) error {
	if v.Kind() != '[' {
		if string(v) == `""` {
			return nil
		}
		text, err := d.content(v)
		*parts = append(*parts, text...)
		return err
	}
	return d.deeper(func() error { return d.blocks(v, parts) })
}

// blocks reads a list of blocks.
func (d *decoder) blocks(v jsontext.Value, parts *[]conversation.Part) error {
	return d.List(v, func(_ int, v jsontext.Value) error {
		if k := v.Kind(); k == '"' || k == 'n' {
			d.bareText(v, parts)
			return nil
		}
		return d.Object(v, func(m jsonwalk.Members) error { return d.block(m, parts) })
	})
}

// deeper runs f, which reads content within content.
func (d *decoder) deeper(f func() error) error {
	if d.nesting == maxNesting {
		return d.Invalid("", "content is nested too deeply")
	}
	d.nesting++
	defer func() { d.nesting-- }()
	return f()
}

// block reads the members of one content block.
func (d *decoder) block(m jsonwalk.Members, parts *[]conversation.Part) error {
	before := len(*parts)
	defer func() { d.Mark("", (*parts)[before:]) }()
	name := jsonwalk.Chars(m.Get("type"))
	if name == nil {
		return d.Invalid("type", "Field required")
	}
	f := blockTypes.Find(name)
	if f == nil {
		known, err := openai.Part(d.Walker, m, parts)
		if !known {
			err = m.Unknown("content block")
		}
		return err
	}
	switch f.Action {
	case jsonwalk.Drop:
		return nil
	case jsonwalk.Warn:
		d.Warn("", f.Name+" left out: "+f.Why)
		return nil
	case jsonwalk.Refuse:
		return d.Unsupported("", f.Name+" ("+f.Why+")")
	}
	if (f.Name == "image" || f.Name == "document") && m.Get("source").Kind() != '{' {
		return openai.Bare(d.Walker, m, parts)
	}
	r := blockReaders[f.Name]
	if err := m.Apply(r.table); err != nil {
		return err
	}
	return r.read(d, m, parts)
}

func (d *decoder) readText(m jsonwalk.Members, parts *[]conversation.Part) error {
	if m.Null("text") {
		return nil
	}
	text, err := m.NeedText("text")
	addText(parts, text)
	return err
}

func addText(parts *[]conversation.Part, t conversation.Text) {
	*parts = append(*parts, conversation.Part{Kind: conversation.KindText, Text: t})
}

func (d *decoder) readThought(m jsonwalk.Members, parts *[]conversation.Part) error {
	thought, err := m.NeedText("thinking")
	if err != nil {
		return err
	}
	signature, err := m.Text("signature")
	*parts = append(*parts, conversation.Part{
		Kind: conversation.KindThought, Text: thought, Carrier: signature.String(),
	})
	return err
}

func (d *decoder) readRedacted(m jsonwalk.Members, parts *[]conversation.Part) error {
	data, err := m.NeedText("data")
	*parts = append(*parts, conversation.Part{Kind: conversation.KindThought, Carrier: data.String()})
	return err
}

func (d *decoder) readCall(m jsonwalk.Members, parts *[]conversation.Part) error {
	id, err := m.NeedText("id")
	if err != nil {
		return err
	}
	name, err := m.NeedText("name")
	p := conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{}}
	p.Call.ID, p.Carrier = d.splitID(id.String())
	p.Call.Name = name.String()
	p.Call.Args = conversation.Raw(m.Get("input"))
	*parts = append(*parts, p)
	return err
}

func (d *decoder) readCompaction(m jsonwalk.Members, parts *[]conversation.Part) error {
	summary, err := m.Text("content")
	addText(parts, conversation.Join("", conversation.Quote("<summary>\n"), summary, conversation.Quote("\n</summary>")))
	return err
}

// readSystemBlock reads system text in the midst of a message. A message has
// one role, so the text gets the tags that clients themselves put around such
// text.
func (d *decoder) readSystemBlock(m jsonwalk.Members, parts *[]conversation.Part) error {
	var inner []conversation.Part
	err := d.Within("content", func() error {
		if err := d.nested(m.Get("content"), &inner); err != nil {
			return err
		}
		return d.onlyText(inner)
	})
	if err != nil || len(inner) == 0 {
		return err
	}
	addText(parts, conversation.Join("\n",
		conversation.Quote("<system-reminder>"), joinTexts(inner), conversation.Quote("</system-reminder>")))
	return nil
}

// joinTexts joins the texts among parts by newlines.
func joinTexts(parts []conversation.Part) conversation.Text {
	var texts []conversation.Text
	for _, p := range parts {
		if p.Kind == conversation.KindText {
			texts = append(texts, p.Text)
		}
	}
	return conversation.Join("\n", texts...)
}
