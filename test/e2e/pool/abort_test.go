package pool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// moment is when a client leaves.
type moment int

const (
	inHeaders moment = iota // some of them are sent
	inBody
	afterwards // of the request: it waits, is held, or is answered
	midStream  // bytes of the answer are there
	atTheEnd   // the whole answer is
	moments
)

var momentNames = [moments]string{"before the end of the headers", "in the body", "with nothing of the answer", "in mid-stream", "after the last byte"}

// Clients that leave in every state leave nothing in use after 5 seconds.
func TestAborts(t *testing.T) {
	server := redistest.Start(t)
	r := start(t, setup{
		groups: groups, replicas: replicas, urls: []string{server.URL()},
		// The provider learns a little later than heald that a client has left.
		limits: limits{slots: 3}, lenient: true,
		policy: "{attempts: 3}",
		fake: fakegemini.Options{Pace: 40 * time.Millisecond, Faults: func(n int) (fakegemini.Reply, bool) {
			odd := []fakegemini.Reply{fakegemini.SilentBeforeHeaders(), fakegemini.SilentAfterHeaders(), fakegemini.Heartbeats(20*time.Millisecond, 0),
				fakegemini.EndWithoutFinish("Half an ans").Then(fakegemini.Silence())}
			if n%8 < len(odd) {
				return odd[n%8], true
			}
			return fakegemini.Reply{}, false
		}},
	})
	l := read(t, server)
	total, clients := sized(1500, 10_000), sized(120, 200)
	var left [moments]atomic.Int64
	var next atomic.Int64
	var work sync.WaitGroup
	for range clients {
		work.Go(func() {
			for n := int(next.Add(1)); n <= total; n = int(next.Add(1)) {
				left[r.leave(t, n)].Add(1)
			}
		})
	}
	waited := 0
	for done := false; !done; {
		waited = max(waited, r.waiting())
		done = int(next.Load()) > total
		time.Sleep(100 * time.Millisecond)
	}
	work.Wait()
	l.empty(5 * time.Second)
	r.rest(t)
	for m, name := range momentNames {
		n := left[m].Load()
		t.Logf("%5d clients left %s", n, name)
		if n == 0 {
			t.Errorf("no client left %s", name)
		}
	}
	t.Logf("up to %d requests waited for an account", waited)
	if waited == 0 {
		t.Error("no client left while it waited")
	}
	for i, replica := range r.Replicas {
		if n := replica.Metric("heald_account_slots_in_use"); n > 0 {
			eventually(t, fmt.Sprintf("replica %d shows no slot in use", i), 5*time.Second, func() bool { return replica.Metric("heald_account_slots_in_use") == 0 })
		}
	}
	if n := r.waiting(); n > 0 {
		t.Errorf("%d requests still wait", n)
	}
	r.checkQuotas(t)
}

// leave asks as client n and leaves at some moment, by an end or by a reset of
// the connection. It says when it has left.
func (r *rig) leave(t *testing.T, n int) moment {
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Error(err)
		return inHeaders
	}
	defer c.Close()
	if rand.N(2) == 0 {
		_ = c.(*net.TCPConn).SetLinger(0)
	}
	d, stream := &dialects[n%len(dialects)], rand.N(4) > 0
	body := d.body(fmt.Sprintf("client %d, who leaves", n), stream)
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n%s\r\ncontent-length: %d\r\n\r\n",
		d.path(stream), fmt.Sprintf(d.header, r.keys[n%tenants]), len(body))
	switch m := moment(rand.N(int(moments) + 2)); m { // afterwards is the most varied one
	case inHeaders:
		_, _ = c.Write([]byte(head[:rand.N(len(head))]))
		time.Sleep(rand.N(20 * time.Millisecond))
		return m
	case inBody:
		_, _ = c.Write([]byte(head + body[:rand.N(len(body))]))
		time.Sleep(rand.N(50 * time.Millisecond))
		return m
	case midStream, atTheEnd:
		_, _ = c.Write([]byte(head + body))
		return readUntil(c, time.Now().Add(2*time.Second), m == midStream)
	default:
		_, _ = c.Write([]byte(head + body))
		return readUntil(c, time.Now().Add(rand.N(700*time.Millisecond)), false)
	}
}

// readUntil reads an answer until a time, its end, or its first bytes of content.
func readUntil(c net.Conn, until time.Time, begun bool) moment {
	_ = c.SetReadDeadline(until)
	var got []byte
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		content := bytes.Contains(got, []byte("said")) || bytes.Contains(got, []byte("Half"))
		switch {
		case err == nil && begun && content:
			return midStream
		case err == nil:
		case len(got) == 0:
			return afterwards
		case strings.Contains(err.Error(), "timeout"):
			return midStream
		default:
			return atTheEnd
		}
	}
}
