package admin

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Whoever reaches the listener may connect and ask for /livez, also without the
// token. What one can hold is bounded, in number and in time, so that probes still
// get through and the process keeps file descriptors for Envoy.
const (
	// mostConnections is how many are open at a time: 32 pages that follow the
	// requests, what their browsers ask beside that, scrapers and probes.
	mostConnections = 128
	// headerTime bounds the wait for the head of a request, bodyTime for its body,
	// and idleTime for the next request.
	headerTime = 10 * time.Second
	bodyTime   = 10 * time.Second
	idleTime   = time.Minute
	// answerTime bounds an answer. What takes longer (streams, exports, searches,
	// profiles) sets a deadline of its own.
	answerTime = time.Minute
	// longestHeader bounds the head of a request, in bytes.
	longestHeader = 256 << 10
	// crowdPause is the least time between two lines of the log about too many.
	crowdPause = time.Minute
)

// connections are those that are open, at most mostConnections of them. The oldest
// that is not busy makes room for a new one.
type connections struct {
	log *zap.Logger

	mu    sync.Mutex
	open  []*connection // the oldest first
	count int           // closed for a new one since told
	told  time.Time
}

type connection struct {
	conn net.Conn
	of   *connections
	busy int // requests of somebody who may ask that are being answered
}

type connectionKey struct{}

// add counts a new connection. It is http.Server.ConnContext: it runs before the
// connection is served.
func (c *connections) add(ctx context.Context, conn net.Conn) context.Context {
	one := &connection{conn: conn, of: c}
	c.mu.Lock()
	c.open = append(c.open, one)
	var surplus net.Conn
	if len(c.open) > mostConnections {
		surplus = c.takeIdle()
	}
	c.mu.Unlock()
	if surplus != nil {
		_ = surplus.Close()
	}
	return context.WithValue(ctx, connectionKey{}, one)
}

// takeIdle takes the oldest connection that is not busy from the list, but not the
// new one: a probe gets through also where all others are busy.
func (c *connections) takeIdle() net.Conn {
	for i, one := range c.open[:len(c.open)-1] {
		if one.busy > 0 {
			continue
		}
		c.open = append(c.open[:i], c.open[i+1:]...)
		c.tell(one.conn)
		if over, ok := one.conn.(*tls.Conn); ok {
			return over.NetConn() // TLS would first wait to say farewell
		}
		return one.conn
	}
	return nil // all of them are of somebody who may ask
}

// tell logs connections that were closed for others.
func (c *connections) tell(conn net.Conn) {
	c.count++
	if now := time.Now(); c.log != nil && now.Sub(c.told) >= crowdPause {
		c.log.Warn("too many connections to the admin listener: the oldest idle ones are closed",
			zap.Int("most", mostConnections), zap.Int("closed", c.count), zap.Stringer("last_from", conn.RemoteAddr()))
		c.told, c.count = now, 0
	}
}

// changed forgets a connection that was closed. It is http.Server.ConnState.
func (c *connections) changed(conn net.Conn, to http.ConnState) {
	if to != http.StateClosed && to != http.StateHijacked {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, one := range c.open {
		if one.conn == conn {
			c.open = append(c.open[:i], c.open[i+1:]...)
			return
		}
	}
}

// busy keeps the connection of a request open until done is called: somebody who may
// ask waits for an answer.
func busy(r *http.Request) (done func()) {
	one, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok {
		return func() {} // not of a Server
	}
	add := func(n int) {
		one.of.mu.Lock()
		defer one.of.mu.Unlock()
		one.busy += n
	}
	add(1)
	return func() { add(-1) }
}

// punctual bounds the wait for the body of a request, whoever reads it: the server
// itself does so where nobody else does.
func punctual(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 { // -1 is not known
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // a test's writer has none
		}
		next.ServeHTTP(w, r)
	})
}
