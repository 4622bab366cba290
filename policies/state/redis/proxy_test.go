package redis

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy is a TCP proxy that can be cut: connections break, and new ones find
// nobody.
type proxy struct {
	l      net.Listener
	to     string
	mu     sync.Mutex
	broken bool
	deaf   atomic.Bool // breaks a connection instead of passing the next answer on
	open   map[net.Conn]bool
	work   sync.WaitGroup
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to, open: make(map[net.Conn]bool)}
	p.work.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.work.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		from, err := p.l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", p.to)
		if err != nil || !p.keep(from, to) {
			_ = from.Close()
			if err == nil {
				_ = to.Close()
			}
			continue
		}
		for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
			p.work.Go(func() {
				_, _ = io.Copy(answers{pair[0], p, pair[0] == from}, pair[1])
				_ = pair[0].Close()
				_ = pair[1].Close()
			})
		}
	}
}

// answers writes to one side of a connection.
type answers struct {
	net.Conn
	p      *proxy
	client bool
}

func (a answers) Write(b []byte) (int, error) {
	if a.client && a.p.deaf.CompareAndSwap(true, false) {
		return 0, io.ErrClosedPipe
	}
	return a.Conn.Write(b)
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken {
		return false
	}
	for _, c := range conns {
		p.open[c] = true
	}
	return true
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = true
	for c := range p.open {
		_ = c.Close()
	}
	clear(p.open)
}

func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = false
}
