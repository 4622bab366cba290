package credential

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	// answerLimit bounds the answer of a token endpoint, in bytes. Google's
	// longest tokens have 2 KiB, a JSON Web Token of another provider has less
	// than 16 KiB.
	answerLimit = 256 << 10
	// callTimeout bounds one HTTP call.
	callTimeout = 15 * time.Second
)

var errAnswerTooLong = errors.New("the answer of the token endpoint is too long")

// NewClient returns the client for token calls. base makes the connections; nil
// stands for real ones, by way of the proxy that HTTPS_PROXY, HTTP_PROXY and
// NO_PROXY name at this moment. Redirects are not followed: the request holds a
// credential.
func NewClient(base http.RoundTripper) *http.Client {
	if base == nil {
		base = &http.Transport{
			Proxy:               environmentProxy(),
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout: 5 * time.Second,
			// There is one call per hour, so connections are not kept.
			DisableKeepAlives: true,
			ForceAttemptHTTP2: true,
		}
	}
	return &http.Client{
		Transport:     &listener{base},
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// environmentProxy returns what finds the proxy for a request, by the variables
// of this moment. Nearby hosts are asked directly: a proxy would reach the
// metadata server of its own machine.
func environmentProxy() func(*http.Request) (*url.URL, error) {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	return func(r *http.Request) (*url.URL, error) {
		if nearby(r.URL.Hostname()) {
			return nil, nil
		}
		return proxy(r.URL)
	}
}

// listener records and bounds the answers to the calls of a fetch, since
// Google's library does not report the status and time of most of them.
type listener struct{ base http.RoundTripper }

func (l *listener) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := l.base.RoundTrip(req)
	a, _ := req.Context().Value(answerKey{}).(*answer)
	if a != nil {
		a.note(req, resp, began)
	}
	if err != nil {
		return nil, err
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: answerLimit, answer: a}
	return resp, nil
}

// answerKey is the context key of the answer that a fetch notes.
type answerKey struct{}

// answer is the last answer to a call of one fetch.
type answer struct {
	mu     sync.Mutex
	host   string
	status int           // 0: no answer came
	ahead  time.Duration // how far the local clock is ahead of the server's
	body   []byte        // the beginning of it
}

// withAnswer returns a context in which the answers of a fetch are noted.
func withAnswer(ctx context.Context) (context.Context, *answer) {
	a := &answer{}
	return context.WithValue(ctx, answerKey{}, a), a
}

// note takes an answer. Its Date is later than the call began, so lifetimes that
// are counted by it come out a little short, not long.
func (a *answer) note(req *http.Request, resp *http.Response, began time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.host, a.status, a.body = req.URL.Hostname(), 0, nil
	if resp == nil {
		return
	}
	a.status = resp.StatusCode
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.ahead = began.Sub(date)
	}
}

// wordsLimit is how much of an answer is kept to find the provider's error
// text.
const wordsLimit = 8 << 10

func (a *answer) add(p []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.body = append(a.body, p[:min(len(p), wordsLimit-len(a.body))]...)
}

// bounded ends a body with an error once it is too long.
type bounded struct {
	io.ReadCloser
	left   int
	answer *answer // nil: the answer is not recorded
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if n > b.left {
		return 0, errAnswerTooLong
	}
	b.left -= n
	if b.answer != nil {
		b.answer.add(p[:n])
	}
	return n, err
}
