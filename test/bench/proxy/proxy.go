package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
)

// Serve hands requests from l on to upstream, an http:// URL that speaks
// HTTP/2, until ctx ends; it closes l.
func Serve(ctx context.Context, l net.Listener, upstream string) error {
	to, err := url.Parse(upstream)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols, DisableCompression: true}
	defer transport.CloseIdleConnections()
	server := &http.Server{Handler: &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:  transport,
		BufferPool: &buffers{},
	}}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bufferSize is that of the buffers httputil makes when it has no pool.
const bufferSize = 32 << 10

// buffers keeps what one answer was copied through for the next one.
type buffers struct{ pool sync.Pool }

// Get returns a buffer.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return p[:]
	}
	return make([]byte, bufferSize)
}

// Put takes a buffer back.
func (b *buffers) Put(p []byte) { b.pool.Put((*[bufferSize]byte)(p)) }
