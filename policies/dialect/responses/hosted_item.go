package responses

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Calls that the upstream runs itself become items of hosted tools. They are
// written whole, since the client does not act on them.

// onMedia writes an image as one that was generated; its carrier is in a
// reasoning item before it. Other media have no place in the API: a text names
// them.
func (m *machine) onMedia(dst []byte, media conversation.Media, carrier string) []byte {
	if dst = m.closeItem(dst); carrier != "" {
		dst = m.carry(dst, carrier)
	}
	dst = m.closeAll(dst)
	m.answer = true
	format, isImage := strings.CutPrefix(media.MIME, "image/")
	if !isImage || media.Data == nil {
		size := len(media.Data.Inner()) / 4 * 3 // base64
		dst = m.openText(dst)
		note := conversation.Quote("[" + media.MIME + ", " + strconv.Itoa(size) + " bytes]")
		m.text = append(m.text, note.Inner()...)
		dst = m.sink.delta(dst, "response.output_text.delta", m.at(firstContent), note, m.logs.piece())
		m.cites.foreign = true
		return m.closeItem(dst)
	}
	m.freshItem("ig_")
	head := jsonwalk.AppendString([]byte(`{"id":`), m.item)
	head = append(head, `,"type":"image_generation_call","status":`...)
	dst = m.added(dst, append(head, `"in_progress"}`...))
	dst = m.sink.part(dst, "response.image_generation_call.in_progress", m.at(""))
	dst = m.sink.part(dst, "response.image_generation_call.generating", m.at(""))
	dst = m.sink.part(dst, "response.image_generation_call.completed", m.at(""))
	item := jsonwalk.AppendString(append(head, `"completed","output_format":`...), format)
	item = append(append(item, `,"revised_prompt":null,"result":`...), media.Data...)
	return m.complete(dst, append(item, '}'))
}

// onCode opens an item for code that the upstream runs; its result will close
// it.
func (m *machine) onCode(dst []byte, code conversation.Text) []byte {
	dst = m.closeAll(dst)
	m.answer = true
	m.open(inCode, "ci_")
	if code == nil {
		code = conversation.Text(`""`)
	}
	dst = m.added(dst, m.codeItem("in_progress", []byte(`""`), []byte(`null`)))
	m.text = append(m.text, code...)
	dst = m.sink.part(dst, "response.code_interpreter_call.in_progress", m.at(""))
	if !code.Empty() {
		dst = m.sink.delta(dst, "response.code_interpreter_call_code.delta", m.at(""), code, nil)
	}
	dst = m.sink.part(dst, "response.code_interpreter_call_code.done", m.at(""), []byte(`,"code":`), code)
	return m.sink.part(dst, "response.code_interpreter_call.interpreting", m.at(""))
}

// codeItem is the item of code that runs in a container; the upstream's
// container has no name.
func (m *machine) codeItem(status string, code, outputs []byte) []byte {
	b := jsonwalk.AppendString([]byte(`{"id":`), m.item)
	b = append(append(append(b, `,"type":"code_interpreter_call","status":"`...), status...), `","code":`...)
	b = append(append(b, code...), `,"container_id":"auto","outputs":`...)
	return append(append(b, outputs...), '}')
}

func (m *machine) onCodeResult(dst []byte, outcome string, output conversation.Text) []byte {
	if m.state != inCode {
		return dst // a result without code
	}
	switch {
	case outcome == "OUTCOME_DEADLINE_EXCEEDED":
		return m.closeCode(dst, "incomplete", output)
	case output.Empty() && outcome != "OUTCOME_OK":
		output = conversation.Quote(outcome)
	}
	return m.closeCode(dst, "completed", output)
}

func (m *machine) closeCode(dst []byte, status string, logs conversation.Text) []byte {
	outputs := []byte(`[]`)
	if !logs.Empty() {
		outputs = append(append([]byte(`[{"type":"logs","logs":`), logs...), `}]`...)
	}
	dst = m.sink.part(dst, "response.code_interpreter_call.completed", m.at(""))
	return m.complete(dst, m.codeItem(status, m.text, outputs))
}

// onServerCall writes the item of a search or of a page fetch when it happens.
func (m *machine) onServerCall(dst []byte, args conversation.Raw) []byte {
	queries, urls := serverArgs(args)
	m.told = true
	if len(queries) == 0 && len(urls) > 0 {
		action := append(append([]byte(`{"type":"open_page","url":`), urls[0]...), '}')
		return m.search(dst, action)
	}
	return m.search(dst, searchAction(queries, nil))
}

// serverArgs finds the queries or addresses in the arguments of a search or a
// page fetch.
func serverArgs(args conversation.Raw) (queries, urls []conversation.Text) {
	var r jsonwalk.Reader
	r.Reset(args)
	if r.Kind() != '{' {
		return nil, nil
	}
	err := r.Object(func(name []byte) error {
		list := &queries
		if strings.HasPrefix(string(name), "url") {
			list = &urls
		}
		if r.Kind() != '[' {
			return appendText(&r, list)
		}
		return r.Array(func(int) error { return appendText(&r, list) })
	})
	if err != nil {
		return nil, nil
	}
	return queries, urls
}

// appendText reads a value and keeps it if it is a string.
func appendText(r *jsonwalk.Reader, list *[]conversation.Text) error {
	v, err := r.Value()
	if err == nil && v.Kind() == jsontext.KindString {
		*list = append(*list, conversation.Text(v))
	}
	return err
}

// searchAction is what a web_search_call did.
func searchAction(queries []conversation.Text, pages []conversation.Page) []byte {
	b := []byte(`{"type":"search","query":`)
	if len(queries) > 0 {
		b = append(b, queries[0]...)
	} else {
		b = append(b, `""`...)
	}
	b = append(b, `,"queries":[`...)
	for i, q := range queries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, q...)
	}
	b = append(b, `],"sources":[`...)
	for i, p := range pages {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonwalk.AppendString(append(b, `{"type":"url","url":`...), p.URL), '}')
	}
	return append(b, `]}`...)
}

// search writes a web_search_call item.
func (m *machine) search(dst, action []byte) []byte {
	dst = m.closeAll(dst)
	m.freshItem("ws_")
	item := func(status string) []byte {
		b := jsonwalk.AppendString([]byte(`{"id":`), m.item)
		b = append(append(append(b, `,"type":"web_search_call","status":"`...), status...), `","action":`...)
		return append(append(b, action...), '}')
	}
	dst = m.added(dst, item("in_progress"))
	dst = m.sink.part(dst, "response.web_search_call.in_progress", m.at(""))
	dst = m.sink.part(dst, "response.web_search_call.searching", m.at(""))
	dst = m.sink.part(dst, "response.web_search_call.completed", m.at(""))
	return m.complete(dst, item("completed"))
}
