package inflate

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// zstdWindow is the longest window of zstd over HTTP, in bytes (RFC 9659 3).
const zstdWindow = 8 << 20

// brotliWindow is the longest window of brotli, in bytes (RFC 7932 9.1).
const brotliWindow = 16 << 20

// inflate decodes all that can be read. It ends with io.EOF where that was a
// whole body, or empty.
func (s *source) inflate() error {
	in := bufio.NewReader(s)
	if _, err := in.Peek(1); err != nil {
		return err
	}
	decoder, err := s.reader.coding.decoder(in)
	if err != nil {
		return cutShort(err)
	}
	defer decoder.Close()
	buf := make([]byte, pieceSize)
	for idle := 0; idle < 100; {
		n, err := decoder.Read(buf)
		if idle++; n > 0 {
			idle = 0
			if !s.pass(buf[:n]) {
				return errStopped
			}
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		if _, err := in.ReadByte(); err == nil {
			return errTrailing
		}
		return err
	}
	return io.ErrNoProgress
}

// cutShort is err of a body that has begun.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c Coding) decoder(in *bufio.Reader) (io.ReadCloser, error) {
	switch c {
	case Gzip:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		z.Multistream(false)
		return &members{in: in, Reader: z}, nil
	case Deflate:
		return deflated(in)
	case Zstd:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case Brotli:
		return io.NopCloser(brotli.NewReader(in)), nil
	}
	return nil, ErrUnknown
}

// deflated reads zlib's format, which HTTP means by deflate, and the bare one,
// which some send (RFC 9110 8.4.1.2).
func deflated(in *bufio.Reader) (io.ReadCloser, error) {
	head, err := in.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(in)
	}
	return flate.NewReader(in), nil
}

// members reads the members of a gzip body one after the other. gzip.Reader
// would keep the end of one back until the next begins.
type members struct {
	in *bufio.Reader
	*gzip.Reader
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.Reader.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			if n > 0 && errors.Is(err, io.EOF) {
				err = nil // the next Read returns the error again
			}
			return n, err
		}
		if next, err := m.in.Peek(1); err != nil || !bytes.Equal(next, []byte{0x1f}) {
			return 0, io.EOF
		}
		if err := m.Reset(m.in); err != nil {
			return 0, cutShort(err)
		}
		m.Multistream(false)
	}
}
