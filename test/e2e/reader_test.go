package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

const (
	bigModel  = "gemini-big"
	bigAnswer = 10 * mib
)

// Readers of 10 MB answers that do not read as they should cost neither Envoy
// nor heald more than a bounded amount of memory, and others nothing.
func TestReaders(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for i, limit := range []int{0, 32 * kib} {
			name := fmt.Sprintf("buffers of %d KiB", limit/kib)
			if limit == 0 {
				name = "default buffers"
			}
			t.Run(name, func(t *testing.T) {
				s := stack.Start(t, stack.Options{Envoy: version, Plain: true,
					Fake:   fakegemini.Options{Models: []string{bigModel}},
					Params: func(p *bootstrap.Params) { p.BufferLimit = limit },
				})
				bothKinds(t, func(t *testing.T, stream bool) {
					if stream == (i == 0) || plays(version, 1) {
						crowd(t, s, stream)
					}
				})
			})
		}
	})
}

// readFunc reads a body, or none of it before the others are done; nil without
// an error means that it left.
type readFunc func(ctx context.Context, body io.Reader, others <-chan struct{}) ([]byte, error)

// reader is one client.
type reader struct {
	read  readFunc
	waits bool // until the others are done
}

// slow reads a little at a time.
func slow(ctx context.Context, body io.Reader, _ <-chan struct{}) ([]byte, error) {
	pace := time.NewTicker(4 * time.Millisecond) // about two seconds in all
	defer pace.Stop()
	var b strings.Builder
	for {
		_, err := io.CopyN(&b, body, 24*kib)
		if errors.Is(err, io.EOF) {
			return []byte(b.String()), nil
		} else if err != nil {
			return nil, err
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// stalled reads nothing until the others are done.
func stalled(ctx context.Context, body io.Reader, others <-chan struct{}) ([]byte, error) {
	select {
	case <-others:
		return io.ReadAll(body)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// vanishing leaves in the middle.
func vanishing(_ context.Context, body io.Reader, _ <-chan struct{}) ([]byte, error) {
	_, err := io.CopyN(io.Discard, body, 256*kib)
	return nil, err
}

var readers = []reader{
	{read: slow}, {read: slow}, {read: vanishing}, {read: vanishing},
	{read: stalled, waits: true}, {read: stalled, waits: true}, {read: stalled, waits: true}, {read: stalled, waits: true},
}

// crowd runs all readers and some normal clients at once.
func crowd(t *testing.T, s *stack.Stack, stream bool) {
	ctx := patient(t)
	fake := s.Fake()
	fake.Reset()
	var pieces []string
	for i := range bigAnswer / (64 * kib) {
		pieces = append(pieces, strings.Repeat(fmt.Sprintf("this is part %04d\n", i), 64*kib/18))
	}
	text := strings.Join(pieces, "")
	watch := watchMemory(t, s, stream)
	others := make(chan struct{})
	var moving, standing sync.WaitGroup
	for i, r := range readers {
		fake.EnqueueForPath(bigModel, fakegemini.Text(pieces...))
		client := lazyClient(t, stack.Protocols[i%len(stack.Protocols)])
		group := &moving
		if r.waits {
			group = &standing
		}
		group.Go(func() {
			got, err := ask(ctx, s, client, r.read, stream, others)
			if got == nil && err == nil {
				return // it vanished
			}
			if err != nil || got.Err != nil {
				t.Errorf("reader %d: %v", i, err)
			} else if answer, err := answerText(*got, stream); err != nil || hash(answer) != hash(text) {
				t.Errorf("reader %d got %s (%v), want %s", i, hash(answer), err, hash(text))
			}
		})
	}
	for i := range 20 {
		if answer, err := answerText(s.Post(messages, turn(model, "hello", i%2 == 0)), i%2 == 0); err != nil || answer != good {
			t.Errorf("a normal client got %q, %v", brief(answer), err)
		}
	}
	moving.Wait()
	watch.standing(t, s) // only the stalled ones are left
	close(others)
	standing.Wait()
	s.Settle()
	watch.report(t)
}

// ask sends a request and reads the answer in the reader's way; nil without an
// error is the answer of one that vanished.
func ask(ctx context.Context, s *stack.Stack, c *http.Client, read readFunc, stream bool, others <-chan struct{}) (*stack.Answer, error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	resp, err := s.Open(ctx, c, messages, strings.NewReader(turn(bigModel, "much", stream)))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := read(ctx, resp.Body, others)
	if err != nil || body == nil {
		return nil, err
	}
	return &stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}, nil
}

// lazyClient has small receive buffers, so that what it does not read stays
// with Envoy.
func lazyClient(t *testing.T, p stack.Protocol) *http.Client {
	c := stack.NewClient(t, p)
	transport := c.Transport.(*http.Transport)
	transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 * kib, MaxReceiveBufferPerConnection: 64 * kib}
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if cerr := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 32*kib)
		}); cerr != nil {
			return cerr
		}
		return err
	}}
	transport.DialContext = dialer.DialContext
	return c
}
