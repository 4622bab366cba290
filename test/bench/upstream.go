package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// request is what a client sends, and what proves that its answer is whole.
type request struct {
	path   string
	header http.Header
	body   []byte
	// tail is how the last bytes of a complete answer read.
	tail string
}

// upstream is a Gemini that costs as little as it can: it reads the request,
// checks nothing, and writes bytes that were made before. It is the same
// process for all variants.
type upstream struct {
	server *http.Server
	url    string
	done   chan error

	answer atomic.Pointer[answer]
	served atomic.Int64

	mu   sync.Mutex
	seen *request // filled by the next request; nil if it is not requested
}

// startUpstream listens on a free port of loopback. It speaks HTTP/2 in clear
// text, as Google does inside TLS: each chunk is a frame of its own, and Envoy
// passes each frame to the sidecar, however busy the machine is. With HTTP/1.1
// the number of chunks would depend on the timing.
func startUpstream() (*upstream, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &upstream{url: "http://" + l.Addr().String(), done: make(chan error, 1)}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	u.server = &http.Server{
		Handler:   u,
		Protocols: protocols,
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: 1000, MaxReceiveBufferPerStream: 1 << 20, MaxReceiveBufferPerConnection: 8 << 20},
	}
	go func() { u.done <- u.server.Serve(l) }() // ends with close
	return u, nil
}

func (u *upstream) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := u.server.Shutdown(ctx); err != nil {
		_ = u.server.Close()
	}
	if err := <-u.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("upstream: %w", err)
	}
	return nil
}

// capture returns the next request as it arrives.
func (u *upstream) capture(send func() error) (*request, error) {
	r := &request{}
	u.mu.Lock()
	u.seen = r
	u.mu.Unlock()
	err := send()
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil && u.seen != nil {
		err = errors.New("the request did not reach upstream")
	}
	u.seen = nil
	return r, err
}

// ServeHTTP answers as configured.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := u.read(r); err != nil {
		panic(http.ErrAbortHandler) // the client left
	}
	u.served.Add(1)
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	a := u.answer.Load()
	for i, chunk := range a.chunks {
		if a.silent > 0 && i == a.silent {
			<-r.Context().Done() // the client leaves, or the benchmark ends
			return
		}
		if _, err := w.Write(chunk); err != nil {
			return
		}
		if err := flush.Flush(); err != nil {
			return
		}
	}
}

func (u *upstream) read(r *http.Request) error {
	u.mu.Lock()
	seen := u.seen
	u.seen = nil
	u.mu.Unlock()
	if seen == nil {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}
	body, err := io.ReadAll(r.Body)
	u.mu.Lock()
	defer u.mu.Unlock()
	seen.path, seen.body = r.URL.RequestURI(), body
	seen.header = http.Header{}
	for name, values := range r.Header {
		if !strings.HasPrefix(name, "X-Envoy-") && name != "Content-Length" {
			seen.header[name] = values
		}
	}
	return err
}
