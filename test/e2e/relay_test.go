package e2e

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// What a relay does with the connections that it has.
const (
	passes   = iota
	swallows // bytes vanish in both directions: a NAT has forgotten it
	resets   // the next bytes are answered with a reset: the server has
)

// relay stands between Envoy and a provider.
type relay struct {
	address string

	mu    sync.Mutex
	conns []*relayed
}

// relayed is one connection.
type relayed struct {
	client, server *net.TCPConn
	does           atomic.Int32
}

// startRelay relays to a provider until the test ends.
func startRelay(t *testing.T, provider string) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", provider)
			if err != nil {
				_ = client.Close()
				continue
			}
			c := &relayed{client: client.(*net.TCPConn), server: server.(*net.TCPConn)}
			r.mu.Lock()
			r.conns = append(r.conns, c)
			r.mu.Unlock()
			wg.Go(func() { c.copy(c.server, c.client) })
			wg.Go(func() { c.copy(c.client, c.server) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		for _, c := range r.all() {
			_ = c.client.Close()
			_ = c.server.Close()
		}
		wg.Wait()
	})
	return r
}

func (c *relayed) copy(to, from *net.TCPConn) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		switch does := c.does.Load(); {
		case does == swallows && err == nil:
			continue
		case does == swallows:
			return
		case does == resets && n > 0:
			_ = c.client.SetLinger(0)
			_ = c.client.Close()
			return
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				_ = to.CloseWrite()
			}
			return
		}
	}
}

func (r *relay) all() []*relayed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*relayed(nil), r.conns...)
}

// forget has all connections that there are do so from now on; new ones pass.
func (r *relay) forget(does int32) {
	for _, c := range r.all() {
		c.does.Store(does)
	}
}
