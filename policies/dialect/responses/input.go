package responses

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// run says what the last message consists of: a single item, a run of items of
// the assistant, or a run of outputs that answer its calls.
type run uint8

const (
	alone   run = iota // the message is complete
	answer             // items of the assistant
	results            // outputs of its calls
)

// itemReader reads one type of item: its fields obey table, then read adds
// what it means to the conversation.
type itemReader struct {
	table *jsonwalk.Table
	read  func(d *decoder, m jsonwalk.Members) error
}

// itemReaders has a reader for every type that itemTypes maps. It is filled by
// init, since the typed tools add items.
var itemReaders map[string]itemReader

func init() {
	itemReaders = map[string]itemReader{
		"message":                 {messageFields, (*decoder).message},
		"reasoning":               {thoughtFields, (*decoder).thought},
		"function_call":           {callFields, (*decoder).functionCall},
		"function_call_output":    {outputFields, (*decoder).output},
		"custom_tool_call":        {customCallFields, (*decoder).customCall},
		"custom_tool_call_output": {outputFields, (*decoder).output},
		"tool_search_output":      {searchOutputFields, (*decoder).searchOutput},
		"additional_tools":        {addedToolsFields, (*decoder).addedTools},
		"code_interpreter_call":   {codeFields, (*decoder).codeCall},
		"image_generation_call":   {pictureFields, (*decoder).picture},
		"mcp_call":                {mcpCallFields, (*decoder).mcpCall},
		"item_reference":          {referenceFields, (*decoder).reference},
		"computer_call":           {unknownCallFields, (*decoder).unknownCall},
		"*_call":                  {unknownCallFields, (*decoder).unknownCall},
		"computer_call_output":    {unknownOutputFields, (*decoder).unknownOutput},
		"*_call_output":           {unknownOutputFields, (*decoder).unknownOutput},
	}
	for i := range typedTools {
		t := &typedTools[i]
		itemReaders[t.call] = itemReader{typedCallFields, t.readCall}
		if _, ok := itemReaders[t.output]; !ok {
			itemReaders[t.output] = itemReader{typedOutputFields, (*decoder).typedOutput}
		}
	}
}

// plainInput reads input that is not a list: the user's text.
func (d *decoder) plainInput(v jsontext.Value) error {
	text, err := d.Text("input", v)
	d.restart()
	parts := openai.AppendContent(nil, text)
	d.Mark("input", parts)
	d.add(alone, conversation.User, parts...)
	return err
}

// restart forgets the input so far: of two input fields the last one counts.
func (d *decoder) restart() {
	d.run = alone
	d.Req.Messages, d.added = nil, nil
}

// items reads the input from r.
func (d *decoder) items(r *jsonwalk.Reader) error {
	d.restart()
	return r.Array(func(i int) error {
		v, err := r.Value()
		if err != nil {
			return err
		}
		return d.Message(i, func() error { return d.item(v) })
	})
}

// item reads one item. Most clients leave the type of messages out.
func (d *decoder) item(v jsontext.Value) error {
	return d.Object(v, func(m jsonwalk.Members) error {
		kind := jsonwalk.Chars(m.Get("type"))
		switch {
		case kind != nil:
		case m.Get("role") != nil:
			kind = []byte("message")
		case m.Get("id") != nil:
			kind = []byte("item_reference")
		default:
			return d.Invalid("type", "Field required")
		}
		f := itemTypes.Find(kind)
		switch {
		case f == nil:
			return d.foreignItem(string(kind), m)
		case f.Action == jsonwalk.Drop:
			return nil
		case f.Action == jsonwalk.Warn:
			d.Warn("", string(jsonwalk.Shorten(kind))+" left out: "+f.Why)
			return nil
		case f.Action == jsonwalk.Refuse:
			return d.Unsupported("", string(jsonwalk.Shorten(kind))+" ("+f.Why+")")
		}
		r := itemReaders[f.Name]
		if d.stray = ""; f.Name == "message" {
			d.stray = m.Stray(messageFields, nil)
		}
		if err := m.Apply(r.table); err != nil {
			return err
		}
		return r.read(d, m)
	})
}

// reference reads the id of an item that the client believes to be stored.
// Vercel's AI SDK sends those of reasoning items, but the calls beside them
// whole.
func (d *decoder) reference(m jsonwalk.Members) error {
	id, err := m.NeedText("id")
	if err != nil {
		return err
	}
	switch kind, _, _ := strings.Cut(id.String(), "_"); kind {
	case "rs", "ws":
		d.Warn("", "item_reference left out: "+noStore+"; set store to false")
		return nil
	}
	return d.Unsupported("", "item_reference ("+noStore+"; set store to false, so that the client sends items whole; "+
		"in Vercel's AI SDK: providerOptions: {openai: {store: false}}, or the model from .chat())")
}

// add puts parts into the conversation: into the last message if that is of
// the same run, else into a new one.
func (d *decoder) add(r run, role conversation.Role, parts ...conversation.Part) {
	if len(parts) == 0 {
		return
	}
	d.Mark("", parts)
	if n := len(d.Req.Messages); r != alone && r == d.run && n > 0 {
		m := &d.Req.Messages[n-1]
		m.Parts = append(m.Parts, parts...)
		return
	}
	d.run = r
	d.Req.Messages = append(d.Req.Messages, conversation.Message{Role: role, Parts: parts})
}

// leadSystem takes the instructions and the leading system messages as the
// request's system text. If there is nothing else, those messages become the
// user's.
func (d *decoder) leadSystem() {
	lead := 0
	for lead < len(d.Req.Messages) && d.Req.Messages[lead].Role == conversation.System {
		lead++
	}
	if lead == len(d.Req.Messages) {
		for i := range d.Req.Messages {
			d.Req.Messages[i].Role = conversation.User
		}
		lead = 0
	}
	d.Req.System = append(openai.AppendText(nil, d.instructions), d.system...)
	for _, m := range d.Req.Messages[:lead] {
		d.Req.System = append(d.Req.System, m.Parts...)
	}
	d.Req.Messages = d.Req.Messages[lead:]
}
