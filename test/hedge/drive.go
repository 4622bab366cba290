package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// scale is by how much real times are shorter.
const scale = 20

// play runs all requests through a gateway of their own, under one policy.
func play(ctx context.Context, o options, envoy string, requests []pair, policy string) (r result, err error) {
	scaled := make([]pair, len(requests))
	for i, p := range requests {
		scaled[i] = pair{p[0] / scale, p[1] / scale}
	}
	p, err := startProvider(scaled)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	// Short, since the path of a Unix socket may have 107 bytes.
	dir, err := os.MkdirTemp("", "heald-hedge-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	g, err := startGateway(ctx, o, envoy, dir, policy, p.url)
	if err != nil {
		return r, err
	}
	took, err := drive(ctx, g.url, len(requests), o.clients)
	if err = errors.Join(err, g.close()); err != nil {
		return r, fmt.Errorf("hedge: %s: %w", policy, err)
	}
	return result{policy: policy, requests: len(requests), duplicates: int(p.calls.Load()) - len(requests), took: took}, nil
}

// drive sends the requests from some clients at a time, and says how long each
// waited for its first byte. The first failure ends it.
func drive(ctx context.Context, url string, n, clients int) ([]time.Duration, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([]time.Duration, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				var err error
				if took[i], err = ask(ctx, client, url, i); err != nil {
					cancel(fmt.Errorf("request %d: %w", i, err))
				}
			}
		})
	}
	group.Wait()
	return took, context.Cause(ctx)
}

// ask sends one request, and returns the time to the first byte of a whole
// answer.
func ask(ctx context.Context, client *http.Client, url string, i int) (time.Duration, error) {
	body := fmt.Sprintf(`{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"request number %d"}]}`, i)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/messages", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("content-type", "application/json")
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		return 0, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	took := time.Since(began)
	rest, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !strings.Contains(string(rest), "message_stop")) {
		err = fmt.Errorf("status %d: %.300s", resp.StatusCode, rest)
	}
	return took, err
}
