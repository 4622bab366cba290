package gemini

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// notMIME is what a client is told of a media type that is none.
const notMIME = "the media type is not one; expected type/subtype, as in image/png"

// file says what goes upstream for media of a message: other media, a text, or
// nothing. Media that the target cannot take are an error.
func (r *renderer) file(m *conversation.Media, at *conversation.Place, answer bool) (sent *conversation.Media, text string, err error) {
	switch {
	case m.Data == nil && m.URI == "":
		return nil, "", invalid(r.where(at), "media has neither data nor an address")
	case m.MIME != "" && !conversation.ValidMIME(media.Canonical(m.MIME)):
		return nil, "", invalid(r.where(at), notMIME)
	case m.Data == nil:
		return r.reference(m, at)
	}
	out := r.files.Settle(media.File{MIME: m.MIME, Name: m.Title, Data: m.Data, Answer: answer, Last: r.last})
	if out.Why != "" {
		r.warn(at, out.Why)
	}
	switch {
	case out.Data == nil:
		return nil, out.Text, nil
	case out.Same:
		return m, "", nil
	}
	settled := *m
	settled.MIME, settled.Data = out.MIME, out.Data
	return &settled, "", nil
}

// filesAhead converts the pictures that need it, newest first.
func (r *renderer) filesAhead() {
	for i := len(r.req.Messages) - 1; i >= 0; i-- {
		r.partsAhead(r.req.Messages[i].Parts, i == len(r.req.Messages)-1)
	}
}

func (r *renderer) partsAhead(parts []conversation.Part, last bool) {
	for i := len(parts) - 1; i >= 0; i-- {
		if m := parts[i].Media; m != nil && m.Data != nil {
			r.files.Ahead(media.File{MIME: m.MIME, Name: m.Title, Data: m.Data, Last: last})
		}
		if result := parts[i].Result; result != nil {
			r.partsAhead(result.Parts, last)
		}
	}
}

// reference checks media by address.
func (r *renderer) reference(m *conversation.Media, at *conversation.Place) (sent *conversation.Media, text string, err error) {
	if why := r.target.Kind.UnreadableFile(m.URI); why != "" {
		return nil, "", unsupported(r.where(at), why)
	}
	settled := *m
	settled.MIME = media.Canonical(m.MIME)
	if mime, why := media.ByReference(settled.MIME, m.URI); why != "" {
		r.warn(at, mime+" was replaced by a line of text: "+why)
		return nil, "[" + m.URI + ": left out, " + why + "]", nil
	} else if settled.MIME = mime; mime == "" && r.target.Kind == Vertex { // Vertex AI requires one
		settled.MIME = AssumedMIME(m.URI)
		r.req.Warn(r.where(at), "the address does not tell the media type; "+settled.MIME+" is assumed")
	}
	_, err = r.opts.Keeps(conversation.ResourceFile, r.where(at), m.URI)
	return &settled, "", err
}

// looseFiles takes the files that cannot stand in the answers out of them and
// returns them as pieces for the user content after (N8).
func (r *renderer) looseFiles(answers []piece) []piece {
	var loose []piece
	for i := range answers {
		a := &answers[i]
		kept := a.files[:0:0]
		labeled := false
		for _, f := range a.files {
			if r.inAnswer(a, f) {
				kept = append(kept, f)
				continue
			}
			if !labeled {
				labeled = true
				loose = append(loose, textPiece("[files of tool result "+a.id+" ("+a.name+")]"))
			}
			loose = append(loose, mediaPiece(f, a.at))
		}
		a.files = kept
	}
	return loose
}

// inAnswer reports whether a file may stand in an answer. A reference may only
// if a client of the native API put it there.
func (r *renderer) inAnswer(a *piece, f *conversation.Media) bool {
	if f.Data == nil {
		return r.can.MediaInResults && a.native
	}
	return r.can.MediaInResults && media.InAnswers(f.MIME)
}

// media appends a blob or a reference to one.
func (w *bodyWriter) media(m *conversation.Media) {
	if m.Data == nil {
		w.key("fileData")
		w.open('{')
		if m.MIME != "" {
			w.stringField("mimeType", m.MIME)
		}
		w.stringField("fileUri", m.URI)
		w.close('}')
		return
	}
	w.key("inlineData")
	w.open('{')
	w.stringField("mimeType", m.MIME)
	w.key("data")
	w.raw(m.Data)
	w.close('}')
}
