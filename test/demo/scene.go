package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// scene is one request and its expected result.
type scene struct {
	title  string
	stream bool
	tools  bool
	prompt string
	faults []fakegemini.Reply // what the fake answers first
	// reasons are the logged reasons of the attempts; the last one is "ok".
	reasons []string
	want    string // in the answer; "" for anything
}

const model = "gemini-3.5-flash"

func scenes(fake bool) []scene {
	all := []scene{
		{title: "a plain request", prompt: "Say hello.", reasons: []string{"ok"}, want: "Say hello."},
		{title: "a streamed request", stream: true, prompt: "Say hello.", reasons: []string{"ok"}, want: "Say hello."},
	}
	if !fake {
		for i := range all {
			all[i].want = "" // a real model may say anything
		}
		return all
	}
	return append(all,
		scene{title: "a tool call", stream: true, tools: true, prompt: "USE-TOOL Bash", reasons: []string{"ok"}, want: "tool_use"},
		scene{title: "the first reply is an empty 200", stream: true, prompt: "Say hello.",
			faults: []fakegemini.Reply{fakegemini.EmptyOK()}, reasons: []string{"peek_eof", "ok"}, want: "Say hello."},
		scene{title: "an error under status 200, then a 503", prompt: "Say hello.",
			faults:  []fakegemini.Reply{fakegemini.ErrorEvent(500), fakegemini.Status(503)},
			reasons: []string{"peek_error_event", "upstream_overloaded", "ok"}, want: "Say hello."},
	)
}

func (s scene) body() []byte {
	body := map[string]any{
		"model": model, "max_tokens": 1000, "stream": s.stream,
		"messages": []any{map[string]any{"role": "user", "content": s.prompt}},
	}
	if s.tools {
		body["tools"] = []any{map[string]any{"name": "Bash", "description": "Runs a command.",
			"input_schema": map[string]any{"type": "object", "properties": map[string]any{"command": map[string]any{"type": "string"}}, "required": []string{"command"}}}}
	}
	out, _ := json.Marshal(body) // strings and numbers always encode
	return out
}

// play sends the request, prints what the client got and what each attempt
// did, and reports whether all was as it should be.
func (s scene) play(ctx context.Context, u *stack.Up) bool {
	fmt.Println("──", s.title)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.URL+"/v1/messages", bytes.NewReader(s.body()))
	if err != nil {
		return wrong(err)
	}
	req.Header.Set("content-type", "application/json")
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return wrong(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return wrong(err)
	}
	text := answerText(body)
	fmt.Printf("   client: %d after %s, attempts %s: %s\n", resp.StatusCode, time.Since(began).Round(time.Millisecond),
		resp.Header.Get("x-heald-attempts"), strings.TrimSpace(shorten(text)))
	attempts := s.await(ctx, u, resp.Header.Get("x-heald-request-id"))
	table(attempts)
	var reasons []string
	for _, a := range attempts {
		reasons = append(reasons, a.Get("reason"))
	}
	switch {
	case resp.StatusCode != http.StatusOK:
		return wrong(fmt.Errorf("status %d: %s", resp.StatusCode, body))
	case !strings.Contains(text, s.want):
		return wrong(fmt.Errorf("the answer lacks %q", s.want))
	case s.stream && !s.tools && !bytes.Contains(body, []byte("event: message_stop")):
		return wrong(fmt.Errorf("the stream is not complete"))
	case !slices.Equal(reasons, s.reasons):
		return wrong(fmt.Errorf("attempts went %v, want %v", reasons, s.reasons))
	}
	return true
}

// await reads the log until the request is finished there, and returns its
// attempts.
func (s scene) await(ctx context.Context, u *stack.Up, id string) []stack.Line {
	_, _ = u.Log.Wait(ctx, 1, "request finished", "request_id", id) // the comparison below reports what is missing
	return u.Log.Lines("attempt finished", "request_id", id)
}

func wrong(err error) bool {
	fmt.Println("   WRONG:", err)
	return false
}

func table(attempts []stack.Line) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "   attempt\tbackend\taccount\tstatus\tverdict\treason\twait, ms")
	for _, a := range attempts {
		fmt.Fprintf(w, "   %s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Get("attempt"), a.Get("backend"), a.Get("account"),
			cmp.Or(a.Get("upstream_status"), "-"), a.Get("verdict"), a.Get("reason"), a.Get("wait_ms"))
	}
	_ = w.Flush()
	fmt.Println()
}

// answerText is what a reader of the answer would see: its texts, or the names
// of the blocks where there is no text.
func answerText(body []byte) string {
	var b strings.Builder
	for line := range strings.SplitSeq(string(body), "\n") {
		line = strings.TrimPrefix(line, "data: ")
		var ev struct {
			Delta   struct{ Text string }
			Block   struct{ Type, Name string } `json:"content_block"`
			Content []struct{ Type, Text string }
		}
		if json.Unmarshal([]byte(line), &ev) != nil {
			continue
		}
		b.WriteString(ev.Delta.Text)
		if ev.Block.Type == "tool_use" {
			b.WriteString("[tool_use " + ev.Block.Name + "]")
		}
		for _, c := range ev.Content {
			b.WriteString(c.Text)
		}
	}
	return b.String()
}

func shorten(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}
