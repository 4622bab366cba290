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

// Line is one line of a file.
type Line struct {
	Number int // from 1
	record.Entry
	// Err says why the line cannot be read; Entry is then empty.
	Err error
}

// Read reads records, one at a time. After a line that cannot be read it goes on
// with the next one. An error is the reader's, and the last one. Empty lines are
// skipped.
func Read(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for raw, err := range Lines(r) {
			next := Line{Number: raw.Number, Err: raw.Err}
			if err == nil && raw.Err == nil {
				if next.Err = json.Unmarshal(raw.Text, &next.Entry); next.Err != nil {
					next.Entry = record.Entry{}
				}
			}
			if !yield(next, err) {
				return
			}
		}
	}
}

// RawLine is a line of any file.
type RawLine struct {
	Number int // from 1
	// Text is without spaces at its ends; it counts until the next line is read.
	Text []byte
	// Err says that the line is too long; Text is then empty.
	Err error
}

// Lines reads lines, one at a time. An error is the reader's, and the last one.
// Empty lines are skipped.
func Lines(r io.Reader) iter.Seq2[RawLine, error] {
	return func(yield func(RawLine, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		var buf []byte
		for n := 1; ; n++ {
			line, long, err := readLine(in, buf[:0])
			buf = line
			if err != nil && !errors.Is(err, io.EOF) {
				yield(RawLine{Number: n}, err)
				return
			}
			next := RawLine{Number: n}
			if next.Text = bytes.TrimSpace(line); long {
				next.Text, next.Err = nil, fmt.Errorf("has more than %d bytes", longestLine)
			}
			if (long || len(next.Text) > 0) && !yield(next, nil) || err != nil {
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
