package fakegemini

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// packer compresses a reply.
type packer interface {
	io.WriteCloser
	Flush() error
}

// packers are the codings of Reply.Packed.
var packers = map[string]func(w io.Writer) packer{
	"gzip":    func(w io.Writer) packer { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) packer { return zlib.NewWriter(w) },
	"br":      func(w io.Writer) packer { return brotli.NewWriter(w) },
	"zstd": func(w io.Writer) packer {
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // of its options
		}
		return z
	},
}

// Packed compresses the reply as gzip, deflate, zstd or br, whether the client
// accepts that or not.
func (r Reply) Packed(coding string) Reply {
	if packers[coding] == nil {
		panic("fakegemini: no coding " + coding)
	}
	r.packed = coding
	return r
}

// Pack is body in a coding of Reply.Packed.
func Pack(coding string, body []byte) []byte {
	var b bytes.Buffer
	w := packers[coding](&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}
