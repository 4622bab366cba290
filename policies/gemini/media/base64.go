package media

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Characters of base64 as clients write it. Data with other characters cannot
// be read.
const (
	common64 = iota + 1
	standard // of the standard alphabet alone
	urlSafe  // of the one for URLs: Gemini takes either, recorded at both services, but not a mixture
	space    // of MIME, which Gemini refuses
	padding
)

var alphabet = func() (kinds [256]byte) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" {
		kinds[c] = common64
	}
	kinds['+'], kinds['/'], kinds['-'], kinds['_'], kinds['='] = standard, standard, urlSafe, urlSafe, padding
	for _, c := range " \t\r\n\f\v" {
		kinds[c] = space
	}
	return kinds
}()

// maxHead bounds what stands before the comma of a data: URL.
const maxHead = 512

// clean returns data as plain base64, unchanged if it is that already. mime is
// the type that a data: prefix names, "" without one.
func clean(data conversation.Text) (out conversation.Text, mime string, ok bool) {
	inner := data.Inner()
	if isDataURL(inner) {
		if data, mime, ok = FromURL(data); !ok {
			return nil, mime, false
		}
		inner = data.Inner()
	}
	if bytes.IndexByte(inner, '\\') >= 0 {
		inner = []byte(data.String())
		data = nil
	}
	if bytes.IndexByte(inner, '%') >= 0 {
		text, err := url.PathUnescape(string(inner))
		if err != nil {
			return nil, mime, false
		}
		inner, data = []byte(text), nil
	}
	n, fit := length(inner)
	switch {
	case n < 0 || n%4 == 1:
		return nil, mime, false
	case fit && data != nil:
		return data, mime, true
	case fit:
		return quoted(inner), mime, true
	}
	return standardized(inner, n), mime, true
}

const scheme = "data:"

func isDataURL(inner []byte) bool {
	return len(inner) > len(scheme) && strings.EqualFold(string(inner[:len(scheme)]), scheme)
}

// FromURL reads a data: URL: the type that it names, and data in base64 as the
// client wrote it. Some omit the word base64, but a picture is never text.
func FromURL(link conversation.Text) (data conversation.Text, mime string, ok bool) {
	inner := link.Inner()
	if !isDataURL(inner) {
		return nil, "", false
	}
	inner = inner[len(scheme):]
	head, _, ok := bytes.Cut(inner[:min(len(inner), maxHead)], []byte(","))
	if !ok {
		return nil, "", false
	}
	inner = inner[len(head)+1:]
	mime, params, _ := strings.Cut(quoted(head).String(), ";")
	mime = strings.TrimSpace(mime)
	for param := range strings.SplitSeq(params, ";") {
		if strings.EqualFold(strings.TrimSpace(param), "base64") {
			return quoted(inner), mime, true
		}
	}
	text, err := url.PathUnescape(quoted(inner).String())
	if err != nil {
		return nil, mime, false
	}
	if named := Canonical(mime); named != "" && named != svg && !isText(named) {
		if n, _ := length([]byte(text)); n >= 0 {
			return conversation.Quote(text), mime, true
		}
	}
	return encode([]byte(text)), mime, true
}

// length counts the characters of base64, without space and padding; -1 if
// there are others. fit says that nothing has to change.
func length(inner []byte) (n int, fit bool) {
	var seen [padding + 1]int
	for _, c := range inner {
		kind := alphabet[c]
		if kind == 0 || seen[padding] > 0 && kind < space {
			return -1, false // not base64, or after the end
		}
		seen[kind]++
	}
	n = seen[common64] + seen[standard] + seen[urlSafe]
	return n, seen[space] == 0 && (seen[standard] == 0 || seen[urlSafe] == 0) &&
		(seen[padding] == 0 || (n+seen[padding])%4 == 0 && seen[padding] < 3) // Gemini can do without it
}

// standardized writes the n characters that count in the standard alphabet.
func standardized(inner []byte, n int) conversation.Text {
	out := make(conversation.Text, 0, n+len(`"=="`))
	out = append(out, '"')
	for _, c := range inner {
		switch {
		case alphabet[c] >= space:
			continue
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		}
		out = append(out, c)
	}
	for ; n%4 != 0; n++ {
		out = append(out, '=')
	}
	return append(out, '"')
}

// quoted returns base64 as a Text.
func quoted(inner []byte) conversation.Text {
	t := make(conversation.Text, 0, len(inner)+len(`""`))
	return append(append(append(t, '"'), inner...), '"')
}

// encode makes base64 of a file.
func encode(file []byte) conversation.Text {
	out := make(conversation.Text, base64.StdEncoding.EncodedLen(len(file))+len(`""`))
	out[0], out[len(out)-1] = '"', '"'
	base64.StdEncoding.Encode(out[1:len(out)-1], file)
	return out
}

// decode returns the file that clean base64 stands for; the first n characters
// of it if n is not 0.
func decode(data conversation.Text, n int) []byte {
	inner := data.Inner()
	if n > 0 && len(inner) > n {
		inner = inner[:n/4*4]
	}
	inner = bytes.TrimRight(inner, "=")
	encoding := base64.RawStdEncoding
	if bytes.IndexByte(inner, '-') >= 0 || bytes.IndexByte(inner, '_') >= 0 {
		encoding = base64.RawURLEncoding
	}
	out := make([]byte, encoding.DecodedLen(len(inner)))
	got, err := encoding.Decode(out, inner)
	if err != nil && got == 0 {
		return nil
	}
	return out[:got]
}

// size is the length of a file, given its clean base64.
func size(data conversation.Text) int {
	return base64.RawStdEncoding.DecodedLen(len(bytes.TrimRight(data.Inner(), "=")))
}
