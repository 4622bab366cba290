package accounts

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
)

const (
	// askTime bounds one question.
	askTime = 5 * time.Second
	// longestReport bounds a report, in bytes; real ones are far shorter.
	longestReport = 64 << 20
	longestError  = 1 << 10
)

// How the answers of a listener begin that requires a token or a certificate.
const (
	AsksToken       = "a token is asked for here"
	AsksCertificate = "a client certificate is asked for here"
)

// NotTold begins the answer of a heald that has no accounts to report.
const NotTold = "this heald does not tell of accounts"

// ErrCertificate says that a listener shows another certificate than admin.tls.cert.
var ErrCertificate = errors.New("it shows another certificate than admin.tls.cert says")

// Client asks a running heald.
type Client struct {
	http *http.Client
	base string // URL without the path
	at   string // as it was named
	// token is sent if it is not empty.
	token account.Secret
}

// NewClient makes a client for an address in one of these forms: host:port, a
// URL of the listener, or unix:///path.
func NewClient(address string) (*Client, error) {
	c := &Client{base: "http://" + address, at: address}
	dial := (&net.Dialer{}).DialContext
	switch path, socket := strings.CutPrefix(address, "unix://"); {
	case socket:
		c.base = "http://localhost"
		dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	case strings.Contains(address, "://"):
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
			return nil, errors.New("this is no address of an admin listener: write host:port, http://host:port or unix:///path")
		}
		for _, end := range []string{"/", Path, "/metrics", "/readyz", "/livez"} {
			u.Path = strings.TrimSuffix(u.Path, end)
		}
		c.base = u.String()
	default:
		if _, _, err := net.SplitHostPort(address); err != nil {
			return nil, errors.New("this is no address of an admin listener: write host:port, http://host:port or unix:///path")
		}
	}
	// No proxy: the listener is near. No redirects: it sends none.
	c.http = &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, ResponseHeaderTimeout: askTime},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Show sets the token that the client sends, which may be empty, and the TLS
// configuration for an https address; nil is Go's default.
func (c *Client) Show(token account.Secret, secure *tls.Config) {
	c.token = token
	c.http.Transport.(*http.Transport).TLSClientConfig = secure
}

// Get returns the answer at a path, such as /metrics, if it is 200.
func (c *Client) Get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	status, body, err := c.get(ctx, path)
	switch {
	case err != nil:
		return nil, c.unreached(err)
	case status == http.StatusOK:
		return body, nil
	}
	return nil, c.refused(status, body)
}

// Probe asks at a path for orchestrators and returns the status and the text.
func (c *Client) Probe(ctx context.Context, path string) (status int, body []byte, err error) {
	if status, body, err = c.get(ctx, path); err != nil {
		err = c.unreached(err)
	}
	return status, body, err
}

// refused makes the error for a status other than 200.
func (c *Client) refused(status int, body []byte) error {
	token := strings.HasPrefix(string(body), AsksToken)
	switch {
	case token && c.token.Empty(), strings.HasPrefix(string(body), AsksCertificate):
		return c.problem("it asks for authentication: " + said(body))
	case token:
		return c.problem("it does not take this token: show the one of admin.token in its heald.yaml")
	case status == http.StatusForbidden:
		return c.problem("it refuses: " + said(body))
	}
	return c.problem(fmt.Sprintf("the server there is not heald's admin listener (it answered %d): %s", status, whereItIs))
}

// Fetch asks for a path with its query, and returns the status and the body, or an
// error that says why there is no answer.
func (c *Client) Fetch(ctx context.Context, path string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if status, body, err = c.get(ctx, path); err != nil {
		return 0, nil, c.unreached(err)
	}
	if status == http.StatusForbidden || status == http.StatusUnauthorized {
		return 0, nil, c.refused(status, body)
	}
	return status, body, nil
}

// Lives reports whether a heald's admin listener answers.
func (c *Client) Lives(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return c.lives(ctx)
}

// Address is the listener's, as it was named.
func (c *Client) Address() string { return redact.Text(c.at) }

// Ask returns the report, as the listener wrote it and decoded.
func (c *Client) Ask(ctx context.Context) ([]byte, *Report, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	status, body, err := c.get(ctx, Path)
	switch {
	case err != nil:
		return nil, nil, c.unreached(err)
	case status == http.StatusNotFound && strings.HasPrefix(string(body), NotTold):
		return nil, nil, c.problem(strings.TrimSpace(string(body)))
	case status == http.StatusNotFound && c.lives(ctx):
		return nil, nil, c.problem("the heald there is too old to report accounts: update it, or read its /metrics")
	case status != http.StatusOK:
		return nil, nil, c.refused(status, body)
	}
	r := &Report{}
	if err := json.Unmarshal(body, r); err != nil || r.At.IsZero() {
		return nil, nil, c.problem("the server there is not heald's admin listener (its answer is no report): " + whereItIs)
	}
	return body, r, nil
}

const whereItIs = "name the address of listen.admin in heald.yaml, or the one that `heald up` prints behind \"metrics\", with --admin"

func (c *Client) get(ctx context.Context, path string) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	if !c.token.Empty() {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	limit := int64(longestReport)
	if resp.StatusCode != http.StatusOK {
		limit = longestError
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit))
	return resp.StatusCode, body, err
}

// lives reports whether a heald's admin listener answers.
func (c *Client) lives(ctx context.Context) bool {
	status, body, err := c.get(ctx, "/livez")
	return err == nil && status == http.StatusOK && string(body) == "ok\n"
}

// unreached makes the error that says why there is no answer.
func (c *Client) unreached(err error) error {
	var own *url.Error
	if errors.As(err, &own) {
		err = own.Err // without the URL, which is not what was named
	}
	var network *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return c.problem("nothing listens there: is heald running? " + strings.ToUpper(whereItIs[:1]) + whereItIs[1:])
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return c.problem(fmt.Sprintf("no answer within %v: %s", askTime, whereItIs))
	case certificate(err):
		return c.problem("its certificate is not accepted, or it does not accept ours: " + said([]byte(err.Error())) + "; name --admin-ca, --admin-cert and --admin-key, or its heald.yaml with --config")
	case errors.As(err, &network) && network.Op == "dial":
		return c.problem("it cannot be reached: " + said([]byte(err.Error())))
	}
	return c.problem("the server there does not speak HTTP (it may be the port for Envoy, listen.grpc): " + whereItIs)
}

// certificate reports whether an error is about a certificate.
func certificate(err error) bool {
	var theirs *tls.CertificateVerificationError
	var alert tls.AlertError
	return errors.As(err, &theirs) || errors.As(err, &alert) || errors.Is(err, ErrCertificate)
}

func (c *Client) problem(text string) error {
	return fmt.Errorf("%s: %s", redact.Text(c.at), text)
}

func said(body []byte) string {
	return terminal.Printable(redact.Text(strings.TrimSpace(string(body))))
}
