package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/sse"
)

func TestBodies(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			req, err := claude.New().Decode(dialect.Route{}, nil, s.body)
			if err != nil {
				t.Fatal(err)
			}
			want := kilobyte
			if s.name == "body-200k" {
				want = 200 * kilobyte
				if len(req.Messages) != 1+2*agentTurns || len(req.Tools) != agentTools {
					t.Errorf("%d messages, %d tools", len(req.Messages), len(req.Tools))
				}
			}
			if len(s.body) < want*98/100 || len(s.body) > want*102/100 {
				t.Errorf("the body has %d bytes, want about %d", len(s.body), want)
			}
			if req.Stream != s.stream {
				t.Errorf("stream is %v, want %v", req.Stream, s.stream)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		filter string
		want   string
	}{
		{"", "json-small body-200k sse-10 sse-100 sse-1000 sse-10000 streams"},
		{"sse-100", "sse-100"},
		{"streams", "streams"},
		{"sse-1*0,json-*", "json-small sse-10 sse-100 sse-1000 sse-10000"},
		{"body-200k,body-200k", "body-200k"},
		{"body-*", "body-2m body-20m body-200k"},
		{"sse-10,video", ""},
		{"sse-10,", ""},
		{"[", ""},
	} {
		t.Run(c.filter, func(t *testing.T) {
			list, err := choose(c.filter)
			var names []string
			for _, s := range list {
				names = append(names, s.name)
			}
			if got := strings.Join(names, " "); got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q and error %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	for _, n := range []int{1, 3, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			a := newAnswer(n)
			var reader sse.Reader
			decoder := gemini.NewDecoder(nil)
			var words strings.Builder
			for i, chunk := range a.chunks {
				if !strings.HasSuffix(string(chunk), "}\r\n\r\n") {
					t.Fatalf("chunk %d does not end as recorded ones: %q", i, chunk)
				}
				if err := reader.Feed(chunk); err != nil {
					t.Fatal(err)
				}
				frame, ok := reader.Next()
				if !ok || !json.Valid(frame.Data) {
					t.Fatalf("chunk %d is no event with JSON: %q", i, chunk)
				}
				events, status, err := decoder.Frame(nil, frame.Data)
				if err != nil || status != nil {
					t.Fatalf("chunk %d: %v, %v", i, err, status)
				}
				for _, ev := range events {
					words.Write(ev.Text.Inner())
				}
				if last := i == n-1; decoder.Finished() != last {
					t.Fatalf("chunk %d: finished is %v", i, !last)
				}
			}
			if words.String() != a.words() {
				t.Errorf("got %q, want %q", words.String(), a.words())
			}
			if finish, _ := decoder.Finish(); finish != conversation.FinishStop {
				t.Errorf("finish is %v", finish)
			}
		})
	}
}

// A run that measures cut or wrong answers would be worth nothing.
func TestWrongAnswersAreNoticed(t *testing.T) {
	a := newAnswer(2)
	raw := slices.Concat(a.chunks...)
	if err := checkEcho(raw, a); err != nil {
		t.Errorf("whole echo: %v", err)
	}
	if checkEcho(raw[1:], a) == nil || checkEcho(append(slices.Clone(raw[:len(raw)-1]), 'x'), a) == nil {
		t.Error("a changed echo was not noticed")
	}
	const delta = `{"type":"text_delta"}`
	stream, document := &scenario{stream: true}, &scenario{}
	for _, c := range []struct {
		s    *scenario
		got  string
		good bool
	}{
		{stream, delta + delta, true},
		{stream, delta, false},
		{document, `{"text":"` + a.words() + `"}`, true},
		{document, `{"text":"` + text + `"}`, false},
	} {
		if err := c.s.check([]byte(c.got), a); (err == nil) != c.good {
			t.Errorf("%q: got error %v", c.got, err)
		}
	}
}

func TestTailWriter(t *testing.T) {
	all := []byte(filler(5 * tailKept))
	for _, step := range []int{1, 100, tailKept - 1, tailKept, 3 * tailKept} {
		var w tailWriter
		for part := range slices.Chunk(all, step) {
			if n, err := w.Write(part); n != len(part) || err != nil {
				t.Fatalf("step %d: wrote %d, %v", step, n, err)
			}
		}
		if string(w.kept) != string(all[len(all)-tailKept:]) {
			t.Errorf("step %d: kept %q", step, w.kept)
		}
	}
}

func TestProcessorTimeGrows(t *testing.T) {
	// It works until the test has seen enough.
	cmd := exec.Command("sh", "-c", "while :; do :; done")
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for used := time.Duration(0); used < 5*time.Millisecond; {
		now, err := cpuTime(cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if now < used {
			t.Fatalf("it went back from %s to %s", used, now)
		}
		used = now
	}
	if _, err := cpuTime(os.Getpid()); err != nil {
		t.Error(err)
	}
}
