package gemini

import (
	"bytes"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// notMIME is what a client is told of a media type that is none.
const notMIME = "the media type is not one; expected type/subtype, as in image/png"

// checkMedia refuses media that the target cannot take.
func (r *renderer) checkMedia(m *conversation.Media, at *conversation.Place) error {
	switch {
	case m.Data == nil && m.URI == "":
		return invalid(r.where(at), "media has neither data nor an address")
	case m.Data != nil && m.MIME == "":
		return invalid(r.where(at), "media type is missing")
	case m.MIME != "" && !conversation.ValidMIME(m.MIME):
		return invalid(r.where(at), notMIME)
	case m.Data == nil && r.target.Kind.UnreadableFile(m.URI) != "":
		return unsupported(r.where(at), r.target.Kind.UnreadableFile(m.URI))
	case m.Data == nil && r.target.Kind == Vertex && m.MIME == "": // it wants one
		m.MIME = AssumedMIME(m.URI)
		r.req.Warn(r.where(at), "the address does not tell the media type; "+m.MIME+" is assumed")
	}
	if m.Data != nil {
		return nil
	}
	_, err := r.opts.Keeps(conversation.ResourceFile, r.where(at), m.URI)
	return err
}

// inResult are the media types that a functionResponse may carry.
var inResult = map[string]bool{
	"image/png": true, "image/jpeg": true, "image/webp": true, "application/pdf": true, "text/plain": true,
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
			mime, _, _ := strings.Cut(strings.ToLower(f.MIME), ";")
			if r.can.MediaInResults && f.Data != nil && inResult[strings.TrimSpace(mime)] {
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
	w.raw(base64Literal(m.Data))
	w.close('}')
}

// base64Literal returns data without the line breaks of MIME, which the API
// refuses, and without needless escapes.
func base64Literal(data conversation.Text) conversation.Text {
	if bytes.IndexByte(data, '\\') < 0 {
		return data
	}
	return conversation.Quote(strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' || c == ' ' || c == '\t' {
			return -1
		}
		return c
	}, data.String()))
}
