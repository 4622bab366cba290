package pool

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cable passes connections on to a server until it is cut.
type cable struct {
	l    net.Listener
	to   string
	work sync.WaitGroup
	slow atomic.Int64 // nanoseconds that everything takes longer, each way

	mu     sync.Mutex
	broken bool
	open   map[net.Conn]bool
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{l: l, to: to, open: map[net.Conn]bool{}}
	c.work.Go(c.accept)
	t.Cleanup(func() {
		_ = l.Close()
		c.cut()
		c.work.Wait()
	})
	return c
}

func (c *cable) url() string { return "redis://" + c.l.Addr().String() }

// accept ends with the listener.
func (c *cable) accept() {
	for {
		from, err := c.l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", c.to)
		if err != nil {
			_ = from.Close()
			continue
		}
		if !c.keep(from, to) {
			_, _ = from.Close(), to.Close()
			continue
		}
		for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
			c.work.Go(func() { // ends with either connection
				c.carry(way[0], way[1])
				_, _ = way[0].Close(), way[1].Close()
			})
		}
	}
}

// carry passes bytes on until either connection ends.
func (c *cable) carry(to io.Writer, from io.Reader) {
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		time.Sleep(time.Duration(c.slow.Load()))
		if n > 0 {
			if _, err := to.Write(chunk[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *cable) keep(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		return false
	}
	for _, conn := range conns {
		c.open[conn] = true
	}
	return true
}

// cut ends all connections, and lets none begin.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = true
	for conn := range c.open {
		_ = conn.Close()
	}
	clear(c.open)
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = false
}
