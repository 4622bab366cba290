package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)

// started runs the demo. lines are what it ends with.
func started(t *testing.T, keep bool) (lines *bufio.Scanner, stop context.CancelFunc, done chan error) {
	t.Helper()
	t.Setenv("HEALD_ENVOY", stack.EnvoyBinary(t, ""))
	t.Setenv("GEMINI_API_KEY", "")
	binary := stack.Binary(t)
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	r, w := io.Pipe()
	done = make(chan error, 1)
	go func() { // ends with ctx
		err := demo(ctx, w, binary, keep)
		_ = w.Close()
		done <- err
	}()
	return bufio.NewScanner(r), stop, done
}

// It ends with the address of the page.
func TestDemoNamesThePage(t *testing.T) {
	lines, _, done := started(t, false)
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !address.MatchString(last) || !strings.Contains(last, "KEEP=1") {
		t.Errorf("the last line is %q", last)
	}
}

// With -keep the page stays until somebody ends it, and shows what was healed.
func TestDemoKeepsThePage(t *testing.T) {
	lines, stop, done := started(t, true)
	page := ""
	for page == "" && lines.Scan() {
		page = address.FindString(lines.Text())
	}
	if page == "" {
		t.Fatalf("no address: %v", <-done)
	}
	get := func(path string) (string, error) {
		resp, err := http.Get(page + path)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return string(text), err
	}
	if text, err := get(""); err != nil || !strings.Contains(text, "<title>heald</title>") {
		t.Errorf("%v: %.200s", err, text)
	}
	text, err := get("api/requests?reason=peek_eof&outcome=passed")
	var told struct{ Requests []struct{ Attempts []any } }
	if err != nil || json.Unmarshal([]byte(text), &told) != nil || len(told.Requests) != 1 || len(told.Requests[0].Attempts) != 2 {
		t.Errorf("%v: %s", err, text)
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if _, err := get(""); err == nil {
		t.Error("the page is still there")
	}
}
