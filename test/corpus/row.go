package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// row is one recorded request or reply.
type row struct {
	ID         string `json:"id"`
	Source     string `json:"source"` // the public project it was recorded by
	Provenance string `json:"provenance"`
	Model      string `json:"model"`
	Path       string `json:"path"`
	Status     int    `json:"status"` // 0 if not recorded
	Body       string `json:"body"`
}

// accepted reports whether the API that the request was made for took it.
func (r row) accepted() bool { return r.Status >= 200 && r.Status < 300 }

// lineLimit bounds one row; the longest known has 300 KB.
const lineLimit = 64 << 20

// rows reads a file of recorded traffic row by row: it is larger, unpacked,
// than should be held.
func rows[T any](dir, file string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			yield(zero, err)
			return
		}
		defer f.Close()
		var in io.Reader = f
		if strings.HasSuffix(file, ".gz") {
			if in, err = gzip.NewReader(f); err != nil {
				yield(zero, fmt.Errorf("%s: %w", file, err))
				return
			}
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, lineLimit)
		for n := 1; lines.Scan(); n++ {
			var r T
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				yield(zero, fmt.Errorf("%s:%d: %w", file, n, err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(zero, fmt.Errorf("%s: %w", file, err))
		}
	}
}
