package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// provider is a Gemini that takes as long for its headers as was drawn.
type provider struct {
	server *http.Server
	url    string
	done   chan error

	requests []pair // already scaled
	calls    atomic.Int64
	mu       sync.Mutex
	sent     map[int]int // calls of each request
}

// startProvider listens on a free port of loopback.
func startProvider(requests []pair) (*provider, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &provider{url: "http://" + l.Addr().String(), done: make(chan error, 1), requests: requests, sent: map[int]int{}}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func() { p.done <- p.server.Serve(l) }() // ends with close
	return p, nil
}

func (p *provider) close() error {
	_ = p.server.Close()
	if err := <-p.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("provider: %w", err)
	}
	return nil
}

// numbered is how clients number their requests, so that a duplicate is known.
var numbered = regexp.MustCompile(`request number ([0-9]+)`)

const answer = `data: {"candidates":[{"content":{"role":"model","parts":[{"text":"done"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"totalTokenCount":4},"responseId":"r"}` + "\r\n\r\n"

// ServeHTTP answers when the time has come that was drawn for this sending.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	m := numbered.FindSubmatch(body)
	if err != nil || m == nil {
		http.Error(w, "no number", http.StatusBadRequest)
		return
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil || n >= len(p.requests) {
		http.Error(w, "a wrong number", http.StatusBadRequest)
		return
	}
	p.calls.Add(1)
	if !pause(r.Context(), p.requests[n][p.sending(n)]) {
		return // Envoy has let go of it
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, answer) // an error means that Envoy has let go of it
}

// sending says which sending of a request this is, from 0; there are two.
func (p *provider) sending(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.sent[n]
	p.sent[n]++
	return min(i, 1)
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
