package proc

import (
	"bytes"
	"strings"
	"sync"
)

// tailBytes is how much of the log's end is kept: a stack trace fits.
const tailBytes = 8 << 10

// tail is a writer that keeps the end of what was written.
type tail struct {
	mu  sync.Mutex
	buf []byte
	cut bool
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	// It grows to twice the size before it is cut, so that the cost of a byte is
	// constant.
	if len(t.buf) > 2*tailBytes {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailBytes:]...)
		t.cut = true
	}
	return len(b), nil
}

// String returns the last whole lines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	end, cut := t.buf, t.cut
	if len(end) > tailBytes {
		end, cut = end[len(end)-tailBytes:], true
	}
	if i := bytes.IndexByte(end, '\n'); cut && i >= 0 {
		end = end[i+1:]
	}
	return strings.TrimSpace(string(end))
}
