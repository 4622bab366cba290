package accounts

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func answers(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

const report = `{"state":{"store":"memory","up":true},"at":"2026-12-01T14:02:51Z","accounts":[]}`

// ask asks at an address.
func ask(t *testing.T, address string) (string, error) {
	t.Helper()
	c, err := NewClient(address)
	if err != nil {
		return "", err
	}
	text, _, err := c.Ask(t.Context())
	return string(text), err
}

// It finds the listener in every form of its address, and returns what it says.
func TestAsk(t *testing.T) {
	tell := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != Path {
			t.Errorf("asked for %s", r.URL.Path)
		}
		_, _ = io.WriteString(w, report)
	}
	url := answers(t, tell)
	socket := filepath.Join(t.TempDir(), "admin.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(tell))
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	defer s.Close()
	for _, address := range []string{strings.TrimPrefix(url, "http://"), url, url + "/", url + "/metrics", url + Path, "unix://" + socket} {
		if text, err := ask(t, address); err != nil || text != report {
			t.Errorf("%s: %v, %s", address, err, text)
		}
	}
}

// Each mistake has an error that says what to do.
func TestAskInTheWrongPlace(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	grpc, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer grpc.Close()
	go func() { // ends with the listener
		for {
			c, err := grpc.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("\x00\x00\x06\x04\x00\x00\x00\x00\x00")) // the first frame of HTTP/2
			_ = c.Close()
		}
	}()
	says := func(status int, text string) string {
		return answers(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, status) })
	}
	older := answers(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/livez" {
			_, _ = io.WriteString(w, "ok\n")
			return
		}
		http.NotFound(w, r)
	})
	for _, c := range []struct{ name, address, want string }{
		{"not running", gone.Addr().String(), "nothing listens there: is heald running?"},
		{"no such socket", "unix:///nonexistent/admin.sock", "nothing listens there"},
		{"the port for Envoy", grpc.Addr().String(), "does not speak HTTP"},
		{"an older heald", older, "too old"},
		{"nothing to tell", says(404, NotTold+": nothing here schedules them"), "nothing here schedules them"},
		{"another server", says(404, "404 page not found"), "is not heald's admin listener (it answered 404)"},
		{"the gateway", says(401, "{}"), "is not heald's admin listener (it answered 401)"},
		{"a page", answers(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }), "its answer is no report"},
		{"other JSON", answers(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }), "its answer is no report"},
		{"a name of another machine", says(403, "ask by IP address\x1b[2J"), "it refuses: ask by IP address"},
		{"no address", "9001", "write host:port"},
		{"a login", "http://a:b@127.0.0.1:1", "write host:port"},
		{"another scheme", "ftp://127.0.0.1:1", "write host:port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := ask(t, c.address)
			if err == nil || !strings.Contains(err.Error(), c.want) || text != "" {
				t.Fatalf("%v, want an error with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q", err)
			}
		})
	}
}

// A heald that restarts does not end the watch; one that was never there does.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var shown, told int
		begin := time.Now()
		err := Watch(ctx, 2*time.Second, func(context.Context) error {
			switch shown++; shown {
			case 2:
				return errors.New("gone")
			case 4:
				cancel()
			}
			return nil
		}, func(error) { told++ })
		if err != nil || shown != 4 || told != 1 || time.Since(begin) != 6*time.Second {
			t.Errorf("%v, shown %d, told %d, %v", err, shown, told, time.Since(begin))
		}
		never := errors.New("never there")
		if err := Watch(t.Context(), time.Second, func(context.Context) error { return never }, nil); !errors.Is(err, never) {
			t.Error(err)
		}
	})
}
