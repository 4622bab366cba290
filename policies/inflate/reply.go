package inflate

import "fmt"

// gzipMark begins every gzip, and neither JSON nor an event nor a page.
const gzipMark = 0x1f

// outKept is how much memory a Reply keeps for the next chunk, in bytes.
const outKept = 1 << 20

// Reply inflates the body of a provider's reply, if it is compressed.
type Reply struct {
	reader *Reader // nil while nothing has to be inflated
	begun  bool    // bytes came
	out    []byte  // reused
}

// NewReply makes one for a reply with that Content-Encoding header. It must be
// stopped.
func NewReply(contentEncoding string) (*Reply, error) {
	c, err := Of(contentEncoding)
	if err != nil {
		return nil, fmt.Errorf("%w: %.40q", err, contentEncoding)
	}
	r := &Reply{}
	if c != Identity {
		r.reader = NewBounded(c)
	}
	return r, nil
}

// Next returns what the next bytes are once they are inflated: chunk itself if
// they were not compressed. It is valid until the following call. An error is
// final, and comes with what could be read before it.
func (r *Reply) Next(chunk []byte, end bool) ([]byte, error) {
	if r.reader == nil && !r.begun && len(chunk) > 0 && chunk[0] == gzipMark {
		r.reader = NewBounded(Gzip) // compressed without a Content-Encoding header
	}
	r.begun = r.begun || len(chunk) > 0
	if r.reader == nil {
		return chunk, nil
	}
	if r.out = r.out[:0]; cap(r.out) > outKept {
		r.out = nil
	}
	err := r.reader.Feed(chunk, end, func(piece []byte) error {
		r.out = append(r.out, piece...)
		return nil
	})
	return r.out, err
}

// Held is about how many bytes it holds; of nil, none.
func (r *Reply) Held() int {
	if r == nil || r.reader == nil {
		return 0
	}
	return cap(r.out) + r.reader.window()
}

// Stop frees what it holds. It may be called twice, and of nil.
func (r *Reply) Stop() {
	if r != nil {
		r.reader.Stop()
	}
}
