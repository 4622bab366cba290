package resume

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/redact"
)

// DefaultVia is the address of the listener in envoy/resume.yaml.
const DefaultVia = "unix:///run/heald/resume.sock"

// Client sends heald's own requests, for the rest of answers and for lists of
// models, to an Envoy listener that routes by [policies.HeaderCluster].
type Client struct {
	http *http.Client
	base string // scheme and host
	hop  string // sent as policies.HeaderHop; "" sends none
}

// connectTimeout bounds connecting to a listener, which is nearby.
const connectTimeout = 5 * time.Second

// NewClient makes a client; via is http://host:port or unix:///path. hop is the
// secret that the listener checks; "" sends none.
func NewClient(via, hop string) (*Client, error) {
	dialer := &net.Dialer{Timeout: connectTimeout}
	transport := &http.Transport{
		DialContext:        dialer.DialContext,
		DisableCompression: true, // ask only for encodings that heald can read
		// Broken answers are rare, so idle connections are not kept long, and those
		// of a replaced configuration must end.
		IdleConnTimeout: 30 * time.Second,
	}
	c := NewClientOf(transport)
	c.hop = hop
	if path, ok := strings.CutPrefix(via, "unix://"); ok {
		if !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("%s: want unix:// and an absolute path", redact.Quote(via))
		}
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		}
		return c, nil
	}
	u, err := url.Parse(via)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("%s is no address of a listener; use http://host:port or unix:///path", redact.Quote(via))
	}
	c.base = "http://" + u.Host
	return c, nil
}

// NewClientOf makes a client that sends requests to a host "envoy" by way of
// transport.
func NewClientOf(transport http.RoundTripper) *Client {
	return &Client{base: "http://envoy", http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// request makes the HTTP request of a Forward.
func (c *Client) request(ctx context.Context, method string, f *policies.Forward) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+f.Path, bytes.NewReader(f.Body))
	if err != nil {
		return nil, err
	}
	for _, h := range f.Set {
		req.Header.Set(h.Name, h.Value)
	}
	req.Header.Set(policies.HeaderCluster, f.Cluster)
	if c.hop != "" {
		req.Header.Set(policies.HeaderHop, c.hop)
	}
	req.Host = f.Authority // "" leaves the listener's own address
	return req, nil
}
