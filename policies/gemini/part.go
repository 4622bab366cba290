package gemini

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// part is one part of a candidate's content.
type part struct {
	text      conversation.Text // nil if there was none
	thought   bool
	signature string
	call      *callPart

	// kind is the name of any other data field. label is its MIME type,
	// language, outcome or tool; body its data, code or output; id and args
	// are a server-side tool's.
	kind  string
	label string
	body  conversation.Text
	id    string
	args  conversation.Raw
	// raw is the whole part as it came, where kind is set.
	raw conversation.Raw
}

// callPart is a functionCall, whole or a piece of one that is streamed.
type callPart struct {
	id, name string
	args     jsontext.Value // nil if absent
	pieces   []argPiece
	more     bool // willContinue
}

func (f *frame) readPart(w *walker) error {
	if err := f.count(); err != nil {
		return err
	}
	var p part
	var odd string // a member that is unknown
	from := w.offset()
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "text":
			return w.text(&p.text)
		case "thought":
			return w.bool(&p.thought)
		case "thoughtSignature", "thought_signature":
			return w.string(&p.signature)
		case "functionCall", "function_call":
			if w.kind() != '{' {
				return w.skip()
			}
			p.call = &callPart{}
			return p.call.read(f, w)
		case "inlineData", "inline_data":
			return p.readData(w, "inlineData")
		case "executableCode", "executable_code":
			return p.readData(w, "executableCode")
		case "codeExecutionResult", "code_execution_result":
			return p.readData(w, "codeExecutionResult")
		case "toolCall", "tool_call":
			return p.readData(w, "toolCall")
		case "toolResponse", "tool_response":
			return p.readData(w, "toolResponse")
		case "videoMetadata", "video_metadata", "partMetadata", "part_metadata",
			"mediaResolution", "media_resolution":
			return w.skip() // says something about the part, is none itself
		}
		odd = string(name)
		return w.skip()
	})
	if err != nil {
		return err
	}
	if p.raw != nil {
		p.raw, err = cleanRaw(w.since(from))
	} else if p.text == nil && p.call == nil {
		p.kind = odd // fileData, functionResponse, or what does not exist yet
	}
	f.parts = append(f.parts, p)
	return err
}

// readData reads a data field that is neither text nor call. What it lacks is
// empty, so that events need not be checked for it.
func (p *part) readData(w *walker, kind string) error {
	if w.kind() != '{' {
		return w.skip()
	}
	p.kind, p.raw = kind, conversation.Raw{}
	p.body, p.args = emptyText, noArgs
	return w.object(func(name []byte) error {
		switch string(name) {
		case "mimeType", "mime_type", "language", "outcome", "toolName", "tool_name":
			return w.scalar(&p.label)
		case "toolType", "tool_type":
			if p.label != "" { // its name is used instead
				return w.skip()
			}
			return w.scalar(&p.label)
		case "data", "code", "output":
			return w.text(&p.body)
		case "id":
			return w.string(&p.id)
		case "args", "response":
			return w.rawObject(&p.args)
		}
		return w.skip()
	})
}

// outcomeNumbers and languageNumbers name the numbers of the two enums.
var (
	outcomeNumbers  = [...]string{"OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"}
	languageNumbers = [...]string{"LANGUAGE_UNSPECIFIED", "PYTHON"}
)

// languageName is the usual name of a programming language; "" if unknown.
func languageName(label string) string {
	name := strings.ToLower(enumName(label, languageNumbers[:]))
	if name == "language_unspecified" {
		return ""
	}
	return name
}

func (c *callPart) read(f *frame, w *walker) error {
	return w.object(func(name []byte) error {
		switch string(name) {
		case "id":
			return w.string(&c.id)
		case "name":
			return w.string(&c.name)
		case "args":
			return w.value(&c.args)
		case "willContinue", "will_continue":
			return w.bool(&c.more)
		case "partialArgs", "partial_args":
			return w.array(func() error {
				if err := f.count(); err != nil {
					return err
				}
				var p argPiece
				err := p.read(w)
				c.pieces = append(c.pieces, p)
				return err
			})
		}
		return w.skip()
	})
}
