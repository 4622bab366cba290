package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/heald-proxy/heald/policies/record"
)

func TestReadNamesBrokenLines(t *testing.T) {
	in := `{"v":1,"record":"attempt","attempt":1}` + "\r\n\n" + `{"v":1,"record":"attempt","attempt":` + "\n" +
		strings.Repeat("x", longestLine+1) + "\n" + `{"v":1,"record":"request","outcome":"passed"}`
	var said []string
	var good int
	for line, err := range Read(strings.NewReader(in)) {
		switch {
		case err != nil:
			t.Fatal(err)
		case line.Err != nil:
			said = append(said, fmt.Sprintf("line %d: %v", line.Number, line.Err))
		case line.Attempt != nil || line.Request != nil:
			good++
		}
	}
	if want := "line 3: unexpected end of JSON input\nline 4: has more than 1048576 bytes"; strings.Join(said, "\n") != want || good != 2 {
		t.Errorf("%d records; said %q", good, said)
	}
}

func TestReadPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader(`{"v":1,"record":"attempt"}`+"\n"), iotest.ErrReader(broken))
	var last error
	n := 0
	for _, err := range Read(in) {
		last = err
		n++
	}
	if n != 2 || !errors.Is(last, broken) {
		t.Errorf("%d, %v", n, last)
	}
}

// Where a reader cuts does not show; what is read is what encoding/json reads of
// each line; and what was read can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add(`{"v":1,"record":"attempt","attempt":1,"usage":{"input":1}}`+"\n{}\n\n", uint8(3))
	f.Add(`{"v":1,"record":"request","attempts":[{"attempt":1}]}`, uint8(0))
	f.Add("\x00\n[1]\n\"", uint8(1))
	f.Fuzz(func(t *testing.T, in string, step uint8) {
		if len(in) > longestLine {
			return
		}
		var want []string
		for line := range strings.SplitSeq(in, "\n") {
			var e record.Entry
			if line = strings.TrimSpace(line); line != "" {
				want = append(want, outcome(t, &e, json.Unmarshal([]byte(line), &e)))
			}
		}
		var got []string
		for line, err := range Read(&steps{in, int(step) + 1}) {
			got = append(got, outcome(t, &line.Entry, errors.Join(err, line.Err)))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// outcome is what a line has given.
func outcome(t *testing.T, e *record.Entry, err error) string {
	if err != nil {
		return "bad"
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatalf("%+v was read and cannot be written: %v", e, err)
	}
	var again record.Entry
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatalf("%s was written and cannot be read: %v", text, err)
	}
	return string(text)
}

// steps reads a few bytes at a time.
type steps struct {
	rest string
	n    int
}

func (s *steps) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(s.n, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}
