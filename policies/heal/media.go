package heal

import (
	"bytes"
	"crypto/sha256"

	"github.com/heald-proxy/heald/policies/conversation"
)

// sealMedia seals the signature of media, if they have one.
func (s *Sealer) sealMedia(ev *conversation.Event) string {
	if ev.Signature == "" || ev.Media.Data.Empty() {
		return ""
	}
	binding := mediaBinding(ev.Media.Data)
	if ev.Candidate == 0 {
		s.carriers.Thread.signed(s.carriers.origin(forMedia), binding, ev.Signature)
	}
	return s.carriers.seal(forMedia, signatureBytes(ev.Signature), binding)
}

// mediaBinding is the binding of media in base64. Different encodings of the
// same bytes give the same binding.
func mediaBinding(data conversation.Text) []byte {
	chars := data.Inner()
	if bytes.IndexByte(chars, '\\') >= 0 {
		chars = []byte(data.String())
	}
	chars = bytes.TrimRight(chars, "=\r\n")
	if bytes.ContainsAny(chars, "-_=\r\n") {
		chars = bytes.Map(func(c rune) rune {
			switch c {
			case '-':
				return '+'
			case '_':
				return '/'
			case '=', '\r', '\n':
				return -1
			}
			return c
		}, chars)
	}
	h := sha256.Sum256(chars)
	return h[:]
}

// mediaSignature opens the carrier of media, or the one in the thought before
// them.
func (c Carriers) mediaSignature(p *conversation.Part, riding string) string {
	if p.Carrier == "" && riding == "" {
		return ""
	}
	binding := mediaBinding(p.Media.Data)
	if s := c.signature(forMedia, p.Carrier, binding); s != "" {
		return s
	}
	return c.signature(forMedia, riding, binding)
}
