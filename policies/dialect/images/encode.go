package images

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/jpeg" // what models make, for the size
	_ "image/png"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// encoder keeps the images of an answer until it is complete, and then writes a
// document, or an event for each.
type encoder struct {
	now func() time.Time
	own own

	images []picture
	said   string // the beginning of the model's text
	usage  conversation.Usage
	done   bool // it has ended; later events are ignored
}

// picture is an image of the answer.
type picture struct {
	format string // "png"
	data   conversation.Text
}

var _ dialect.Encoder = (*encoder)(nil)

// Headers implements dialect.Encoder.
func (e *encoder) Headers() policies.Headers {
	if !e.own.stream {
		return policies.Headers{{Name: "content-type", Value: "application/json"}}
	}
	return policies.Headers{{Name: "content-type", Value: "text/event-stream; charset=utf-8"}, {Name: "cache-control", Value: "no-cache"}}
}

// held is the feature Held.
func (e *encoder) held() int {
	n := len(e.said)
	for _, p := range e.images {
		n += cap(p.data)
	}
	return n
}

// Ping implements dialect.Encoder: nothing is sent before the answer is complete.
func (e *encoder) Ping(dst []byte) []byte { return dst }

// mostSaid bounds how much of the model's text is kept, in bytes: an error
// repeats it.
const mostSaid = 512

// Features implements dialect.Encoder.
func (e *encoder) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{Unfinished: e.unfinished, Held: e.held}
}

// Encode implements dialect.Encoder.
func (e *encoder) Encode(dst []byte, ev conversation.Event) []byte {
	if e.done {
		return dst
	}
	if ev.Usage.Known {
		e.usage = ev.Usage
	}
	switch ev.Kind {
	case conversation.EventText:
		if room := mostSaid - len(e.said); room > 0 {
			text := ev.Text.String()
			e.said += strings.ToValidUTF8(text[:min(len(text), room)], "")
		}
	case conversation.EventMedia:
		format, ok := strings.CutPrefix(ev.Media.MIME, "image/")
		if ok && !ev.Media.Data.Empty() {
			e.images = append(e.images, picture{format, bytes.Clone(ev.Media.Data)})
		}
	case conversation.EventFinish, conversation.EventFailure:
		return e.end(dst, ev)
	}
	return dst
}

// end completes the reply, or ends it with an error.
func (e *encoder) end(dst []byte, ev conversation.Event) []byte {
	e.done = true
	if ev.Kind == conversation.EventFailure {
		return e.fail(dst, ev.Err)
	}
	if err := e.unfinished(ev.Finish); err != nil {
		return e.fail(dst, err)
	}
	if e.own.stream {
		return e.events(dst)
	}
	return e.document(dst)
}

// unfinished is the feature Unfinished: an answer without an image is an error.
func (e *encoder) unfinished(f conversation.Finish) *conversation.Error {
	switch {
	case len(e.images) > 0:
		return nil
	case f == conversation.FinishRefused, f == conversation.FinishBlocked:
		return &conversation.Error{Kind: conversation.ErrModerated, Message: "The upstream's safety system refused the request; change the prompt or the images."}
	case f == conversation.FinishLength, f == conversation.FinishWindow:
		return openai.APIError("The answer ended at the token limit, and there was no image yet.")
	case len(e.said) > 0:
		return &conversation.Error{Kind: conversation.ErrInvalid, Param: "prompt", Message: "The model answered in words and made no image: " + e.said, Foreign: true}
	}
	return openai.APIError("The model made no image.")
}

// document writes all images.
func (e *encoder) document(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"created":`...), e.now().Unix(), 10)
	dst = append(dst, `,"data":[`...)
	for i, p := range e.images {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `{"b64_json":`...), p.data...), '}')
	}
	dst = e.images[0].appendLooks(append(dst, ']'))
	return append(e.appendUsage(dst), '}')
}

// events writes an event for each image; the last one carries the usage.
func (e *encoder) events(dst []byte) []byte {
	kind := "image_generation.completed"
	if e.own.edit {
		kind = "image_edit.completed"
	}
	for i, p := range e.images {
		dst = append(dst, "event: "+kind+"\ndata: {\"type\":\""+kind+"\",\"created_at\":"...)
		dst = strconv.AppendInt(dst, e.now().Unix(), 10)
		dst = append(append(dst, `,"b64_json":`...), p.data...)
		dst = p.appendLooks(dst)
		if i == len(e.images)-1 {
			dst = e.appendUsage(dst)
		}
		dst = append(dst, "}\n\n"...)
	}
	return dst
}

// appendLooks writes the properties of an image.
func (p *picture) appendLooks(dst []byte) []byte {
	dst = jsonwalk.AppendString(append(dst, `,"background":"opaque","quality":"auto","output_format":`...), p.format)
	if size := p.size(); size != "" {
		dst = jsonwalk.AppendString(append(dst, `,"size":`...), size)
	}
	return dst
}

// size is read from the file's header; "" if it has none.
func (p *picture) size() string {
	const enough = 256 << 10 // of base64: metadata may stand before the size
	chars := p.data.Inner()
	head := base64.NewDecoder(base64.StdEncoding, bytes.NewReader(chars[:min(len(chars), enough)]))
	config, _, err := image.DecodeConfig(head)
	if err != nil {
		return ""
	}
	return strconv.Itoa(config.Width) + "x" + strconv.Itoa(config.Height)
}

// appendUsage writes the usage, if it is known. How many of the input tokens
// are those of images is estimated: those that the prompt's text does not
// account for.
func (e *encoder) appendUsage(dst []byte) []byte {
	if !e.usage.Known {
		return dst
	}
	const bytesPerToken = 4
	u, pictures := e.usage, 0
	if e.own.images > 0 {
		pictures = max(0, u.Input-e.own.words/bytesPerToken)
	}
	number := func(name string, n int) {
		dst = strconv.AppendInt(append(dst, name...), int64(n), 10)
	}
	number(`,"usage":{"input_tokens":`, u.Input)
	number(`,"output_tokens":`, u.Output)
	number(`,"total_tokens":`, u.Input+u.Output)
	number(`,"input_tokens_details":{"text_tokens":`, u.Input-pictures)
	number(`,"image_tokens":`, pictures)
	number(`},"output_tokens_details":{"text_tokens":`, u.Thoughts)
	number(`,"image_tokens":`, u.Output-u.Thoughts)
	return append(dst, `}}`...)
}

// fail ends a reply with an error.
func (e *encoder) fail(dst []byte, err *conversation.Error) []byte {
	if err == nil {
		err = openai.APIError("The upstream failed.")
	}
	if !e.own.stream {
		return openai.AppendError(dst, err)
	}
	dst = openai.AppendError(append(dst, "event: error\ndata: "...), err)
	return append(dst, "\n\n"...)
}
