package file

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

func entry(n int) record.Entry {
	at := time.Now().UTC().Truncate(time.Second) // always as long when it is written
	return record.Entry{Attempt: &record.Attempt{Origin: record.Origin{Time: at}, Number: n, Verdict: "pass"}}
}

func write(t *testing.T, s *Sink, numbers ...int) {
	t.Helper()
	var list []record.Entry
	for _, n := range numbers {
		list = append(list, entry(n))
	}
	if err := s.Write(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

// numbers reads the records of a file.
func numbers(t *testing.T, path string) (out []int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for line, err := range Read(f) {
		if err := errors.Join(err, line.Err); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		out = append(out, line.Attempt.Number)
	}
	return out
}

// aside are the files that were put aside, the oldest first.
func aside(t *testing.T, path string) []string {
	t.Helper()
	files, err := filepath.Glob(strings.TrimSuffix(path, ".jsonl") + "-*")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// No file is longer than allowed, no record is lost or split, and only as many
// files are kept as asked for.
func TestRotationBySize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.jsonl")
	line, _ := json.Marshal(entry(100))
	most := int64(len(line)+1) * 3
	s, err := Open(Options{Path: path, MaxSize: most})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, 100, 101)
	write(t, s, 102, 103, 104, 105, 106, 107, 108)
	write(t, s, 109)
	var got []int
	for _, f := range append(aside(t, path), path) {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > most || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has %d bytes, mode %v", f, info.Size(), info.Mode())
		}
		got = append(got, numbers(t, f)...)
	}
	if want := []int{100, 101, 102, 103, 104, 105, 106, 107, 108, 109}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := len(aside(t, path)); n != 3 {
		t.Errorf("%d files aside, want 3", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	other := strings.TrimSuffix(path, ".jsonl") + "-notes.jsonl" // is not heald's
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = Open(Options{Path: path, MaxSize: 1, Keep: 2})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, 110, 111)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left := slices.DeleteFunc(aside(t, path), func(f string) bool { return f == other })
	if len(left) != 2 || !slices.Equal(numbers(t, left[1]), []int{110}) || !slices.Equal(numbers(t, path), []int{111}) {
		t.Errorf("left are %v", left)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

// The age is that of the first record, also after a restart.
func TestRotationByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "usage.jsonl")
		o := Options{Path: path, MaxAge: 24 * time.Hour}
		s, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		write(t, s, 1)
		time.Sleep(23 * time.Hour)
		write(t, s, 2)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(o); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		write(t, s, 3)
		if n := len(aside(t, path)); n != 0 {
			t.Errorf("%d files aside after 23 h", n)
		}
		time.Sleep(time.Hour)
		write(t, s, 4)
		write(t, s, 5)
		if files := aside(t, path); len(files) != 1 || !slices.Equal(numbers(t, files[0]), []int{1, 2, 3}) {
			t.Errorf("aside are %v", files)
		}
		if got := numbers(t, path); !slices.Equal(got, []int{4, 5}) {
			t.Errorf("got %v", got)
		}
	})
}

// logrotate may move or delete the file.
func TestMovedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.jsonl")
	s, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write(t, s, 1)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, s, 2)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, s, 3)
	if got := append(numbers(t, path+".1"), numbers(t, path)...); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("got %v", got)
	}
}

// What a killed process has left half-written costs that line alone.
func TestBrokenLastLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.jsonl")
	if err := os.WriteFile(path, []byte(`{"v":1,"record":"att`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if !strings.HasPrefix(string(text), "{\"v\":1,\"record\":\"att\n{") || strings.Count(string(text), "\n") != 2 {
		t.Errorf("got %s", text)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none", "usage.jsonl"), os.DevNull} {
		if s, err := Open(Options{Path: path}); err == nil {
			t.Errorf("%s was opened", path)
			_ = s.Close()
		}
	}
}
