package e2e

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// up runs `heald up` in front of a fake, until the test ends, and returns its
// address.
func up(t *testing.T, fake *fakegemini.Server, args ...string) string {
	t.Helper()
	address, _ := startUp(t, fake, args...)
	return address
}

// startUp is up, and returns what interrupts the process, too.
func startUp(t *testing.T, fake *fakegemini.Server, args ...string) (address string, interrupt func()) {
	t.Helper()
	return startUpWith(t, append([]string{"--backend", "a=ai_studio," + fake.URL(), "--account", "a=env:TEST_UP_KEY"}, args...)...)
}

// startUpWith is startUp with backends of the caller's.
func startUpWith(t *testing.T, args ...string) (address string, interrupt func()) {
	t.Helper()
	args = append([]string{"up", "--envoy", stack.EnvoyBinary(t, ""), "--listen", "127.0.0.1:0", "--drain", "1s"}, args...)
	cmd := exec.Command(stack.Binary(t), args...)
	cmd.Env = append(os.Environ(), "TEST_UP_KEY=provider-key", "TEST_UP_CLIENT=client-key-0123456789")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	started, done := make(chan error, 1), make(chan error, 1)
	lines := make(chan string, 100)
	go func() { // ends with the process, which the cleanup ends
		// The kernel kills the child when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if started <- err; err != nil {
			return
		}
		for s := bufio.NewScanner(out); s.Scan(); {
			if address, ok := strings.CutPrefix(s.Text(), "ready: "); ok {
				lines <- address
			}
		}
		close(lines)
		done <- cmd.Wait()
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	interrupt = func() { _ = cmd.Process.Signal(os.Interrupt) }
	t.Cleanup(func() {
		interrupt()
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		if err := <-done; err != nil {
			t.Logf("heald up: %v", err)
		}
		if strings.Contains(log.String(), "DATA RACE") {
			t.Error(log.String())
		}
		if strings.Contains(log.String(), "client-key-0123456789") || strings.Contains(log.String(), "provider-key") {
			t.Errorf("a key is in the log:\n%s", log.String())
		}
	})
	address, ok := <-lines
	if !ok {
		t.Fatalf("not ready:\n%s", log.String())
	}
	return address, interrupt
}

// A stream that outlives --drain ends with the error event of its API: the
// sidecar has its last word before Envoy goes.
func TestUpEndsStreamsWithAWord(t *testing.T) {
	fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{"provider-key"}})
	endless := make([]string, 600) // a minute, of which a second is waited for
	for i := range endless {
		endless[i] = "word "
	}
	fake.Enqueue(fakegemini.Text(endless...).Slow(100 * time.Millisecond))
	address, interrupt := startUp(t, fake)
	req, err := http.NewRequestWithContext(patient(t), http.MethodPost, address+messages, strings.NewReader(streamed))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	interrupt() // the headers are there, so the stream has begun
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	if !strings.Contains(string(text), "event: error") || !strings.Contains(string(text), "word ") {
		t.Errorf("%d, ends with %q", resp.StatusCode, text[max(0, len(text)-300):])
	}
}

// knock sends a request with headers, and host if it is not "".
func knock(t *testing.T, base, method, path, host string, headers ...string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(patient(t), method, base+path, strings.NewReader(turn(model, "hi", false)))
	if err != nil {
		t.Fatal(err)
	}
	if req.Host = host; host == "" {
		req.Host = req.URL.Host
	}
	req.Header.Set("content-type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if h := resp.Header.Get("access-control-allow-origin"); h != "" {
		t.Errorf("leave for browsers: %s", h)
	}
	return resp.StatusCode, string(text)
}

// What strangers and web pages can try at the door of `heald up`.
func TestUpIsClosed(t *testing.T) {
	fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{"provider-key"}})
	open := up(t, fake)
	closed := up(t, fake, "--client-key", "env:TEST_UP_CLIENT")
	for _, c := range []struct {
		name         string
		base, method string
		host         string
		headers      []string
		status       int
		words        string
	}{
		{"a tool", open, "POST", "", nil, 200, "hello"},
		{"a tool with any key", open, "POST", "", []string{"x-api-key", "heald"}, 200, "hello"},
		{"localhost", open, "POST", "localhost:10000", nil, 200, "hello"},
		{"from a container", open, "POST", "host.docker.internal:10000", nil, 200, "hello"},
		{"a local page", open, "POST", "", []string{"origin", "http://localhost:3000", "sec-fetch-site", "cross-site"}, 200, "hello"},
		{"a foreign page", open, "POST", "", []string{"origin", "https://evil.example", "sec-fetch-site", "cross-site", "content-type", "text/plain"}, 403, "browsers.origins"},
		{"a sandboxed frame", open, "POST", "", []string{"origin", "null"}, 403, "browsers.origins"},
		{"a preflight", open, "OPTIONS", "", []string{"origin", "https://evil.example", "access-control-request-method", "POST"}, 403, "permission_error"},
		{"DNS rebinding", open, "POST", "evil.example:10000", []string{"origin", "http://evil.example:10000", "sec-fetch-site", "same-origin"}, 403, "browsers.hosts"},
		{"the hop secret of somebody", open, "POST", "", []string{"x-heald-hop", "x", "x-heald-backends", "a=ai_studio,http://127.0.0.1:1"}, 200, "hello"},
		{"no key", closed, "POST", "", nil, 401, "authentication_error"},
		{"a wrong key", closed, "POST", "", []string{"x-api-key", "client-key-9876543210"}, 401, "invalid x-api-key"},
		{"the key", closed, "POST", "", []string{"x-api-key", "client-key-0123456789"}, 200, "hello"},
		{"the key as bearer, at any name", closed, "POST", "evil.example", []string{"authorization", "Bearer client-key-0123456789", "origin", "https://evil.example"}, 200, "hello"},
		{"a preflight without key", closed, "OPTIONS", "", []string{"origin", "http://localhost:3000"}, 204, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake.Reset()
			fake.Enqueue(fakegemini.Text("hello"))
			status, body := knock(t, c.base, c.method, messages, c.host, c.headers...)
			if status != c.status || !strings.Contains(body, c.words) {
				t.Errorf("%d, want %d with %s:\n%s", status, c.status, c.words, body)
			}
			if n := len(fake.Requests()); (n == 0) != (c.status != 200) {
				t.Errorf("%d upstream calls", n)
			}
		})
	}
}
