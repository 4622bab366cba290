package native

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
)

// partSeen is what a part was found to be.
type partSeen struct {
	gemini.NativePart
	thought bool
	data    bool // it has something else than a text
	files   bool // a result has some

	server     jsontext.Value // of a tool that the upstream ran itself
	serverName string

	signFrom, signTo int // of the signature's value
}

// onePart repairs a part.
func (r *repair) onePart(s *said) error {
	if err := r.opts.Wanted(); err != nil {
		return err
	}
	var p partSeen
	from := -1
	err := r.members(func(_ int, name []byte) (fate, error) {
		return r.partField(name, &p)
	}, func(it items) { from = it.open - 1 })
	if err != nil {
		return err
	}
	if from < 0 {
		r.odd = true
		return nil
	}
	p.Raw = conversation.Raw(r.text[from:r.at()])
	switch {
	case p.Kind == conversation.KindCall:
		s.calls++
	case p.Kind == conversation.KindResult:
		s.answers++
		if p.Signature != "" {
			// Refused on answers, whatever it is; null is as good as absent.
			r.replace(p.signFrom, p.signTo, "null")
		}
	case p.thought:
		p.Kind = conversation.KindThought
	case p.data:
		p.Kind = conversation.KindMedia
	default:
		p.Kind = conversation.KindText
	}
	if p.server != nil && r.vertex {
		r.replace(from, r.at(), `{"text":`+quoted("["+p.serverName+"] "+string(p.server))+`}`)
		r.warn(r.where(p.serverName), "tools that AI Studio ran are text to Vertex AI")
	}
	empty := !p.data && p.Text.Empty() && (p.Text == nil || p.Signature == "")
	if p.Text == nil && !p.data {
		r.fit.Blank()
	}
	r.fit.Part(p.Kind, p.ID, p.Name, p.Signature != "", empty)
	if p.files {
		r.fit.Files()
	}
	if r.history != nil {
		r.history.Add(&p.NativePart, conversation.Place{
			Root: "contents", Item: int32(r.content), Field: "parts", Index: int32(r.part), //nolint:gosec // there are few
		})
	}
	return nil
}

// partField repairs one member of a part.
func (r *repair) partField(name []byte, p *partSeen) (fate, error) {
	switch string(name) {
	case "text":
		v, err := r.value()
		if r.string(v) {
			p.Text = conversation.Text(v)
		}
		return keep, err
	case "thought":
		v, err := r.value()
		p.thought = v.Kind() == 't'
		return keep, err
	case "thoughtSignature":
		v, err := r.value()
		r.string(v)
		p.Signature, p.signFrom, p.signTo = string(jsonwalk.Chars(v)), r.at()-len(v), r.at()
		return keep, err
	case "partMetadata":
		return r.onlyStudio()
	case "videoMetadata", "mediaResolution":
		return keep, r.skip() // says something about the part, is none itself
	}
	switch string(name) {
	case "mediaProcessing", "audioTranscription":
		found, err := r.foreign("contents.parts."+string(name), r.where(string(name)))
		if found || err != nil {
			return cut, err
		}
		return keep, r.skip()
	}
	if r.kind() == 'n' {
		return keep, r.skip() // proto JSON for a field that is not set
	}
	p.data = true
	r.odd = r.odd || r.kind() != '{'
	switch string(name) {
	case "functionCall":
		p.Kind = conversation.KindCall
		return keep, r.functionCall(p)
	case "functionResponse":
		p.Kind = conversation.KindResult
		return keep, r.functionResponse(p)
	case "toolCall", "toolResponse":
		from := r.at()
		err := r.files(r.where(string(name)))
		p.server, p.serverName = jsontext.Value(bytes.TrimLeft(r.text[from:r.at()], ": \t\r\n")), string(name)
		return keep, err
	case "fileData", "inlineData":
		return keep, r.media(r.where(string(name)))
	}
	return keep, r.files(r.where(string(jsonwalk.Shorten(name))))
}

// string reports whether v is a string. Anything else but null is odd.
func (r *repair) string(v jsontext.Value) bool {
	r.odd = r.odd || v.Kind() != '"' && v.Kind() != 'n'
	return v.Kind() == '"'
}

// functionCall repairs a call in the history.
func (r *repair) functionCall(p *partSeen) error {
	return r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "id":
			return r.identity(&p.ID, r.ids)
		case "name":
			return r.identity(&p.Name, true)
		case "partialArgs", "willContinue":
			// Streamed arguments are Vertex AI's; put together they are args.
			return fate(r.vertex), r.skip()
		case "args":
			return keep, r.args()
		}
		return keep, r.files(r.where("functionCall." + string(jsonwalk.Shorten(name))))
	}, nil)
}

// identity reads the id or name of a call or result.
func (r *repair) identity(into *string, known bool) (fate, error) {
	v, err := r.value()
	r.string(v)
	*into = string(jsonwalk.Chars(v))
	return fate(known), err
}

// args makes an object of the arguments of a call.
func (r *repair) args() error {
	if k := r.kind(); k == '{' || k == 'n' {
		return r.skip()
	}
	v, err := r.value()
	if err != nil {
		return err
	}
	args, whole := gemini.ObjectArgs(conversation.Raw(v))
	if r.replace(r.at()-len(v), r.at(), string(args)); !whole {
		r.warn(r.where("functionCall.args"), "arguments are not an object and were wrapped into one")
	}
	return nil
}

// functionResponse repairs an answer.
func (r *repair) functionResponse(p *partSeen) error {
	to := -1 // of the response
	return r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "id":
			return r.identity(&p.ID, r.ids)
		case "name":
			return r.identity(&p.Name, true)
		case "parts":
			from := r.at()
			err := r.elements(func(i int) (fate, error) { p.files = true; return keep, r.answerPart(i) }, nil)
			if err == nil && r.history != nil {
				p.Files = filesOf(bytes.TrimLeft(r.text[from:r.at()], ": \t\r\n"))
			}
			return keep, err
		case "response":
			v, err := r.value()
			p.Response, to = conversation.Raw(v), r.at()
			return keep, err
		}
		return keep, r.files(r.where("functionResponse." + string(jsonwalk.Shorten(name))))
	}, func(it items) {
		right := gemini.ObjectResponse(p.Response, p.files)
		switch at, full := it.end(); {
		case to < 0:
			r.insert(at, full, `"response":`+string(right))
		case !bytes.Equal(right, p.Response):
			r.replace(to-len(p.Response), to, string(right))
		}
	})
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

// media repairs media at a place, inline or by reference. Vertex AI wants a
// media type with a reference.
func (r *repair) media(at string) error {
	uri, typed := "", false
	return r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "mimeType":
			typed = r.kind() == '"'
			return keep, r.mime(at)
		case "fileUri":
			var err error
			uri, err = r.fileURI(at + ".fileUri")
			return keep, err
		}
		return keep, r.skip()
	}, func(it items) {
		if uri == "" || typed || !r.vertex {
			return
		}
		mime := cmp.Or(dataurl.MIME(uri), gemini.AssumedMIME(uri))
		end, full := it.end()
		r.insert(end, full, `"mimeType":`+quoted(mime))
		r.warn(at, "Vertex AI wants a media type; "+mime+" is assumed")
	})
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
