package admin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// pipes is a listener without a network, for tests whose time is synctest's.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

type pipeAddress struct{}

func (pipeAddress) Network() string { return "pipe" }
func (pipeAddress) String() string  { return "pipe" }

func (p *pipes) Addr() net.Addr { return pipeAddress{} }
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// dial sends the beginning of a request.
func (p *pipes) dial(t *testing.T, text string) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { _ = client.Close() })
	p.accept <- server
	if _, err := io.WriteString(client, text); err != nil {
		t.Fatal(err)
	}
	return client
}

// stranger serves to others than this machine, with a token.
func stranger(t *testing.T) (p *pipes, logged *observer.ObservedLogs) {
	p = &pipes{make(chan net.Conn), make(chan struct{})}
	core, logged := observer.New(zap.WarnLevel)
	s := New(Options{Registry: prometheus.NewRegistry(), Ready: func() (string, error) { return "", nil }, Log: zap.New(core),
		Access: func() Access { return Access{Token: testToken} }, Page: holding{}})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, p) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p, logged
}

// holding is a page whose answers take for ever.
type holding struct{}

func (holding) ServeHTTP(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
func (h holding) Close()                                         {}

const livez = "GET /livez HTTP/1.1\r\nHost: heald\r\n\r\n"

func answerOf(t *testing.T, c net.Conn) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
}

// Nobody without the token keeps a connection by sending nothing, half of a head,
// half of a body (whoever reads it), or nothing any more.
func TestConnectionsEnd(t *testing.T) {
	for name, text := range map[string]string{
		"half of a head":               "GET /livez HTTP/1.1\r\nHost: hea",
		"half of a form":               "POST /login HTTP/1.1\r\nHost: heald\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ntok",
		"half of a body of a probe":    "GET /livez HTTP/1.1\r\nHost: heald\r\nContent-Length: 100\r\n\r\nx",
		"a chunked body of a probe":    "GET /readyz HTTP/1.1\r\nHost: heald\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		"half of a body of a logout":   "POST /logout HTTP/1.1\r\nHost: heald\r\nContent-Length: 100\r\n\r\nx",
		"half of a body, refused":      "POST /accounts HTTP/1.1\r\nHost: heald\r\nContent-Length: 100\r\n\r\nx",
		"a whole request, and no more": livez,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := stranger(t)
				c := p.dial(t, text)
				_ = c.SetReadDeadline(time.Now().Add(5 * time.Minute))
				began := time.Now()
				if _, err := io.Copy(io.Discard, c); err != nil {
					t.Errorf("still open: %v", err)
				}
				if took := time.Since(began); took > headerTime+bodyTime+idleTime {
					t.Errorf("open for %v", took)
				}
			})
		})
	}
}

// Whoever does not read an answer does not keep the connection either.
func TestUnreadAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := stranger(t)
		c := p.dial(t, livez) // a pipe holds nothing back: the answer waits
		time.Sleep(2*answerTime + idleTime)
		if _, err := io.WriteString(c, livez); err == nil {
			t.Error("the connection is open")
		}
	})
}

// However many connections others hold, a probe gets through, who may ask is not
// thrown out, and the log tells of it once.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, logged := stranger(t)
		const headers = "Host: heald\r\nAuthorization: Bearer " + testToken + "\r\n\r\n"
		admitted := p.dial(t, "GET /api/follow HTTP/1.1\r\n"+headers)
		synctest.Wait()
		open := make([]net.Conn, 0, 3*mostConnections)
		for i := range 3 * mostConnections {
			c := p.dial(t, map[bool]string{true: livez, false: "GET /livez HTTP"}[i%2 == 0])
			if i%2 == 0 {
				answerOf(t, c)
			}
			open = append(open, c)
		}
		answerOf(t, p.dial(t, livez))
		synctest.Wait()
		held := 0
		for _, c := range open {
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				held++
			}
		}
		if held > mostConnections {
			t.Errorf("%d connections are open", held)
		}
		_ = admitted.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := admitted.Read(make([]byte, 1)); errors.Is(err, io.EOF) || err == nil {
			t.Errorf("somebody with the token was thrown out: %v", err)
		}
		if all := logged.FilterMessageSnippet("too many connections").All(); len(all) != 1 || !strings.Contains(all[0].Message, "admin listener") {
			t.Errorf("%d lines of the log", len(all))
		}
	})
}
