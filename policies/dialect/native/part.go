package native

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
)

// partSeen is what a part holds.
type partSeen struct {
	gemini.NativePart
	thought bool
	data    bool // it has another kind of data than text
	files   bool // a result has some

	file blob // inline data

	server     jsontext.Value // of a tool that the upstream ran itself
	serverName string

	signFrom, signTo int // of the signature's value
}

// onePart repairs a part.
func (r *repair) onePart(s *contentSeen) (outcome, error) {
	if err := r.opts.CheckClient(); err != nil {
		return cut, err
	}
	var p partSeen
	from, before := -1, len(r.edits)
	var beside []int // members about the media, such as their resolution
	err := r.members(func(i int, name []byte) (outcome, error) {
		switch string(name) {
		case "inlineData":
			p.file.member = i
		case "videoMetadata", "mediaResolution":
			beside = append(beside, i)
		}
		return r.partField(name, &p)
	}, func(it items) {
		from = it.open - 1
		if p.file.text != "" { // in the place of the data
			m := it.list[p.file.member]
			r.replace(m.from, m.to, `"text":`+quoted(p.file.text))
			for _, i := range beside {
				it.list[i].outcome = cut
			}
		}
	})
	if err != nil {
		return cut, err
	}
	switch {
	case from < 0:
		r.odd = true
		return keep, nil
	case p.file.gone:
		return cut, nil
	}
	switch {
	case p.Kind == conversation.KindCall:
		s.calls++
	case p.Kind == conversation.KindResult:
		s.answers++
		if p.Signature != "" {
			// Refused on answers, whatever it is; null counts as absent.
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
	if r.history != nil {
		p.Raw = r.applied(from, r.at(), r.edits[before:])
		r.history.Add(&p.NativePart, conversation.Place{
			Root: "contents", Item: int32(r.content), Field: "parts", Index: int32(r.part), //nolint:gosec // there are few
		})
	}
	return keep, nil
}

// partField repairs one member of a part.
func (r *repair) partField(name []byte, p *partSeen) (outcome, error) {
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
		return keep, r.skip() // metadata of the part
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
	case "fileData":
		return keep, r.reference(r.where("fileData"))
	case "inlineData":
		return keep, r.inline(&p.file)
	}
	return keep, r.files(r.where(string(jsonwalk.Shorten(name))))
}

// string reports whether v is a string. Anything but a string or null is marked
// as odd.
func (r *repair) string(v jsontext.Value) bool {
	r.odd = r.odd || v.Kind() != '"' && v.Kind() != 'n'
	return v.Kind() == '"'
}

// functionCall repairs a call in the history.
func (r *repair) functionCall(p *partSeen) error {
	return r.members(func(_ int, name []byte) (outcome, error) {
		switch string(name) {
		case "id":
			return r.identity(&p.ID, r.ids)
		case "name":
			return r.identity(&p.Name, true)
		case "partialArgs", "willContinue":
			// Streamed arguments are Vertex AI's; put together they are args.
			return outcome(r.vertex), r.skip()
		case "args":
			return keep, r.args()
		}
		return keep, r.files(r.where("functionCall." + string(jsonwalk.Shorten(name))))
	}, nil)
}

// identity reads the id or name of a call or result.
func (r *repair) identity(into *string, known bool) (outcome, error) {
	v, err := r.value()
	r.string(v)
	*into = string(jsonwalk.Chars(v))
	return outcome(known), err
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
	return r.members(func(_ int, name []byte) (outcome, error) {
		switch string(name) {
		case "id":
			return r.identity(&p.ID, r.ids)
		case "name":
			return r.identity(&p.Name, true)
		case "parts":
			from, before, kept, lone := r.at(), len(r.edits), keep, r.kind() == '{'
			err := r.elements(func(i int) (_ outcome, err error) {
				kept, err = r.answerPart(i, p)
				return kept, err
			}, nil)
			if err == nil && r.history != nil {
				from = r.at() - len(bytes.TrimLeft(r.text[from:r.at()], ": \t\r\n"))
				p.Files = filesOf(r.applied(from, r.at(), r.edits[before:]))
			}
			return kept || outcome(!lone), err // an object stands for a list of one
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
