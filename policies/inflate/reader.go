package inflate

import (
	"errors"
	"fmt"
	"io"
	"iter"
)

// pieceSize is how much is handed over at a time, in bytes.
const pieceSize = 32 << 10

// What a reader of NewBounded lets through: at least leastBound bytes, and then
// maxRatio times what came in. Text in JSON shrinks to a fifth or a tenth; gzip
// could reach 1,000 to 1, zstd and brotli any ratio.
const (
	leastBound = 8 << 20
	maxRatio   = 100
)

var (
	// ErrRatio is the error of bodies that inflate too much.
	ErrRatio = fmt.Errorf("it inflates to more than %d times its length", maxRatio)
	// errTrailing is the error of bodies that go on after their end.
	errTrailing = errors.New("bytes follow its end")
	// ErrCut is the error of bodies that end too early. What came before is good.
	ErrCut     = errors.New("it was cut short")
	errStopped = errors.New("inflate: stopped")
)

// Reader inflates one body.
type Reader struct {
	coding  Coding
	bounded bool

	chunk []byte // what is unread of it
	ended bool   // no more will come
	in    int64  // bytes that came
	out   int64  // bytes that were handed over

	next func() ([]byte, bool) // the next piece; an empty one asks for input
	stop func()
	err  error
}

// New makes a reader, which must be stopped.
func New(c Coding) *Reader {
	r := &Reader{coding: c}
	r.next, r.stop = iter.Pull(r.pieces)
	return r
}

// NewBounded makes a reader that fails with ErrRatio if the body inflates too
// much.
func NewBounded(c Coding) *Reader {
	r := New(c)
	r.bounded = true
	return r
}

// Feed inflates the next bytes and calls take with the result, piece by piece;
// a piece is valid during the call. end says that no more bytes will come. An
// error is final: take's own, or what is wrong with the body.
func (r *Reader) Feed(chunk []byte, end bool, take func(piece []byte) error) error {
	if r.err != nil {
		return r.err
	}
	r.chunk, r.ended = chunk, end
	r.in += int64(len(chunk))
	for {
		piece, ok := r.next()
		if !ok || len(piece) == 0 {
			return r.err
		}
		r.out += int64(len(piece))
		if r.bounded && r.out > max(leastBound, maxRatio*r.in) {
			r.err = ErrRatio
		} else {
			r.err = take(piece)
		}
		if r.err != nil {
			r.Stop()
			return r.err
		}
	}
}

// window is approximately the size of the decoder's window, in bytes. Decoders
// allocate it as data comes, whatever a header claims.
func (r *Reader) window() int {
	longest := 32 << 10
	switch r.coding {
	case Zstd:
		longest = zstdWindow
	case Brotli:
		longest = brotliWindow
	}
	return int(min(r.out, int64(longest)))
}

// Stop frees what the reader holds. It may be called twice, and of nil.
func (r *Reader) Stop() {
	if r != nil {
		r.stop()
	}
}

// pieces is the coroutine.
func (r *Reader) pieces(yield func([]byte) bool) {
	src := &source{reader: r, yield: yield}
	err := src.inflate()
	switch {
	case src.stopped, errors.Is(err, io.EOF):
		return
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = ErrCut
	}
	r.err = fmt.Errorf("no valid %s: %w", r.coding, err)
}

// source is what a decoder reads: the chunks, as they come.
type source struct {
	reader  *Reader
	yield   func([]byte) bool
	stopped bool
}

// Read waits for input where there is none.
func (s *source) Read(p []byte) (int, error) {
	r := s.reader
	for len(r.chunk) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if !s.pass(nil) {
			return 0, errStopped
		}
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	return n, nil
}

// pass hands over a piece, and reports whether to continue.
func (s *source) pass(piece []byte) bool {
	s.stopped = s.stopped || !s.yield(piece)
	return !s.stopped
}
