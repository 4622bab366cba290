package stack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
)

// Protocol is what a client speaks.
type Protocol string

// The protocols that the outer listener takes in plain text.
const (
	HTTP1 Protocol = "http1"
	HTTP2 Protocol = "h2c" // with prior knowledge
)

// Protocols are all of them.
var Protocols = []Protocol{HTTP1, HTTP2}

// NewClient returns a client that speaks one protocol only. Its connections
// are its own, and end with the test.
func NewClient(t testing.TB, p Protocol) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(p == HTTP1)
	protocols.SetUnencryptedHTTP2(p == HTTP2)
	transport := &http.Transport{Protocols: &protocols, MaxIdleConnsPerHost: 1000}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// PostAs sends a body as a client of the caller's, until ctx ends. Status is 0
// if no answer began. It may be called from any goroutine.
func (s *Stack) PostAs(ctx context.Context, c *http.Client, path string, body io.Reader) Answer {
	return s.post(ctx, c, path, body, func() {})
}

func (s *Stack) post(ctx context.Context, c *http.Client, path string, body io.Reader, first func()) Answer {
	resp, err := s.Open(ctx, c, path, body)
	if err != nil {
		return Answer{Err: err}
	}
	defer resp.Body.Close()
	head := make([]byte, 1)
	n, err := resp.Body.Read(head)
	first()
	var rest []byte
	switch {
	case err == nil:
		rest, err = io.ReadAll(resp.Body)
	case errors.Is(err, io.EOF):
		err = nil
	}
	return Answer{Status: resp.StatusCode, Proto: resp.Proto, Header: resp.Header, Body: string(head[:n]) + string(rest), Err: err}
}

// Open sends a body and returns with the headers of the answer.
func (s *Stack) Open(ctx context.Context, c *http.Client, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, body)
	if err != nil {
		return nil, err
	}
	req.Host = s.host // "" for that of the URL
	req.Header.Set("content-type", "application/json")
	return c.Do(req)
}
