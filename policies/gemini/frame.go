package gemini

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// frame is one GenerateContentResponse, read but not yet judged. Its texts are
// slices of the bytes it was read from. Keys come in camelCase, and in
// snake_case from gateways that print proto names; both are read.
type frame struct {
	id, model string
	parts     []part // of candidate 0
	candidate bool   // a candidate was seen
	reason    string // finishReason; "" if absent
	note      string // finishMessage
	block     string // promptFeedback.blockReason; "" if absent
	blockNote string
	counters  counters
	failure   jsontext.Value // the error object, if this is no answer
	extras    []string       // members with content that heald cannot carry

	known bool // some member of an answer was seen

	// begun says that id and model are known already; they come with every
	// chunk, and only those of the first count.
	begun bool
}

// reset empties f for the next answer and keeps its memory.
func (f *frame) reset() {
	clear(f.parts)
	*f = frame{parts: f.parts[:0], extras: f.extras[:0], begun: f.begun}
}

// read reads one response object.
func (f *frame) read(w *walker) error {
	f.reset()
	return w.object(func(name []byte) error {
		switch string(name) {
		case "candidates":
			f.known = true
			return w.array(func() error { return f.readCandidate(w) })
		case "promptFeedback", "prompt_feedback":
			f.known = true
			return f.readFeedback(w)
		case "usageMetadata", "usage_metadata":
			f.known = true
			return f.readUsage(w)
		case "responseId", "response_id":
			f.known = true
			if f.begun {
				return w.skip()
			}
			return w.string(&f.id)
		case "modelVersion", "model_version":
			f.known = true
			if f.begun {
				return w.skip()
			}
			return w.string(&f.model)
		case "error":
			return w.value(&f.failure)
		}
		return w.skip()
	})
}

// readCandidate reads one candidate. heald asks for one, so any other than the
// first is left out. Many answers lack the index, and it may follow the content.
func (f *frame) readCandidate(w *walker) error {
	index, parts, extras := 0, len(f.parts), len(f.extras)
	var reason, note string
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "content":
			return w.object(func(name []byte) error {
				if string(name) == "parts" {
					return w.array(func() error { return f.readPart(w) })
				}
				return w.skip()
			})
		case "finishReason", "finish_reason":
			return w.scalar(&reason)
		case "finishMessage", "finish_message":
			return w.string(&note)
		case "index":
			return w.int(&index)
		case "groundingMetadata", "grounding_metadata":
			return f.readExtra(w, "groundingMetadata")
		}
		return w.skip()
	})
	if err != nil {
		return err
	}
	if index != 0 || f.candidate {
		f.parts, f.extras = f.parts[:parts], f.extras[:extras]
		return nil
	}
	f.candidate = true
	f.reason, f.note = enumName(reason, finishNumbers[:]), note
	return nil
}

// readExtra notes a member that is there but not carried.
func (f *frame) readExtra(w *walker, name string) error {
	if w.kind() == '{' {
		f.extras = append(f.extras, name)
	}
	return w.skip()
}

func (f *frame) readFeedback(w *walker) error {
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "blockReason", "block_reason":
			return w.scalar(&f.block)
		case "blockReasonMessage", "block_reason_message":
			return w.string(&f.blockNote)
		}
		return w.skip()
	})
	switch f.block = enumName(f.block, blockNumbers[:]); f.block {
	case "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED":
		f.block = ""
	}
	return err
}

func (f *frame) readUsage(w *walker) error {
	return w.object(func(name []byte) error {
		var which counterSet
		switch string(name) {
		case "promptTokenCount", "prompt_token_count":
			which = hasPrompt
		case "cachedContentTokenCount", "cached_content_token_count":
			which = hasCached
		case "toolUsePromptTokenCount", "tool_use_prompt_token_count":
			which = hasToolPrompt
		case "candidatesTokenCount", "candidates_token_count":
			which = hasOutput
		case "thoughtsTokenCount", "thoughts_token_count":
			which = hasThoughts
		case "totalTokenCount", "total_token_count":
			which = hasTotal
		default:
			return w.skip()
		}
		n := -1 // null, or no number
		if err := w.int(&n); err != nil {
			return err
		}
		if n >= 0 {
			f.counters.set(which, n)
		}
		return nil
	})
}

// part is one part of a candidate's content.
type part struct {
	text      conversation.Text // nil if there was none
	thought   bool
	signature string
	call      *callPart
	// kind is the name of any other data field. label and body are its MIME
	// type, language or outcome, and its data, code or output.
	kind  string
	label string
	body  conversation.Text
}

// callPart is a functionCall, whole or a piece of one that is streamed.
type callPart struct {
	id, name string
	args     jsontext.Value // nil if absent
	pieces   []argPiece
	more     bool // willContinue
}

func (f *frame) readPart(w *walker) error {
	var p part
	var odd string // a member that is not known
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
			return p.call.read(w)
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
	if p.kind == "" && p.text == nil && p.call == nil {
		p.kind = odd // fileData, functionResponse, or what does not exist yet
	}
	f.parts = append(f.parts, p)
	return err
}

// readData reads a data field that is neither text nor call.
func (p *part) readData(w *walker, kind string) error {
	if w.kind() != '{' {
		return w.skip()
	}
	p.kind = kind
	return w.object(func(name []byte) error {
		switch string(name) {
		case "mimeType", "mime_type", "language", "outcome":
			return w.scalar(&p.label)
		case "data", "code", "output":
			return w.text(&p.body)
		}
		return w.skip()
	})
}

func (c *callPart) read(w *walker) error {
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
				var p argPiece
				err := p.read(w)
				c.pieces = append(c.pieces, p)
				return err
			})
		}
		return w.skip()
	})
}

// trimPayload takes away what may stand around a payload.
func trimPayload(data []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
}
