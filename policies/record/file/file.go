package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Options say where and how long records are kept.
type Options struct {
	Path string
	// MaxSize is the size in bytes at which a new file begins; 0 for none.
	MaxSize int64
	// MaxAge is the age of the file's first record at which a new one begins; 0
	// for none.
	MaxAge time.Duration
	// Keep is how many older files are kept; 0 keeps all.
	Keep int
}

// Sink is the JSON-lines file. Its queue calls it from one goroutine.
type Sink struct {
	o     Options
	file  *os.File
	size  int64
	begun time.Time // when the first record of the file was made
	lines bytes.Buffer
}

// Open opens the file or makes it, readable by its owner alone.
func Open(o Options) (*Sink, error) {
	s := &Sink{o: o}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sink) open() error {
	f, err := os.OpenFile(s.o.Path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	size, begun, err := inspect(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.file, s.size, s.begun = f, size, begun
	return nil
}

// inspect finds out the file's size and age, and ends its last line.
func inspect(f *os.File) (size int64, begun time.Time, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, time.Time{}, err
	}
	if !info.Mode().IsRegular() {
		return 0, time.Time{}, errors.New("is no regular file")
	}
	size = info.Size()
	if size == 0 {
		return 0, time.Time{}, nil
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, size-1); err != nil {
		return 0, time.Time{}, err
	}
	if last[0] != '\n' {
		if _, err := f.WriteString("\n"); err != nil {
			return 0, time.Time{}, err
		}
		size++
	}
	begun = info.ModTime() // the best guess if the first line cannot be read
	for line, err := range Read(io.NewSectionReader(f, 0, size)) {
		if err == nil && line.Err == nil && !origin(line.Entry).Time.IsZero() {
			begun = origin(line.Entry).Time
		}
		break
	}
	return size, begun, nil
}

func origin(e record.Entry) *record.Origin {
	if e.Attempt != nil {
		return &e.Attempt.Origin
	}
	return &e.Request.Origin
}

// Write appends the records. Writing to a file cannot be canceled; ctx is only
// looked at before.
func (s *Sink) Write(ctx context.Context, entries []record.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.reopenMoved(); err != nil {
		return err
	}
	now := time.Now()
	s.lines.Reset()
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if s.full(now, int64(s.lines.Len()+len(line)+1)) {
			if err := s.flush(now); err != nil {
				return err
			}
			if err := s.rotate(now); err != nil {
				return err
			}
		}
		s.lines.Write(line)
		s.lines.WriteByte('\n')
	}
	return s.flush(now)
}

// full reports whether a new file must begin before more bytes are written.
func (s *Sink) full(now time.Time, more int64) bool {
	if s.size == 0 && int64(s.lines.Len()) == 0 {
		return false // a record that is longer than a file has one for itself
	}
	return s.o.MaxSize > 0 && s.size+more > s.o.MaxSize ||
		s.o.MaxAge > 0 && !s.begun.IsZero() && now.Sub(s.begun) >= s.o.MaxAge
}

func (s *Sink) flush(now time.Time) error {
	if s.lines.Len() == 0 {
		return nil
	}
	if s.begun.IsZero() {
		s.begun = now
	}
	n, err := s.file.Write(s.lines.Bytes())
	s.size += int64(n)
	if err != nil && n > 0 { // the disk is full: what follows shall not join the broken line
		if n, e := s.file.WriteString("\n"); e == nil {
			s.size += int64(n)
		}
	}
	s.lines.Reset()
	return err
}

// reopenMoved opens the file anew if another process has moved or deleted it.
func (s *Sink) reopenMoved() error {
	if s.file != nil {
		there, err := os.Stat(s.o.Path)
		if err == nil {
			mine, err := s.file.Stat()
			if err == nil && os.SameFile(there, mine) {
				return nil
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = s.file.Close() // somebody else's now
		s.file = nil
	}
	return s.open()
}

// stamp is the time in the name of an older file.
const stamp = "20060102T150405.000Z"

// rotate renames the file and begins a new one.
func (s *Sink) rotate(now time.Time) error {
	if err := s.file.Close(); err != nil {
		return err
	}
	s.file = nil
	ext := filepath.Ext(s.o.Path)
	base := strings.TrimSuffix(s.o.Path, ext)
	aside, newest, err := older(base, ext)
	if err != nil {
		return errors.Join(err, s.open())
	}
	// Two in one millisecond, or a clock that was set back: the order of the
	// names stays that of the records.
	at := now.UTC().Truncate(time.Millisecond)
	if !at.After(newest) {
		at = newest.Add(time.Millisecond)
	}
	name := base + "-" + at.Format(stamp) + ext
	if err := os.Rename(s.o.Path, name); err != nil {
		return errors.Join(err, s.open())
	}
	return errors.Join(s.open(), s.prune(append(aside, name)))
}

// older lists the rotated files, the oldest first, and when the newest was made.
func older(base, ext string) (aside []string, newest time.Time, err error) {
	dir, prefix := filepath.Split(base + "-")
	if dir == "" {
		dir = "."
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, newest, err
	}
	for _, f := range list { // sorted by name, which is by time
		middle, ok := strings.CutPrefix(f.Name(), prefix)
		if !ok {
			continue
		}
		middle, ok = strings.CutSuffix(strings.TrimSuffix(middle, ".gz"), ext)
		if at, err := time.Parse(stamp, middle); ok && err == nil {
			aside, newest = append(aside, filepath.Join(dir, f.Name())), at
		}
	}
	return aside, newest, nil
}

// prune deletes the oldest rotated files.
func (s *Sink) prune(aside []string) error {
	for s.o.Keep > 0 && len(aside) > s.o.Keep {
		if err := os.Remove(aside[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete an old file: %w", err)
		}
		aside = aside[1:]
	}
	return nil
}

// Close closes the file.
func (s *Sink) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
