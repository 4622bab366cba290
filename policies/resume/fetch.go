package resume

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/inflate"
)

const (
	// readSize is how much of the reply is read at a time, in bytes.
	readSize = 32 << 10
	// replyLimit bounds a reply; answers end at 65,536 tokens.
	replyLimit = 16 << 20
)

// refusalLimit bounds how many bytes of an error are read.
const refusalLimit = 64 << 10

// ErrNoListener reports that the Envoy listener did not answer.
var ErrNoListener = errors.New("the listener at resume_via does not answer")

// Refusal is a reply with a status other than 200.
type Refusal struct {
	Status     int
	RetryAfter string // the header
	Date       string // the header
	Body       []byte // inflated
}

// newRefusal reads the body of an error, or as much of it as can be read.
func newRefusal(resp *http.Response) *Refusal {
	r := &Refusal{Status: resp.StatusCode, RetryAfter: resp.Header.Get("retry-after"), Date: resp.Header.Get("date")}
	packed, err := newReply(resp)
	if err != nil {
		return r // it cannot be decoded
	}
	defer packed.Stop()
	sent, _ := io.ReadAll(io.LimitReader(resp.Body, refusalLimit))
	body, _ := packed.Next(sent, true)
	r.Body = bytes.Clone(body[:min(len(body), refusalLimit)])
	return r
}

// newReply inflates the body of a response.
func newReply(resp *http.Response) (*inflate.Reply, error) {
	return inflate.NewReply(strings.Join(resp.Header.Values("content-encoding"), ","))
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("status %d", r.Status) }

// Unreached reports a reply that Envoy made itself because it could not connect
// to the provider. Envoy sends no code details to its clients, only this text.
func (r *Refusal) Unreached() bool {
	body := string(r.Body)
	return r.Status == http.StatusServiceUnavailable &&
		(strings.HasPrefix(body, "no healthy upstream") ||
			strings.HasPrefix(body, "upstream connect error") && strings.Contains(body, "connection failure"))
}

// Fetch is one request for the rest of an answer, under way.
type Fetch struct {
	notify func()

	mu    sync.Mutex // guards the rest
	bytes []byte
	done  bool
	err   error
}

// Fetch sends a request. notify is called whenever there is something to take,
// on a goroutine of its own; the next bytes are read once it returns, so that a
// slow reader slows the upstream down. The caller of Fetch owns the goroutine:
// it ends with the reply, or soon after ctx.
func (c *Client) Fetch(ctx context.Context, f *policies.Forward, notify func()) *Fetch {
	out := &Fetch{notify: notify}
	go func() { // at most one under way per attempt; ends with ctx, see above
		err := c.read(ctx, http.MethodPost, f, replyLimit, func(b []byte) { out.add(b, false, nil) })
		if err != nil {
			err = fmt.Errorf("ask for the rest: %w", err)
		}
		out.add(nil, true, err)
	}()
	return out
}

// Get fetches a document of at most limit bytes.
func (c *Client) Get(ctx context.Context, f *policies.Forward, limit int) ([]byte, error) {
	var out []byte
	err := c.read(ctx, http.MethodGet, f, limit, func(b []byte) { out = append(out, b...) })
	return out, err
}

// read reads a reply of at most limit bytes to its end. A panic on the goroutine
// of a fetch would end the process: it ends the fetch instead.
func (c *Client) read(ctx context.Context, method string, f *policies.Forward, limit int, add func([]byte)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	req, err := c.request(ctx, method, f)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() == nil { // Envoy answers even where the provider does not
			err = fmt.Errorf("%w: %w", ErrNoListener, err)
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return newRefusal(resp)
	}
	body, err := newReply(resp)
	if err != nil {
		return err
	}
	defer body.Stop()
	buf := make([]byte, readSize)
	for size := 0; ; {
		n, err := resp.Body.Read(buf)
		end := errors.Is(err, io.EOF)
		b, broken := body.Next(buf[:n], end)
		if size += len(b); len(b) > 0 {
			add(b)
		}
		switch {
		case broken != nil:
			return broken
		case size > limit:
			return fmt.Errorf("more than %d bytes came", limit)
		case end:
			return nil
		case err != nil:
			return err
		}
	}
}

func (f *Fetch) add(b []byte, done bool, err error) {
	f.mu.Lock()
	f.bytes, f.done, f.err = append(f.bytes, b...), done, err
	f.mu.Unlock()
	f.notify()
}

// Take appends to dst the bytes since the last call. done means that no more
// will come; err is why, unless the reply ended regularly.
func (f *Fetch) Take(dst []byte) (b []byte, done bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dst = append(dst, f.bytes...)
	f.bytes = f.bytes[:0]
	return dst, f.done, f.err
}
