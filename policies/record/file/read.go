package file

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/heald-proxy/heald/policies/record"
)

// longestLine bounds what is held of one line, in bytes. A request has at most
// some ten attempts of 1 KiB each.
const longestLine = 1 << 20

// LineError is a line that cannot be read.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// Read reads records, one at a time. A line that cannot be read gives a
// *LineError, and reading goes on with the next one; any other error is the
// reader's, and the last one. Empty lines are skipped.
func Read(r io.Reader) iter.Seq2[record.Entry, error] {
	return func(yield func(record.Entry, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		var buf []byte
		for n := 1; ; n++ {
			line, long, err := readLine(in, buf[:0])
			buf = line
			if err != nil && !errors.Is(err, io.EOF) {
				yield(record.Entry{}, err)
				return
			}
			line = bytes.TrimSpace(line)
			var e record.Entry
			switch {
			case long:
				if !yield(e, &LineError{n, fmt.Errorf("has more than %d bytes", longestLine)}) {
					return
				}
			case len(line) > 0:
				bad := json.Unmarshal(line, &e)
				if bad != nil {
					e, bad = record.Entry{}, &LineError{n, bad}
				}
				if !yield(e, bad) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

// readLine appends the next line to buf; of one that is too long, its rest is
// passed over.
func readLine(in *bufio.Reader, buf []byte) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(buf)+len(part) > longestLine {
			long = true
		}
		if !long {
			buf = append(buf, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, long, err
		}
	}
}
