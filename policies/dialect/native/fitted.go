package native

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// fitted returns the bytes of a part with the id, name and signature that it
// must have. All else stays as it is.
func (r *repair) fitted(p *gemini.NativePart) []byte {
	if p.Kind == conversation.KindUpstream {
		return p.Raw
	}
	var w rewriter
	w.reset(p.Raw)
	signed := false
	err := w.members(func(_ int, name []byte) (outcome, error) {
		switch string(name) {
		case "functionCall", "functionResponse":
			return keep, w.identify(p, r.can.MediaInResults)
		case "thoughtSignature":
			signed = p.Signature != ""
			return outcome(signed), w.become(p.Signature)
		}
		return keep, w.skip()
	}, func(it items) {
		if p.Signature != "" && !signed {
			w.append(it, "thoughtSignature", p.Signature)
		}
	})
	if err != nil {
		return p.Raw // it was read before, so there is none
	}
	return w.result()
}

// identify sets the id and name of a call or result. Files that a result must
// not hold have become parts of their own.
func (w *rewriter) identify(p *gemini.NativePart, files bool) error {
	id, name := p.ID == "", p.Name == ""
	return w.members(func(_ int, member []byte) (outcome, error) {
		switch string(member) {
		case "id":
			id = true
			return outcome(p.ID != ""), w.become(p.ID)
		case "name":
			name = true
			return keep, w.become(p.Name)
		case "parts":
			return w.answerFiles(files)
		}
		return keep, w.skip()
	}, func(it items) {
		if !id {
			w.append(it, "id", p.ID)
		}
		if !name {
			w.append(it, "name", p.Name)
		}
	})
}

// answerFiles removes the files that a result must not hold; files says that
// some may stay.
func (w *rewriter) answerFiles(files bool) (outcome, error) {
	stays := func(part []byte) bool {
		return files && !slices.ContainsFunc(filesOf(part), func(f *conversation.Media) bool {
			return f.Data != nil && !media.InAnswers(f.MIME)
		})
	}
	if w.kind() != '[' {
		v, err := w.value()
		return outcome(stays(v)), err
	}
	return outcome(files), w.elements(func(int) (outcome, error) {
		v, err := w.value()
		return outcome(stays(v)), err
	}, nil)
}

// become replaces the next value by the string s.
func (w *rewriter) become(s string) error {
	v, err := w.value()
	if err == nil && (v.Kind() != '"' || string(jsonwalk.Chars(v)) != s) {
		w.replace(w.at()-len(v), w.at(), quoted(s))
	}
	return err
}

// append adds a member with a string at the end of an object.
func (w *rewriter) append(it items, name, value string) {
	at, full := it.end()
	member := quoted(name) + ":" + quoted(value)
	if full || len(w.edits) > 0 && w.edits[len(w.edits)-1].from == at && w.edits[len(w.edits)-1].to == at {
		member = "," + member
	}
	w.replace(at, at, member)
}

// filesOf reads the media in a result.
func filesOf(parts []byte) (files []*conversation.Media) {
	var s scan
	s.reset(parts)
	_ = s.array(func() error { // valid: they were read before
		return s.object(func([]byte) error {
			m := &conversation.Media{}
			err := s.object(func(name []byte) error {
				v, err := s.value()
				switch chars := jsonwalk.Chars(v); string(canonical(name)) {
				case "mimeType":
					m.MIME = string(chars)
				case "fileUri":
					m.URI = string(chars)
				case "data":
					if v.Kind() == jsontext.KindString {
						m.Data = conversation.Text(v)
					}
				}
				return err
			})
			if m.MIME != "" && (m.Data != nil || m.URI != "") {
				files = append(files, m)
			}
			return err
		})
	})
	return files
}
