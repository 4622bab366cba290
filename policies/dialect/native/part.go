package native

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// partSeen is what a part was found to be.
type partSeen struct {
	call, answer bool
	data         bool // has something else than a text
	text         bool // has a text that is not empty
	thought      bool
	server       jsontext.Value // of a tool that the upstream ran itself
	serverName   string

	signed           bool // has a signature that stays
	signFrom, signTo int  // of the signature's value, if the member stays
}

// onePart repairs a part.
func (r *repair) onePart(s *said) (fate, error) {
	if err := r.opts.Wanted(); err != nil {
		return cut, err
	}
	var p partSeen
	from, end, full := -1, 0, false
	err := r.members(func(_ int, name []byte) (fate, error) {
		return r.partField(name, &p)
	}, func(it items) {
		from = it.open - 1
		end, full = it.end()
	})
	if err != nil {
		return cut, err
	}
	if from < 0 {
		return keep, nil // no object
	}
	if r.opts.StripSignatures && (p.thought && !p.call || !p.text && !p.data) {
		return cut, nil // nothing is left that may go back
	}
	switch {
	case p.server != nil && r.vertex:
		r.replace(from, r.at(), `{"text":`+quoted("["+p.serverName+"] "+string(p.server))+`}`)
		r.warn(r.where(p.serverName), "tools that AI Studio ran are text to Vertex AI")
		s.other = true
	case p.call:
		if s.calls++; s.calls == 1 {
			s.first = call{signed: p.signed, from: p.signFrom, to: p.signTo, end: end, full: full}
		}
	case p.answer:
		s.answers++
		s.places = append(s.places, r.part)
		if p.signed {
			// Refused on answers, whatever it is; null is as good as absent.
			r.replace(p.signFrom, p.signTo, "null")
		}
	default:
		s.other = true
	}
	return keep, nil
}

// partField repairs one member of a part.
func (r *repair) partField(name []byte, p *partSeen) (fate, error) {
	switch string(name) {
	case "text":
		v, err := r.value()
		p.text = !empty(v)
		return keep, err
	case "thought":
		v, err := r.value()
		p.thought = v.Kind() == 't'
		return keep, err
	case "thoughtSignature", "thought_signature":
		v, err := r.value()
		if err != nil || r.opts.StripSignatures {
			return cut, err
		}
		p.signed, p.signFrom, p.signTo = !empty(v), r.at()-len(v), r.at()
		return keep, nil
	case "partMetadata", "part_metadata":
		return r.onlyStudio()
	case "videoMetadata", "video_metadata", "mediaResolution", "media_resolution":
		return keep, r.skip() // says something about the part, is none itself
	}
	if r.kind() == 'n' {
		return keep, r.skip() // proto JSON for a field that is not set
	}
	p.data = true
	switch string(name) {
	case "functionCall", "function_call":
		p.call = true
		return keep, r.functionCall()
	case "functionResponse", "function_response":
		p.answer = true
		return keep, r.functionResponse()
	case "toolCall", "tool_call", "toolResponse", "tool_response":
		from := r.at()
		err := r.files(r.where(camel(name)))
		p.server, p.serverName = jsontext.Value(bytes.TrimLeft(r.text[from:r.at()], ": \t\r\n")), camel(name)
		return keep, err
	case "fileData", "file_data", "inlineData", "inline_data":
		return keep, r.media(r.where(camel(name)))
	}
	return keep, r.files(r.where(string(jsonwalk.Shorten(name))))
}

// functionCall repairs a call in the history.
func (r *repair) functionCall() error {
	return r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "id":
			return fate(r.ids), r.skip()
		case "partialArgs", "partial_args", "willContinue", "will_continue":
			// Streamed arguments are Vertex AI's; put together they are args.
			return fate(r.vertex), r.skip()
		case "args":
			return keep, r.skip()
		}
		return keep, r.files(r.where("functionCall." + string(jsonwalk.Shorten(name))))
	}, nil)
}

// functionResponse repairs an answer.
func (r *repair) functionResponse() error {
	return r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "id":
			return fate(r.ids), r.skip()
		case "parts":
			return keep, r.elements(func(i int) (fate, error) { return keep, r.answerPart(i) }, nil)
		case "response":
			return keep, r.skip()
		}
		return keep, r.files(r.where("functionResponse." + string(jsonwalk.Shorten(name))))
	}, nil)
}

// answerPart checks media within an answer.
func (r *repair) answerPart(i int) error {
	return r.members(func(_ int, name []byte) (fate, error) {
		if s := string(name); (s == "fileData" || s == "file_data") && !r.vertex && r.kind() != 'n' {
			return cut, unsupported(r.where(fmt.Sprintf("functionResponse.parts[%d].fileData", i)),
				"AI Studio takes no references within function responses; send the data inline, or the reference in a content that follows")
		}
		at := r.where(fmt.Sprintf("functionResponse.parts[%d].%s", i, camel(name)))
		switch camel(name) {
		case "fileData":
			return keep, r.media(at)
		case "inlineData":
			return keep, r.blob(at)
		}
		return keep, r.files(r.where(fmt.Sprintf("functionResponse.parts[%d].%s", i, jsonwalk.Shorten(name))))
	}, nil)
}

// media repairs media at a place, inline or by reference.
func (r *repair) media(at string) error {
	return r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "displayName", "display_name":
			return r.onlyVertex(at+".displayName", "names of media exist at Vertex AI only")
		case "mimeType", "mime_type":
			return keep, r.mime(at)
		case "fileUri", "file_uri":
			return keep, r.fileURI(at + ".fileUri")
		}
		return keep, r.skip()
	}, nil)
}

// blob checks inline data where a name may stand beside them.
func (r *repair) blob(at string) error {
	return r.members(func(_ int, name []byte) (fate, error) {
		if camel(name) == "mimeType" {
			return keep, r.mime(at)
		}
		return keep, r.skip()
	}, nil)
}

// mime refuses a media type that is none, within media at a place.
func (r *repair) mime(at string) error {
	v, err := r.value()
	if mime := string(jsonwalk.Chars(v)); err == nil && mime != "" && !conversation.ValidMIME(mime) {
		at += ".mimeType"
		err = &conversation.Error{Kind: conversation.ErrInvalid, Param: at, Message: at + ": not a media type; expected type/subtype, as in image/png"}
	}
	return err
}

// camel returns the camelCase form of a name in snake_case.
func camel(name []byte) string {
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '_' && i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z' {
			i++
			out = append(out, name[i]-'a'+'A')
			continue
		}
		out = append(out, name[i])
	}
	return string(out)
}
