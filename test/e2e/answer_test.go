package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/stack"
)

// patience bounds every wait for something that must happen.
const patience = 60 * time.Second

// patient is a context that ends with the test, or with everybody's patience.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until a condition holds that nothing announces.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx := patient(t)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		}
	}
}

// turn is the body of a request with one user text.
func turn(model, text string, stream bool) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // text always encodes
	}
	return fmt.Sprintf(`{"model":%q,"max_tokens":1000,"stream":%t,"messages":[{"role":"user","content":%s}]}`, model, stream, quoted)
}

const model = "gemini-3.5-flash"

// answerText is the text of a complete answer. What is no complete answer is
// an error that says why.
func answerText(a stack.Answer, stream bool) (string, error) {
	switch {
	case a.Err != nil:
		return "", fmt.Errorf("broke off: %w", a.Err)
	case a.Status != 200:
		return "", fmt.Errorf("status %d: %s", a.Status, brief(a.Body))
	case stream:
		return streamText(a.Body)
	}
	var doc struct {
		Type       string `json:"type"`
		StopReason string `json:"stop_reason"`
		Content    []struct{ Text string }
	}
	if err := json.Unmarshal([]byte(a.Body), &doc); err != nil {
		return "", fmt.Errorf("%w: %s", err, brief(a.Body))
	}
	if doc.Type != "message" || doc.StopReason != "end_turn" {
		return "", fmt.Errorf("no finished message: %s", brief(a.Body))
	}
	var text strings.Builder
	for _, c := range doc.Content {
		text.WriteString(c.Text)
	}
	return text.String(), nil
}

// streamText puts the text deltas of a stream together. The last event must be
// message_stop.
func streamText(body string) (string, error) {
	var text strings.Builder
	last := ""
	for line := range strings.SplitSeq(body, "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var ev struct {
			Type  string
			Delta struct{ Text string }
		}
		if err := json.Unmarshal([]byte(data), &ev); err != nil {
			return "", fmt.Errorf("%w: %s", err, brief(data))
		}
		if ev.Type != "ping" {
			last = ev.Type
		}
		text.WriteString(ev.Delta.Text)
	}
	if last != "message_stop" {
		return text.String(), fmt.Errorf("the last event is %q: %s", last, brief(body))
	}
	return text.String(), nil
}

// errorOf reads an error in Anthropic's shape.
func errorOf(a stack.Answer) (kind, message string, err error) {
	if a.Err != nil {
		return "", "", a.Err
	}
	if got := a.Header.Get("content-type"); !strings.HasPrefix(got, "application/json") {
		return "", "", fmt.Errorf("content type %q: %s", got, brief(a.Body))
	}
	var doc struct {
		Type  string
		Error struct{ Type, Message string }
	}
	if err := json.Unmarshal([]byte(a.Body), &doc); err != nil {
		return "", "", fmt.Errorf("%w: %s", err, brief(a.Body))
	}
	if doc.Type != "error" || doc.Error.Type == "" || doc.Error.Message == "" {
		return "", "", errors.New("no error of Anthropic's: " + brief(a.Body))
	}
	return doc.Error.Type, doc.Error.Message, nil
}

// wantError checks a whole error reply: status, type, and a part of the text.
func wantError(t testing.TB, a stack.Answer, status int, kind, text string) {
	t.Helper()
	gotKind, message, err := errorOf(a)
	if err != nil || a.Status != status || gotKind != kind || !strings.Contains(message, text) {
		t.Errorf("client got %d %s %q (%v), want %d %s with %q", a.Status, gotKind, message, err, status, kind, text)
	}
	for name := range a.Header {
		if internal(strings.ToLower(name)) {
			t.Errorf("the client can see %s: %s", name, a.Header.Get(name))
		}
	}
}

// internal reports whether a header is not for clients to see.
func internal(name string) bool {
	switch name {
	case "x-heald-retry", "x-heald-retry-after", "x-heald-verdict", "x-heald-memory", "x-heald-cluster":
		return true
	}
	return false
}

// brief keeps megabytes out of messages.
func brief(s string) string {
	const most = 300
	if len(s) <= 2*most {
		return s
	}
	return fmt.Sprintf("%s … (%d bytes) … %s", s[:most], len(s), s[len(s)-most:])
}

func hash(s string) string { return fmt.Sprintf("%x of %d bytes", sha256.Sum256([]byte(s)), len(s)) }
