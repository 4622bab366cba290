package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// load drives one variant with a fixed number of clients: each sends its next
// request when the last answer is complete.
type load struct {
	client      *http.Client
	concurrency int
}

func newLoad(concurrency int) *load {
	return &load{concurrency: concurrency, client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: concurrency, DisableCompression: true,
	}}}
}

func (l *load) close() { l.client.CloseIdleConnections() }

// drive sends requests for d, at least one from each client, and waits for
// every answer. It returns how long each took; the first failure ends it.
func (l *load) drive(ctx context.Context, v *variant, d time.Duration) ([]time.Duration, error) {
	var (
		group     sync.WaitGroup
		mu        sync.Mutex
		latencies []time.Duration
		failures  []error
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	end := time.Now().Add(d)
	for range l.concurrency {
		group.Go(func() {
			took, err := l.repeat(ctx, v, end)
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, took...)
			if err != nil {
				failures = append(failures, err)
				cancel()
			}
		})
	}
	group.Wait()
	if len(failures) > 0 {
		// The first one ended the others.
		return nil, fmt.Errorf("%s: %w", v.name, failures[0])
	}
	return latencies, nil
}

func (l *load) repeat(ctx context.Context, v *variant, end time.Time) ([]time.Duration, error) {
	var took []time.Duration
	buffer := make([]byte, 32*kilobyte)
	for {
		began := time.Now()
		if err := l.once(ctx, v, buffer); err != nil {
			return nil, err
		}
		now := time.Now()
		took = append(took, now.Sub(began))
		if now.After(end) {
			return took, nil
		}
	}
}

// once sends one request and sees whether the answer is whole.
func (l *load) once(ctx context.Context, v *variant, buffer []byte) error {
	resp, err := l.send(ctx, v)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	last := &tailWriter{}
	// A ReadFrom or WriteTo of the two ends would not use the buffer.
	if _, err := io.CopyBuffer(struct{ io.Writer }{last}, struct{ io.Reader }{resp.Body}, buffer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", resp.StatusCode, last.kept)
	}
	if !bytes.HasSuffix(last.kept, []byte(v.request.tail)) {
		return fmt.Errorf("the answer is cut short: it ends with %q", last.kept)
	}
	return nil
}

// whole sends one request and returns the whole answer.
func (l *load) whole(ctx context.Context, v *variant) ([]byte, error) {
	resp, err := l.send(ctx, v)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.500s", resp.StatusCode, body)
	}
	if err == nil && !strings.HasSuffix(string(body), v.request.tail) {
		err = errors.New("the answer is cut short")
	}
	return body, err
}

func (l *load) send(ctx context.Context, v *variant) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+v.request.path, bytes.NewReader(v.request.body))
	if err != nil {
		return nil, err
	}
	req.Header = v.request.header
	return l.client.Do(req)
}

// tailWriter keeps the last bytes that were written.
type tailWriter struct{ kept []byte }

// tailKept is more than the longest event.
const tailKept = kilobyte

func (t *tailWriter) Write(p []byte) (int, error) {
	if len(p) >= tailKept {
		t.kept = append(t.kept[:0], p[len(p)-tailKept:]...)
		return len(p), nil
	}
	if drop := len(t.kept) + len(p) - tailKept; drop > 0 {
		t.kept = append(t.kept[:0], t.kept[drop:]...)
	}
	t.kept = append(t.kept, p...)
	return len(p), nil
}
