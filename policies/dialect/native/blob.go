package native

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// blob is inline data of a part.
type blob struct {
	member     int // of the part
	file       media.File
	mime, data span
	text       string // what is sent instead
	gone       bool   // nothing is sent
}

// span is where a value stands; zero if there is none.
type span struct{ from, to int }

// inline repairs inline data of a part.
func (r *repair) inline(b *blob) error {
	at := r.where("inlineData")
	if err := r.readBlob(b, at); err != nil || b.data.to == 0 {
		return err
	}
	if sent := r.settle(b, at); sent.Data == nil {
		b.text, b.gone = sent.Text, sent.Text == ""
	}
	return nil
}

// inlineAnswer repairs inline data within an answer, where text is a file, too.
func (r *repair) inlineAnswer(at string) (mime string, kept outcome, err error) {
	b := blob{file: media.File{Answer: true}}
	if err := r.readBlob(&b, at); err != nil || b.data.to == 0 {
		return "", keep, err
	}
	sent := r.settle(&b, at)
	if sent.Data == nil && sent.Text != "" {
		sent.MIME = "text/plain"
		r.exchange(&b, sent.MIME, conversation.Quote(base64.StdEncoding.EncodeToString([]byte(sent.Text))))
	}
	return sent.MIME, outcome(sent.MIME != ""), nil
}

// readBlob reads a file at a place. A null counts as absent.
func (r *repair) readBlob(b *blob, at string) error {
	return r.members(func(_ int, name []byte) (outcome, error) {
		field := string(name)
		if field != "displayName" && field != "mimeType" && field != "data" {
			return keep, r.skip()
		}
		v, err := r.value()
		if err != nil || v.Kind() != '"' {
			return keep, err
		}
		switch here := (span{r.at() - len(v), r.at()}); field {
		case "displayName":
			b.file.Name = string(jsonwalk.Chars(v))
		case "mimeType":
			b.file.MIME, b.mime = string(jsonwalk.Chars(v)), here
			return keep, checkMIME(b.file.MIME, at)
		default:
			b.file.Data, b.data = conversation.Text(v), here
		}
		return keep, nil
	}, nil)
}

// settle decides what is sent of a file, by the rule for all APIs, and writes
// the type and data if they changed.
func (r *repair) settle(b *blob, at string) media.Sent {
	b.file.Native, b.file.Last = true, r.content == r.lastContent
	sent := r.media.Settle(b.file)
	if sent.Why != "" {
		r.warn(at, sent.Why)
	}
	if sent.Data != nil && !sent.Same {
		r.exchange(b, sent.MIME, sent.Data)
	}
	return sent
}

// exchange replaces the client's type and data.
func (r *repair) exchange(b *blob, mime string, data conversation.Text) {
	with := string(data)
	switch {
	case b.mime.to == 0:
		with += `,"mimeType":` + quoted(mime)
	case mime != b.file.MIME:
		r.replace(b.mime.from, b.mime.to, quoted(mime))
	}
	if b.mime.to == 0 || len(data) != len(b.file.Data) || &data[0] != &b.file.Data[0] {
		r.replace(b.data.from, b.data.to, with)
	}
}

// answerPart repairs media within an answer.
func (r *repair) answerPart(i int, p *partSeen) (outcome, error) {
	kept, mime := keep, ""
	err := r.members(func(_ int, name []byte) (_ outcome, err error) {
		at := r.where(fmt.Sprintf("functionResponse.parts[%d].%s", i, jsonwalk.Shorten(name)))
		switch string(name) {
		case "fileData":
			if !r.vertex && r.kind() != 'n' {
				return cut, unsupported(at, "AI Studio takes no references within function responses; send the data inline, or the reference in a content that follows")
			}
			return keep, r.reference(at)
		case "inlineData":
			mime, kept, err = r.inlineAnswer(at)
			return kept, err
		}
		return keep, r.files(at)
	}, nil)
	if kept == keep {
		p.files = true
		r.fit.File(mime)
	}
	return kept, err
}

// reference repairs media by reference at a place. Vertex AI wants a media type.
func (r *repair) reference(at string) error {
	uri, typed := "", false
	return r.members(func(_ int, name []byte) (outcome, error) {
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

// mime refuses an invalid media type, within media at a place.
func (r *repair) mime(at string) error {
	v, err := r.value()
	if err != nil {
		return err
	}
	return checkMIME(string(jsonwalk.Chars(v)), at)
}

func checkMIME(mime, at string) error {
	if mime == "" || conversation.ValidMIME(media.Canonical(mime)) {
		return nil
	}
	at += ".mimeType"
	return &conversation.Error{Kind: conversation.ErrInvalid, Param: at, Message: at + ": not a media type; expected type/subtype, as in image/png"}
}

// filesAhead converts the pictures of a body that need it, newest first.
func (r *repair) filesAhead(body []byte) {
	if r.media.Omit == media.History || !media.HasConvertible(body) {
		return
	}
	var s scan
	s.reset(body)
	var files []media.File
	var walk func() error
	walk = func() error {
		var file media.File
		err := s.array(func() error {
			return s.object(func(name []byte) error {
				switch string(canonical(name)) {
				case "generateContentRequest", "contents", "parts", "functionResponse", "inlineData":
					return walk()
				case "mimeType", "data":
					v, err := s.value()
					if err != nil || v.Kind() != '"' {
						return err
					}
					if len(canonical(name)) == len("data") {
						file.Data = conversation.Text(v)
					} else {
						file.MIME = string(jsonwalk.Chars(v))
					}
					return nil
				}
				return s.skip()
			})
		})
		if file.Data != nil {
			files = append(files, file)
		}
		return err
	}
	_ = walk() // read again, which reports errors
	for _, f := range slices.Backward(files) {
		r.media.Ahead(f)
	}
}

// lastContent is the index of the last content.
func lastContent(body []byte) int {
	var s scan
	n := 0
	s.reset(body)
	_ = s.object(func(name []byte) error {
		if string(canonical(name)) != "contents" {
			return s.skip()
		}
		n = 0
		return s.array(func() error { n++; return s.skip() })
	})
	return n - 1
}
