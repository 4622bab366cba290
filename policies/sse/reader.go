package sse

import (
	"bytes"
	"errors"
	"fmt"
)

// DefaultMaxFrame is the MaxFrame of a Reader that sets none. Inline images are
// the longest; the largest that a model draws, 4K, stays below 25 MiB in base64.
const DefaultMaxFrame = 32 << 20

// ErrTooLong is wrapped by the error for a frame above MaxFrame.
var ErrTooLong = errors.New("frame too long")

// Kind says what a Frame holds.
type Kind uint8

// The kinds of frames.
const (
	Event   Kind = iota // the data lines of an event, joined by LF
	Comment             // the text of a comment line
	Stray               // lines that are no server-sent events, each ended by LF
)

// Frame is one complete piece of a stream.
type Frame struct {
	Kind Kind
	Data []byte
}

// Reader cuts frames out of chunks. The zero value is ready.
type Reader struct {
	// MaxFrame bounds one line and one frame, in bytes; 0 means
	// DefaultMaxFrame.
	MaxFrame int

	in     []byte // what is unread of the chunk
	lf     int    // the first line feed in in, or its length; see lineEnd
	lfSeen bool   // lf is valid
	line   store  // the beginning of a line whose end has not arrived
	begun  bool   // the first line was seen; only it may start with a BOM
	skipLF bool   // the last line ended in CR: a LF right after belongs to it

	pending pending
	data    []byte // the pending event's data, if still a slice of a line
	joined  store  // the pending event's or stray's bytes otherwise

	ended bool
	err   error
}

// Feed gives the reader the next bytes. Call Next until it has no more before
// the next Feed; chunk must stay unchanged until then, and is not needed after.
// An error is final: a frame was longer than MaxFrame.
func (r *Reader) Feed(chunk []byte) error {
	if r.err != nil {
		return r.err
	}
	r.line.release()
	r.joined.release()
	if len(r.in) > 0 {
		chunk = append(bytes.Clone(r.in), chunk...)
	}
	r.in, r.lfSeen = chunk, false
	return nil
}

// Held is how many bytes the reader keeps for the frames to come.
func (r *Reader) Held() int { return cap(r.line.buf) + cap(r.joined.buf) }

// Next returns the next complete frame. Its data is valid until the next Feed,
// and no longer than the chunk.
func (r *Reader) Next() (Frame, bool) {
	for r.err == nil {
		line, size, ok := r.nextLine()
		if !ok {
			if r.ended {
				return r.flush()
			}
			r.letGo()
			return Frame{}, false
		}
		frame, ready, used := r.read(line)
		if used {
			r.advance(size)
		}
		if ready {
			return frame, true
		}
	}
	return Frame{}, false
}

// letGo copies the pending data to a store, since its line may be in the chunk.
func (r *Reader) letGo() {
	if r.pending == oneLine {
		r.join()
	}
}

// join keeps the event's line in a store, where more can follow it.
func (r *Reader) join() {
	r.joined.add(r.data)
	r.data = nil
	r.move(manyData)
}

// End says that the stream is over and returns what is left, which needs no
// end of line and no blank line. Call it until it has no more: an event may be
// followed by a stray.
func (r *Reader) End() (Frame, bool) {
	r.ended = true
	return r.Next()
}

// Err returns the error that stopped the reader, or nil.
func (r *Reader) Err() error { return r.err }

// Pending is how many bytes are held of a frame that is not complete.
func (r *Reader) Pending() int { return r.line.len() + r.joined.len() }

// nextLine returns the next line without its end, and how many bytes of in
// belong to it. Without a complete line it keeps what there is.
func (r *Reader) nextLine() (line []byte, size int, ok bool) {
	if r.skipLF && len(r.in) > 0 {
		if r.in[0] == '\n' {
			r.in = r.in[1:]
			r.lf--
			r.lfSeen = r.lfSeen && r.lf >= 0
		}
		r.skipLF = false
	}
	end := r.lineEnd()
	size = end + 1
	if end == len(r.in) {
		if !r.ended {
			r.keep(r.in)
			r.in, r.lf = nil, 0
			return nil, 0, false
		}
		size = end
		if end == 0 && r.line.len() == 0 {
			return nil, 0, false
		}
	}
	line = r.in[:end]
	if r.line.len() > 0 {
		r.keep(line)
		r.in, size = r.in[end:], size-end
		r.lf -= end
		line = r.line.bytes()
	}
	if r.tooLong(len(line)) {
		return nil, 0, false
	}
	return line, size, true
}

// lineEnd returns the index of the first CR or LF in in, or its length. It
// remembers the line feed, so that a chunk full of CR is searched for LF only
// once.
func (r *Reader) lineEnd() int {
	if !r.lfSeen {
		r.lf = bytes.IndexByte(r.in, '\n')
		if r.lf < 0 {
			r.lf = len(r.in)
		}
		r.lfSeen = true
	}
	if cr := bytes.IndexByte(r.in[:r.lf], '\r'); cr >= 0 {
		return cr
	}
	return r.lf
}

// advance moves past a line that was read, and its end.
func (r *Reader) advance(size int) {
	r.begun = true
	r.line.drop()
	if size == 0 {
		return
	}
	r.skipLF = r.in[size-1] == '\r'
	r.in = r.in[size:]
	r.lf -= size
	r.lfSeen = r.lfSeen && r.lf >= 0
}

// read takes one line. ready says that a frame is complete; without used the
// line is to be read again, as it belongs to what follows that frame.
func (r *Reader) read(line []byte) (frame Frame, ready, used bool) {
	if !r.begun {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	field, value := split(line)
	switch {
	case r.pending == stray && field > fieldBlank:
		frame, ready = r.take()
		return frame, ready, false
	case r.pending == stray:
		r.addStray(line)
	case field == fieldNone:
		if frame, ready = r.take(); ready {
			return frame, true, false
		}
		r.move(stray)
		r.addStray(line)
	case field == fieldBlank:
		frame, ready = r.take()
		return frame, ready, true
	case field == fieldComment:
		return Frame{Kind: Comment, Data: value}, true, true
	case field == fieldData:
		r.addData(value)
	}
	return Frame{}, false, true
}

func (r *Reader) addData(value []byte) {
	switch r.pending {
	case idle:
		r.data = value
		r.move(oneLine)
		return
	case oneLine:
		r.join()
	}
	r.joined.add([]byte{'\n'})
	r.joined.add(value)
	r.tooLong(r.joined.len())
}

func (r *Reader) addStray(line []byte) {
	r.joined.add(line)
	r.joined.add([]byte{'\n'})
	r.tooLong(r.joined.len())
}

// take completes what is pending.
func (r *Reader) take() (Frame, bool) {
	was := r.pending
	if was == idle {
		return Frame{}, false
	}
	r.move(idle)
	switch was {
	case oneLine:
		data := r.data
		r.data = nil
		return Frame{Kind: Event, Data: data}, true
	case manyData:
		return Frame{Kind: Event, Data: r.joined.drop()}, true
	}
	return Frame{Kind: Stray, Data: r.joined.drop()}, true
}

// flush completes what is pending at the end of the stream.
func (r *Reader) flush() (Frame, bool) {
	if r.err != nil {
		return Frame{}, false
	}
	return r.take()
}

// keep adds to the line whose end has not arrived.
func (r *Reader) keep(b []byte) {
	r.line.add(b)
	r.tooLong(r.line.len())
}

func (r *Reader) tooLong(n int) bool {
	limit := r.MaxFrame
	if limit <= 0 {
		limit = DefaultMaxFrame
	}
	if n > limit && r.err == nil {
		r.err = fmt.Errorf("read server-sent events: %w: more than %d bytes", ErrTooLong, limit)
	}
	return r.err != nil
}
