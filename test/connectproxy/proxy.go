// Package connectproxy is a CONNECT proxy for tests, as companies have between
// their networks and the Internet. It resolves names of its own, may require a
// login, may refuse, and records its requests.
package connectproxy

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// Options configure a Proxy.
type Options struct {
	// Hosts are the addresses by host:port; other names get a 502.
	Hosts map[string]string
	// Authorization is the value of Proxy-Authorization that is asked for; ""
	// asks for none.
	Authorization string
	// Status, if not 0, answers every request.
	Status int
	// TLS, if set, is spoken with those who ask.
	TLS *tls.Config
	// Old answers in HTTP/1.0, as many proxies do.
	Old bool
}

// Request is one that the proxy got.
type Request struct {
	Method, Target, Authorization string
	Status                        int
}

// Proxy is a running proxy.
type Proxy struct {
	opts     Options
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	conns    []net.Conn
	requests []Request
}

// Start runs a proxy on a free loopback port until the test ends.
func Start(t testing.TB, o Options) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if o.TLS != nil {
		l = tls.NewListener(l, o.TLS)
	}
	p := &Proxy{opts: o, listener: l}
	p.running.Go(p.accept) // ends with Close, which waits for it
	t.Cleanup(p.Close)
	return p
}

// Addr is host and port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Requests are those that it got so far.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Close ends all tunnels and stops listening.
func (p *Proxy) Close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.own(conn) {
			p.running.Go(func() { p.serve(conn) }) // ends with its connection
		}
	}
}

// own has Close close a connection.
func (p *Proxy) own(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.conns = append(p.conns, conn)
	return true
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	in := bufio.NewReader(client)
	req, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	status, address := p.answer(req)
	version := "1.1"
	if p.opts.Old {
		version = "1.0"
	}
	if status != http.StatusOK {
		fmt.Fprintf(client, "HTTP/%s %d %s\r\nContent-Length: 2\r\n\r\nno", version, status, http.StatusText(status))
		return
	}
	server, err := net.Dial("tcp", address)
	if err != nil || !p.own(server) {
		return
	}
	defer server.Close()
	fmt.Fprintf(client, "HTTP/%s 200 Connection established\r\n\r\n", version)
	p.running.Go(func() { // ends with either connection
		_, _ = io.Copy(server, in)
		_ = server.Close()
	})
	_, _ = io.Copy(client, server)
}

// answer decides on a request and remembers it.
func (p *Proxy) answer(req *http.Request) (status int, address string) {
	r := Request{Method: req.Method, Target: req.RequestURI, Authorization: req.Header.Get("Proxy-Authorization"), Status: http.StatusOK}
	address, known := p.opts.Hosts[r.Target]
	switch {
	case p.opts.Status != 0:
		r.Status = p.opts.Status
	case req.Method != http.MethodConnect:
		r.Status = http.StatusMethodNotAllowed
	case p.opts.Authorization != "" && r.Authorization != p.opts.Authorization:
		r.Status = http.StatusProxyAuthRequired
	case !known:
		r.Status = http.StatusBadGateway
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r)
	return r.Status, address
}
