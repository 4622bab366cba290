package fakegemini

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
)

func withCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

func TestRecords(t *testing.T) {
	s := Start(t)
	s.Enqueue(Text("x"))
	send(t, s, studio25+"?x=1", hello)
	send(t, s, studio25, `{}`)
	send(t, s, stream25, hello)
	got := s.Requests()
	if len(got) != 3 {
		t.Fatalf("%d requests", len(got))
	}
	for i, want := range []Request{
		{Method: "POST", Path: studio25, Query: "x=1", Model: "gemini-2.5-flash", Key: "k", Body: []byte(hello), Reply: "text", Ended: EndedComplete},
		{Method: "POST", Path: studio25, Model: "gemini-2.5-flash", Key: "k", Body: []byte("{}"), Reply: "rejected", Ended: EndedComplete,
			Rejected: "* GenerateContentRequest.contents: contents is not specified\n"},
		{Method: "POST", Path: strings.TrimSuffix(stream25, "?alt=sse"), Query: "alt=sse", Model: "gemini-2.5-flash", Key: "k", Body: []byte(hello), Reply: "auto", Ended: EndedComplete},
	} {
		g := got[i]
		if g.Time.IsZero() || g.Header.Get("Content-Type") != "application/json" || g.Host != s.Addr() || g.Proto != "HTTP/1.1" {
			t.Errorf("%d: %+v", i, g)
		}
		if told := g.Rejected == ""; told != (g.Tokens > 0) {
			t.Errorf("%d: %d tokens were told of", i, g.Tokens)
		}
		if g.Method != want.Method || g.Path != want.Path || g.Query != want.Query || g.Model != want.Model || g.Key != want.Key ||
			string(g.Body) != string(want.Body) || g.Reply != want.Reply || g.Rejected != want.Rejected || g.Ended != want.Ended {
			t.Errorf("%d:\n got %+v\nwant %+v", i, g, want)
		}
	}
	s.Enqueue(Text("unused"))
	s.Reset()
	if len(s.Requests()) != 0 || s.Pending() != 0 || s.Active() != 0 {
		t.Error("reset left something")
	}
}

func TestWaitRequestsEndsWithContext(t *testing.T) {
	ctx, cancel := withCancel(t)
	cancel()
	if err := Start(t).WaitRequests(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestQueueSelectors(t *testing.T) {
	s := Start(t)
	s.Enqueue(Text("any"))
	s.EnqueueForPath("2.5-pro", Text("path"))
	s.EnqueueForKey("special", Text("key"), Text("key again"))
	ask := func(key, path string) string {
		req := newRequest(t, s, path, hello)
		req.Header.Set("X-Goog-Api-Key", key)
		_, body := do(t, req)
		n, err := parseNode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return n.member("candidates").elems[0].member("content").member("parts").elems[0].member("text").str()
	}
	pro := "/v1beta/models/gemini-2.5-pro:generateContent"
	for i, step := range []struct{ key, path, want string }{
		{"special", pro, "key"},
		{"k", pro, "path"},
		{"k", pro, "any"},
		{"k", pro, "You said: hi"},
		{"special", studio25, "key again"},
	} {
		if got := ask(step.key, step.path); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

// Rejected requests use no script: validation comes before the fault.
func TestRejectedLeavesScript(t *testing.T) {
	s := Start(t)
	s.Enqueue(Status(503))
	if status, _ := send(t, s, studio25, `{}`); status != 400 || s.Pending() != 1 {
		t.Errorf("status %d, %d pending", status, s.Pending())
	}
}

func TestConcurrent(t *testing.T) {
	const clients, each = 8, 20
	s := Start(t)
	c := client(t)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			key := fmt.Sprint("key", i)
			for k := range each {
				want := fmt.Sprintf("reply %d/%d", i, k)
				s.EnqueueForKey(key, Text(want))
				req := newRequest(t, s, studio25, hello)
				req.Header.Set("X-Goog-Api-Key", key)
				resp, err := c.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !strings.Contains(string(b), want) {
					t.Errorf("%v: %s", err, b)
				}
				s.Requests()
			}
		})
	}
	if err := s.WaitRequests(t.Context(), clients*each); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if s.Pending() != 0 || len(s.Requests()) != clients*each {
		t.Errorf("%d pending, %d requests", s.Pending(), len(s.Requests()))
	}
}

// Close must not hang on requests that the script would keep for ever.
func TestCloseEndsSilence(t *testing.T) {
	s, err := Listen("127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Enqueue(SilentBeforeHeaders())
	got := make(chan error, 1)
	req := newRequest(t, s, stream35, hello)
	c := client(t)
	go func() { // ends when Close drops the connection
		resp, err := c.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		got <- err
	}()
	if err := s.WaitRequests(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-got; err == nil {
		t.Error("the silent request got a reply")
	}
	if resp, err := c.Get(s.URL()); err == nil {
		resp.Body.Close()
		t.Error("still listening")
	}
}
