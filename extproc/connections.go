package extproc

import (
	"net"
	"sync"
)

// connections are all open connections, so that they can be closed whatever gRPC
// waits for: when it stops, gRPC waits for connections whose peer has not yet
// started HTTP/2, but neither lists nor closes them.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
	shut bool // closeAll was called: new connections are closed at once
}

// of returns l as a listener that records its connections.
func (c *connections) of(l net.Listener) net.Listener { return &listener{l, c} }

// closeAll closes all connections, and every later one at once.
func (c *connections) closeAll() {
	c.mu.Lock()
	c.shut = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range open {
		_ = conn.Conn.Close()
	}
}

type listener struct {
	net.Listener
	all *connections
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &connection{raw, l.all}
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	switch {
	case l.all.shut:
		_ = raw.Close()
	case l.all.open == nil:
		l.all.open = map[*connection]struct{}{conn: {}}
	default:
		l.all.open[conn] = struct{}{}
	}
	return conn, nil
}

type connection struct {
	net.Conn
	all *connections
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}
