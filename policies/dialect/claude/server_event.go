package claude

import (
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Calls that the upstream runs itself become blocks of server tools. They are
// written whole, since the client does not act on them.

// onMedia writes a text that names the media: the API has no output but text.
func (m *machine) onMedia(dst []byte, media conversation.Media) []byte {
	size := len(media.Data.Inner()) / 4 * 3 // base64
	note := media.MIME + ", " + strconv.Itoa(size) + " bytes"
	if strings.HasPrefix(media.MIME, "image/") {
		note += ", which this API has no place for: ask for images by /v1/images/generations or /v1/chat/completions"
	}
	return m.writeText(dst, conversation.Quote("["+note+"]"))
}

// serverCall writes a server_tool_use block; its result will name its id. A
// carrier is appended to the id, as for calls.
func (m *machine) serverCall(dst []byte, name string, args []byte, carrier string) []byte {
	dst = m.beforeBlock(dst)
	m.server = joinCallID(callid.New("srvtoolu_", m.ids.Random), carrier)
	m.move(inCall)
	m.args = true
	dst = m.sink.openCall(dst, "server_tool_use", m.server, name)
	if len(args) == 0 {
		args = []byte("{}")
	}
	return m.closeBlock(m.sink.args(dst, args))
}

// serverResult writes a result block of the given type, which answers the
// latest server call.
func (m *machine) serverResult(dst []byte, kind string, content []byte) []byte {
	if m.server == "" {
		dst = m.serverCall(dst, strings.TrimSuffix(kind, "_tool_result"), nil, "")
	}
	dst = m.beforeBlock(dst)
	block := jsonwalk.AppendString([]byte(`{"type":`), kind)
	block = append(block, `,"tool_use_id":`...)
	block = jsonwalk.AppendString(block, m.server)
	block = append(block, `,"content":`...)
	block = append(append(block, content...), '}')
	m.server, m.last = "", inCall
	return m.sink.block(dst, block)
}

// beforeBlock ends what is open.
func (m *machine) beforeBlock(dst []byte) []byte {
	if m.state == inText || m.state == inCall {
		dst = m.closeBlock(dst)
	}
	return m.endThinking(dst)
}

func (m *machine) onCode(dst []byte, code conversation.Text) []byte {
	if code == nil {
		code = conversation.Text(`""`)
	}
	args := append(append([]byte(`{"code":`), code...), '}')
	dst = m.serverCall(dst, "code_execution", args, "")
	return dst
}

// onCodeResult writes the outcome as the original service does: output and
// return code, or an error if the code ran too long.
func (m *machine) onCodeResult(dst []byte, outcome string, output conversation.Text) []byte {
	const kind = "code_execution_tool_result"
	if output == nil {
		output = conversation.Text(`""`)
	}
	out, fault, code := output, conversation.Text(`""`), "0"
	switch outcome {
	case "OUTCOME_DEADLINE_EXCEEDED":
		return m.serverResult(dst, kind, []byte(`{"type":"code_execution_tool_result_error","error_code":"execution_time_exceeded"}`))
	case "OUTCOME_FAILED":
		out, fault, code = fault, out, "1"
	}
	content := append([]byte(`{"type":"code_execution_result","stdout":`), out...)
	content = append(append(content, `,"stderr":`...), fault...)
	content = append(append(content, `,"return_code":`...), code...)
	return m.serverResult(dst, kind, append(content, `,"content":[]}`...))
}

// onServerCall presents every tool of the upstream as a search, the only one
// whose result has a place for a carrier.
func (m *machine) onServerCall(dst []byte, ev conversation.Event) []byte {
	return m.serverCall(dst, "web_search", ev.Args, ev.Carrier)
}

// onServerResult puts the sealed result where the original service has
// encrypted content, so that it comes back with the history.
func (m *machine) onServerResult(dst []byte, name, carrier string) []byte {
	return m.serverResult(dst, "web_search_tool_result", appendPage([]byte{'['}, conversation.Page{Title: name}, carrier, "]"))
}

func appendPage(dst []byte, p conversation.Page, carrier, end string) []byte {
	dst = append(dst, `{"type":"web_search_result","title":`...)
	dst = jsonwalk.AppendString(dst, p.Title)
	dst = append(dst, `,"url":`...)
	dst = jsonwalk.AppendString(dst, p.URL)
	dst = append(dst, `,"encrypted_content":`...)
	dst = jsonwalk.AppendString(dst, carrier)
	return append(append(dst, `,"page_age":null}`...), end...)
}
