package usage

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/heald-proxy/heald/policies/record/file"
)

// mostTold is how many broken lines are reported one by one.
const mostTold = 20

// AddFiles adds the records of files, also of those compressed with gzip; "-" is
// in. Lines and files that cannot be read are named on out and left out; it
// returns how many there were, and ctx's error if that ended first.
func (s *Sum) AddFiles(ctx context.Context, names []string, in io.Reader, out io.Writer) (broken int, err error) {
	tell := func(name string, err error) {
		broken++
		switch {
		case broken <= mostTold:
			fmt.Fprintf(out, "%s: %v; left out\n", name, err)
		case broken == mostTold+1:
			fmt.Fprintln(out, "more lines cannot be read; they are counted, but not listed")
		}
	}
	for _, name := range names {
		if err := s.addFile(ctx, name, in, tell); err != nil {
			return broken, err
		}
	}
	return broken, nil
}

// addFile returns only ctx's error.
func (s *Sum) addFile(ctx context.Context, name string, in io.Reader, tell func(string, error)) error {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			var bare *os.PathError
			if errors.As(err, &bare) {
				err = bare.Err
			}
			tell(name, err)
			return nil
		}
		defer f.Close()
		in = f
	}
	text, err := Unzipped(in)
	if err != nil {
		tell(name, err)
		return nil
	}
	for line, err := range file.Read(text) {
		if err != nil {
			tell(name, err)
			break
		}
		if line.Number%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if line.Err == nil {
			line.Err = s.Add(line.Entry)
		}
		if line.Err != nil {
			tell(fmt.Sprintf("%s:%d", name, line.Number), line.Err)
		}
	}
	return nil
}

// Unzipped reads files that are compressed with gzip, whatever their names.
func Unzipped(in io.Reader) (io.Reader, error) {
	b := bufio.NewReader(in)
	if start, _ := b.Peek(2); !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	return gzip.NewReader(b)
}
