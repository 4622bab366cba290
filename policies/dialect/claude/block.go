package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// blockReader reads one type of content block: its fields obey table, then
// read appends what it means to parts.
type blockReader struct {
	table *Table
	read  func(m members, parts *[]conversation.Part) error
}

// blockReaders has every type that blockTypes says to Map. It is filled at
// start since blocks hold blocks.
var blockReaders map[string]blockReader

func init() {
	blockReaders = map[string]blockReader{
		"text":                                   {textFields, readText},
		"image":                                  {imageFields, readImage},
		"document":                               {documentFields, readDocument},
		"search_result":                          {searchResultFields, readSearchResult},
		"thinking":                               {thoughtFields, readThought},
		"redacted_thinking":                      {redactedFields, readRedacted},
		"tool_use":                               {callFields, readCall},
		"tool_result":                            {resultFields, readResult},
		"tool_reference":                         {referenceFields, readReference},
		"tool_addition":                          {changeFields, readAddition},
		"server_tool_use":                        {serverCallFields, readServerCall},
		"mcp_tool_use":                           {serverCallFields, readServerCall},
		"web_search_tool_result":                 {serverResultFields, readWebSearch},
		"web_fetch_tool_result":                  {serverResultFields, readWebFetch},
		"mcp_tool_result":                        {serverResultFields, readServerText},
		"code_execution_tool_result":             {serverResultFields, readServerResult},
		"bash_code_execution_tool_result":        {serverResultFields, readServerResult},
		"text_editor_code_execution_tool_result": {serverResultFields, readServerResult},
		"tool_search_tool_result":                {serverResultFields, readServerResult},
		"advisor_tool_result":                    {serverResultFields, readServerResult},
		"compaction":                             {compactionFields, readCompaction},
		"mid_conv_system":                        {systemBlockFields, readSystemBlock},
	}
}

// blocksOff reads a list of blocks straight off r.
func (d *decoder) blocksOff(r *reader, parts *[]conversation.Part) error {
	return r.array(func(i int) error {
		v, err := r.value()
		if err != nil {
			return err
		}
		return d.at(i, func() error { return d.block(v, parts) })
	})
}

// nested reads the content of something that is itself content, or stands
// alone: a string or a list of blocks.
func (d *decoder) nested(v jsontext.Value, parts *[]conversation.Part) error {
	if v.Kind() != '[' {
		text, err := d.content(v)
		*parts = append(*parts, text...)
		return err
	}
	if d.nesting == maxNesting {
		return d.invalid("", "content is nested too deeply")
	}
	d.nesting++
	defer func() { d.nesting-- }()
	r := d.borrow(v)
	defer d.giveBack(r)
	return d.blocksOff(r, parts)
}

// block reads one content block.
func (d *decoder) block(v jsontext.Value, parts *[]conversation.Part) error {
	return d.object(v, func(m members) error {
		name := unquoteIf(m.get("type"))
		if name == nil {
			return d.invalid("type", "Field required")
		}
		f := blockTypes.find(name)
		if f == nil {
			return d.invalid("", "Input tag '%s' found using 'type' is not a known content block", shorten(name))
		}
		switch f.Action {
		case Drop:
			return nil
		case Warn:
			d.warn("", f.Name+" left out: "+f.Why)
			return nil
		case Refuse:
			return d.unsupported("", f.Name+" ("+f.Why+")")
		}
		r := blockReaders[f.Name]
		if err := m.obey(r.table); err != nil {
			return err
		}
		return r.read(m, parts)
	})
}

func shorten(name []byte) []byte { return name[:min(len(name), maxName)] }

func readText(m members, parts *[]conversation.Part) error {
	text, err := m.needText("text")
	addText(parts, text)
	return err
}

func addText(parts *[]conversation.Part, t conversation.Text) {
	*parts = append(*parts, conversation.Part{Kind: conversation.KindText, Text: t})
}

func readThought(m members, parts *[]conversation.Part) error {
	thought, err := m.needText("thinking")
	if err != nil {
		return err
	}
	signature, err := m.text("signature")
	*parts = append(*parts, conversation.Part{
		Kind: conversation.KindThought, Text: thought, Carrier: signature.String(),
	})
	return err
}

func readRedacted(m members, parts *[]conversation.Part) error {
	data, err := m.needText("data")
	*parts = append(*parts, conversation.Part{Kind: conversation.KindThought, Carrier: data.String()})
	return err
}

func readCall(m members, parts *[]conversation.Part) error {
	id, err := m.needText("id")
	if err != nil {
		return err
	}
	name, err := m.needText("name")
	p := conversation.Part{Kind: conversation.KindCall}
	p.Call.ID, p.Carrier = splitCallID(id.String())
	p.Call.Name = name.String()
	p.Call.Args = conversation.Raw(m.get("input"))
	*parts = append(*parts, p)
	return err
}

func readCompaction(m members, parts *[]conversation.Part) error {
	summary, err := m.text("content")
	addText(parts, conversation.Join("", conversation.Quote("<summary>\n"), summary, conversation.Quote("\n</summary>")))
	return err
}

// readSystemBlock reads system text in the midst of a message. A message has
// one speaker, so the text is marked the way clients mark such text themselves.
func readSystemBlock(m members, parts *[]conversation.Part) error {
	var inner []conversation.Part
	err := m.d.within("content", func() error {
		if err := m.d.nested(m.get("content"), &inner); err != nil {
			return err
		}
		return m.d.onlyText(inner)
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
