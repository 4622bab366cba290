package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/inflate"
	"github.com/heald-proxy/heald/policies/redact"
)

// The form of a request body is what HTTP says about its bytes: compressed or
// not, in which charset. It is settled here, for all dialects; they see JSON in
// UTF-8, or a form (package dialect/internal/form) where their route says so.

// contentEncoding is the header's value, all its lines joined.
func contentEncoding(headers policies.Headers) string {
	var values []string
	for _, h := range headers {
		if h.Name == "content-encoding" {
			values = append(values, h.Value)
		}
	}
	return strings.Join(values, ", ")
}

// checkCoding refuses a request whose body heald cannot decompress, before the
// body arrives.
func (a *attempt) checkCoding() *policies.Reply {
	named := contentEncoding(a.in.Headers)
	var err error
	if a.coding, err = inflate.Of(named); err == nil {
		return nil
	}
	message := fmt.Sprintf("the request body is compressed as %s, which this gateway cannot read; send one of %s, or do not compress it", redact.Quote(named), inflate.Accepted)
	if errors.Is(err, inflate.ErrSeveral) {
		message = fmt.Sprintf("the request body is compressed more than once (%s); compress it once, or not at all", redact.Quote(named))
	}
	return a.refuseMedia(message, policies.Header{Name: "accept-encoding", Value: inflate.Accepted}) // RFC 9110 15.5.16
}

// refuseMedia refuses a body for its encoding or charset.
func (a *attempt) refuseMedia(message string, headers ...policies.Header) *policies.Reply {
	reply := a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrInvalid, Status: http.StatusUnsupportedMediaType, Message: message})
	reply.Headers = append(reply.Headers, headers...)
	return reply
}

// errRefused stops decompressing a body that was refused.
var errRefused = errors.New("refused")

// inflateBody decompresses the body. It takes room for the output piece by
// piece, so that a small body cannot take the memory of a large one.
func (a *attempt) inflateBody(body []byte) ([]byte, *policies.Reply) {
	if a.coding == inflate.Identity {
		return body, nil
	}
	var out []byte
	var refused *policies.Reply
	take := func(piece []byte) error {
		n := len(out) + len(piece)
		if most := a.x.cfg.MaxBody; most > 0 && n > most {
			refused = a.refuse(heal.ReasonBodyTooLarge, &conversation.Error{Kind: conversation.ErrTooLarge,
				Message: fmt.Sprintf("the request body has more than %d bytes once it is decompressed; this gateway takes no more", most)})
			return errRefused
		}
		if refused = a.takeBody(len(body) + n); refused != nil {
			return errRefused
		}
		out = append(out, piece...)
		return nil
	}
	r := inflate.New(a.coding)
	defer r.Stop()
	err := r.Feed(body, true, take)
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrInvalid, Message: "the request body is " + err.Error()})
	}
	return out, a.takeBody(len(out))
}

// byteOrderMark is that of UTF-8. Nothing needs it, but some editors and
// libraries write it.
var byteOrderMark = []byte("\ufeff")

// The beginnings of gzip (RFC 1952 2.3.1) and zstd (RFC 8878 3.1.1). Deflate and
// brotli have none.
var (
	gzipMark = []byte("\x1f\x8b")
	zstdMark = []byte("\x28\xb5\x2f\xfd")
)

// inUTF8 removes a byte order mark, and refuses a body that is not UTF-8. The
// charset parameter matters only for such bodies: JSON has no such parameter
// (RFC 8259 11), and libraries add one by habit.
func (a *attempt) inUTF8(body []byte) ([]byte, *policies.Reply) {
	if bytes.HasPrefix(body, gzipMark) || bytes.HasPrefix(body, zstdMark) {
		return nil, a.refuseMedia("the request body is compressed, and no content-encoding header says so")
	}
	if wide(body) {
		return nil, a.refuseMedia("the request body is in UTF-16 or UTF-32; JSON must be sent in UTF-8")
	}
	_, params, _ := mime.ParseMediaType(a.in.Headers.Get("content-type"))
	switch charset := strings.ToLower(params["charset"]); charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
	default:
		if !ascii(body) {
			return nil, a.refuseMedia("the request body is in the charset " + redact.Quote(charset) + ", says its content-type; JSON must be sent in UTF-8")
		}
	}
	return bytes.TrimPrefix(body, byteOrderMark), nil
}

// wide reports whether a body is in UTF-16 or UTF-32: by its byte order mark, or
// because every other byte of ASCII text is zero there.
func wide(body []byte) bool {
	return bytes.HasPrefix(body, []byte{0xff, 0xfe}) || bytes.HasPrefix(body, []byte{0xfe, 0xff}) ||
		len(body) > 1 && (body[0] == 0 || body[1] == 0)
}

func ascii(body []byte) bool {
	for _, c := range body {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
