package otlp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// The exporter sends again what a collector refuses temporarily, within the time
// of the queue's call.
const (
	retryFirst   = 500 * time.Millisecond
	retryLongest = 2 * time.Second
	retryTime    = 5 * time.Second
)

// newExporter makes an exporter; close closes its connections. It connects at the
// first export.
func newExporter(ctx context.Context, o *Options) (e *otlptrace.Exporter, close func(), err error) {
	if o.Protocol == GRPC {
		return newGRPC(ctx, o)
	}
	return newHTTP(ctx, o)
}

func newGRPC(ctx context.Context, o *Options) (*otlptrace.Exporter, func(), error) {
	options := []otlptracegrpc.Option{
		otlptracegrpc.WithEndpointURL(o.Endpoint), otlptracegrpc.WithHeaders(o.Headers), otlptracegrpc.WithTimeout(o.Timeout),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: retryFirst, MaxInterval: retryLongest, MaxElapsedTime: retryTime}),
		otlptracegrpc.WithDialOption(grpc.WithDisableServiceConfig()),
	}
	if o.Gzip {
		options = append(options, otlptracegrpc.WithCompressor("gzip"))
	} else {
		options = append(options, otlptracegrpc.WithCompressor("none"))
	}
	if o.TLS != nil {
		options = append(options, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(o.TLS)))
	} else {
		options = append(options, otlptracegrpc.WithTLSCredentials(insecure.NewCredentials()))
	}
	e, err := otlptracegrpc.New(ctx, options...)
	return e, func() {}, err // Shutdown closes the connection
}

func newHTTP(ctx context.Context, o *Options) (*otlptrace.Exporter, func(), error) {
	client, transport := newClient(o)
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(o.Endpoint), otlptracehttp.WithHeaders(o.Headers), otlptracehttp.WithTimeout(o.Timeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: retryFirst, MaxInterval: retryLongest, MaxElapsedTime: retryTime}),
		otlptracehttp.WithHTTPClient(client), otlptracehttp.WithTLSClientConfig(o.TLS), // nil takes back what the SDK has read from the environment
	}
	compression := otlptracehttp.NoCompression
	if o.Gzip {
		compression = otlptracehttp.GzipCompression
	}
	options = append(options, otlptracehttp.WithCompression(compression))
	if o.Protocol == JSON {
		options = append(options, otlptracehttp.WithEncoding(otlptracehttp.EncodingJSON))
	}
	e, err := otlptracehttp.New(ctx, options...)
	return e, transport.CloseIdleConnections, err
}

// newClient is the SDK's own client, except that its connections can be closed,
// and that it follows no redirect, which would also get the headers with
// credentials.
func newClient(o *Options) (*http.Client, *http.Transport) {
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		DialContext:     (&net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: o.Timeout, ForceAttemptHTTP2: true, MaxIdleConns: 2,
	}
	if o.TLS != nil {
		transport.TLSClientConfig = o.TLS.Clone()
	}
	return &http.Client{Transport: transport, Timeout: o.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, transport
}

// shutdown ends an exporter and closes its connections.
func shutdown(e *otlptrace.Exporter, close func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // nothing is left to send
	defer cancel()
	defer close()
	return e.Shutdown(ctx)
}
