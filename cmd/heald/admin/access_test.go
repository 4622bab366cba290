package admin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

const testToken = "a token of the tests, long enough"

// authority signs certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func (a *authority) sign(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// reply is the part of a response that tests compare.
type reply struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

// answering serves with an access at a kind of address, and returns a client.
func answering(t *testing.T, network, address string, a Access, server *tls.Config, client *tls.Config) func(method, path string, headers ...string) reply {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr()
	if server != nil {
		l = tls.NewListener(l, server)
	}
	s := New(Options{Registry: prometheus.NewRegistry(), Ready: func() (string, error) { return "", nil }, Profiles: true,
		Accounts: func() accounts.Report { return accounts.Report{} }, Access: func() Access { return a }, Log: zap.NewNop()})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	c := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: client, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, at.Network(), at.String())
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	scheme := map[bool]string{true: "https", false: "http"}[server != nil]
	return func(method, path string, headers ...string) reply {
		t.Helper()
		var body io.Reader
		if method == http.MethodPost {
			body = strings.NewReader(url.Values{"token": {testToken}}.Encode())
		}
		req, err := http.NewRequestWithContext(t.Context(), method, scheme+"://localhost:9001"+path, body)
		if err != nil {
			t.Fatal(err)
		}
		if body != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return reply{resp.StatusCode, resp.Header, resp.Cookies(), string(text)}
	}
}

// Who may ask what: kinds of addresses × what is configured × what is shown.
func TestWhoMayAsk(t *testing.T) {
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	bearer := []string{"Authorization", "Bearer " + testToken}
	lower := []string{"authorization", "bearer  " + testToken}
	wrong := []string{"Authorization", "Bearer " + testToken + "x"}
	basic := []string{"Authorization", "Basic " + testToken}
	token, certificates := Access{Token: testToken}, Access{Certificates: true}
	type row struct {
		name    string
		address string // tcp here, elsewhere, or socket
		access  Access
		tls     string // "" plain, "without" or "with" a certificate of the client
		headers []string
		// statuses of /livez, /readyz, /metrics, /accounts, /debug/pprof/cmdline, /
		want [6]int
	}
	for _, c := range []row{
		{"here, nothing configured", "here", Access{}, "", nil, [6]int{200, 200, 200, 200, 200, 404}},
		{"socket, nothing configured", "socket", Access{}, "", nil, [6]int{200, 200, 200, 200, 200, 404}},
		{"elsewhere, nothing configured", "elsewhere", Access{}, "", nil, [6]int{200, 200, 403, 403, 403, 403}},
		{"elsewhere, open", "elsewhere", Access{Open: true}, "", nil, [6]int{200, 200, 200, 200, 403, 404}},
		{"elsewhere, metrics open alone", "elsewhere", Access{MetricsOpen: true}, "", nil, [6]int{200, 200, 200, 403, 403, 403}},
		{"here, token, not shown", "here", token, "", nil, [6]int{200, 200, 401, 401, 401, 401}},
		{"here, token", "here", token, "", bearer, [6]int{200, 200, 200, 200, 200, 404}},
		{"socket, token, not shown", "socket", token, "", nil, [6]int{200, 200, 401, 401, 401, 401}},
		{"socket, token", "socket", token, "", bearer, [6]int{200, 200, 200, 200, 200, 404}},
		{"elsewhere, token, not shown", "elsewhere", token, "", nil, [6]int{200, 200, 401, 401, 401, 401}},
		{"elsewhere, token", "elsewhere", token, "", bearer, [6]int{200, 200, 200, 200, 200, 404}},
		{"elsewhere, token, other spelling", "elsewhere", token, "", lower, [6]int{200, 200, 200, 200, 200, 404}},
		{"elsewhere, wrong token", "elsewhere", token, "", wrong, [6]int{200, 200, 401, 401, 401, 401}},
		{"elsewhere, token of another scheme", "elsewhere", token, "", basic, [6]int{200, 200, 401, 401, 401, 401}},
		{"elsewhere, token, open does not count", "elsewhere", Access{Token: testToken, Open: true}, "", nil, [6]int{200, 200, 401, 401, 401, 401}},
		{"elsewhere, token, metrics open", "elsewhere", Access{Token: testToken, MetricsOpen: true}, "", nil, [6]int{200, 200, 200, 401, 401, 401}},
		{"elsewhere, certificate, not shown", "elsewhere", certificates, "without", nil, [6]int{200, 200, 401, 401, 401, 401}},
		{"elsewhere, certificate", "elsewhere", certificates, "with", nil, [6]int{200, 200, 200, 200, 401, 404}},
		{"here, certificate", "here", certificates, "with", nil, [6]int{200, 200, 200, 200, 200, 404}},
		{"elsewhere, certificate, a token shown that is none", "elsewhere", certificates, "without", bearer, [6]int{200, 200, 401, 401, 401, 401}},
		{"elsewhere, either, token", "elsewhere", Access{Token: testToken, Certificates: true}, "without", bearer, [6]int{200, 200, 200, 200, 200, 404}},
		{"elsewhere, either, certificate", "elsewhere", Access{Token: testToken, Certificates: true}, "with", nil, [6]int{200, 200, 200, 200, 401, 404}},
		{"socket, certificate configured", "socket", certificates, "", nil, [6]int{200, 200, 200, 200, 200, 404}},
	} {
		t.Run(c.name, func(t *testing.T) {
			network, address := "tcp", "127.0.0.1:0"
			switch c.address {
			case "elsewhere":
				address = "0.0.0.0:0"
			case "socket":
				network, address = "unix", filepath.Join(t.TempDir(), "s")
			}
			var server, client *tls.Config
			if c.tls != "" {
				server = &tls.Config{Certificates: []tls.Certificate{ca.sign(t)}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
				client = &tls.Config{RootCAs: pool}
			}
			if c.tls == "with" {
				client.Certificates = []tls.Certificate{ca.sign(t)}
			}
			get := answering(t, network, address, c.access, server, client)
			for i, path := range []string{"/livez", "/readyz", "/metrics", "/accounts", "/debug/pprof/cmdline", "/"} {
				if got := get(http.MethodGet, path, c.headers...).status; got != c.want[i] {
					t.Errorf("%s: %d, want %d", path, got, c.want[i])
				}
			}
		})
	}
}

// Prompts and answers are not for whoever reaches the listener.
func TestOpenKeepsBodies(t *testing.T) {
	for path, want := range map[string]int{
		"/api/requests/id-1/bodies": http.StatusForbidden, "/api/requests/a%2Fb/bodies": http.StatusForbidden, "/api/requests/id-1": http.StatusNoContent,
	} {
		for _, near := range []bool{false, true} {
			g := &gate{near: near, access: func() Access { return Access{Open: true} }, next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if near {
				want = http.StatusNoContent
			}
			if w.Code != want {
				t.Errorf("%s, near %t: %d, want %d", path, near, w.Code, want)
			}
		}
	}
}

// The certificate of another authority is refused before anything is asked.
func TestForeignCertificate(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving(t, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{ours.sign(t)}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}))
	foreign := theirs.sign(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost",
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &foreign, nil }}}}
	resp, err := client.Get("https://" + l.Addr().String() + "/livez")
	if err == nil {
		_ = resp.Body.Close()
		t.Errorf("%d", resp.StatusCode)
	}
}

// A person types the token once, and the browser then shows a session that scripts
// cannot read, other sites do not send, and no other token takes.
func TestLogin(t *testing.T) {
	get := answering(t, "tcp", "0.0.0.0:0", Access{Token: testToken}, nil, nil)
	page := get(http.MethodGet, "/", "Accept", "text/html")
	if page.status != http.StatusUnauthorized || !strings.Contains(page.body, `action="/login"`) || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("%d: %s", page.status, page.body)
	}
	if strings.Contains(page.body, "<script") || strings.Contains(page.body, "style=") {
		t.Errorf("%s", page.body)
	}
	in := get(http.MethodPost, "/login", "Origin", "http://localhost:9001", "Sec-Fetch-Site", "same-origin")
	if in.status != http.StatusSeeOther || in.header.Get("Location") != "/" || len(in.cookies) != 1 {
		t.Fatalf("%d, %v", in.status, in.cookies)
	}
	c := in.cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || strings.Contains(c.Value, testToken) {
		t.Errorf("%+v", c)
	}
	for _, s := range []struct {
		name, value string
		want        int
	}{
		{"the session", c.Value, 200}, {"none", "", 401}, {"cut off", c.Value[:len(c.Value)-2], 401}, {"a later end", "9" + c.Value, 401},
		{"of another token", session(time.Now().Add(time.Hour), testToken+"2"), 401}, {"one that ended", session(time.Now().Add(-time.Second), testToken), 401},
		{"the token itself", testToken, 401},
	} {
		if got := get(http.MethodGet, "/accounts", "Cookie", sessionCookie+"="+s.value).status; got != s.want {
			t.Errorf("%s: %d, want %d", s.name, got, s.want)
		}
	}
	if got := get(http.MethodGet, "/accounts", "Cookie", sessionCookie+"="+c.Value).header.Get(sessionHeader); got != "yes" {
		t.Errorf("the page does not learn that there is a session: %q", got)
	}
	if got := get(http.MethodGet, "/accounts", "Authorization", "Bearer "+testToken, "Cookie", sessionCookie+"="+c.Value).header.Get(sessionHeader); got != "" {
		t.Errorf("a session where the token was shown: %q", got)
	}
	if got := get(http.MethodGet, "/accounts", "Authorization", "Bearer wrong", "Cookie", sessionCookie+"="+c.Value).status; got != http.StatusUnauthorized {
		t.Errorf("a wrong token beside a session: %d", got)
	}
	out := get(http.MethodPost, "/logout", "Origin", "http://localhost:9001")
	if out.status != http.StatusSeeOther || len(out.cookies) != 1 || out.cookies[0].Value != "" || out.cookies[0].Expires.After(time.Now()) {
		t.Errorf("%d, %v", out.status, out.cookies)
	}
	if got := get(http.MethodGet, "/logout").status; got != http.StatusMethodNotAllowed {
		t.Errorf("GET /logout: %d", got)
	}
}

// What streams ends with the session that has asked for it.
func TestStreamsEndWithTheSession(t *testing.T) {
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	var got time.Time
	g := &gate{access: func() Access { return Access{Token: testToken} }, next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = r.Context().Deadline() })}
	r := httptest.NewRequest(http.MethodGet, "/api/follow", nil)
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session(until, testToken)})
	g.ServeHTTP(httptest.NewRecorder(), r)
	if !got.Equal(until) {
		t.Errorf("ends at %s, and the session at %s", got, until)
	}
}

// Pages of other sites can neither read nor log in, whatever they send.
func TestOtherSitesStayOut(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		get := answering(t, "tcp", address, Access{Token: testToken}, nil, nil)
		for _, c := range []struct {
			name    string
			headers []string
			want    int
		}{
			{"own page", []string{"Origin", "http://localhost:9001", "Sec-Fetch-Site", "same-origin"}, 303},
			{"a tool", nil, 303},
			{"another site", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
			{"another site, old browser", []string{"Origin", "https://evil.example"}, 403},
			{"another port", []string{"Origin", "http://localhost:3000", "Sec-Fetch-Site", "same-site"}, 403},
			{"a sandbox", []string{"Origin", "null"}, 403},
			{"cross-site without Origin", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		} {
			if got := get(http.MethodPost, "/login", c.headers...).status; got != c.want {
				t.Errorf("%s, %s: %d, want %d", address, c.name, got, c.want)
			}
		}
	}
}

// Where there is no token there is no form, and no way to make a session of none.
func TestNoTokenNoSession(t *testing.T) {
	get := answering(t, "tcp", "127.0.0.1:0", Access{}, nil, nil)
	if got := get(http.MethodGet, LoginPath).status; got != http.StatusNotFound {
		t.Errorf("%d", got)
	}
	get = answering(t, "tcp", "0.0.0.0:0", Access{Certificates: true}, nil, nil)
	if got := get(http.MethodGet, "/accounts", "Cookie", sessionCookie+"="+session(time.Now().Add(time.Hour), "")).status; got != http.StatusUnauthorized {
		t.Errorf("%d", got)
	}
	if got := get(http.MethodGet, "/accounts", "Authorization", "Bearer ").status; got != http.StatusUnauthorized {
		t.Errorf("%d", got)
	}
}

// The log reports that there were wrong tokens, not each one, and never the tokens.
func TestWrongTokensAreTold(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	g := &gate{next: http.NotFoundHandler(), access: func() Access { return Access{Token: testToken} }, log: zap.New(core)}
	for n := range 100 {
		r := httptest.NewRequest(http.MethodGet, "/accounts", nil)
		r.Header.Set("Authorization", fmt.Sprintf("Bearer a-guess-%d", n))
		g.ServeHTTP(httptest.NewRecorder(), r)
	}
	if logs.Len() != 1 || strings.Contains(fmt.Sprint(logs.All()[0].ContextMap()), "guess") {
		t.Errorf("%v", logs.All())
	}
}

// Only the form accepts other methods than GET and HEAD.
func TestReadOnly(t *testing.T) {
	get := answering(t, "tcp", "127.0.0.1:0", Access{}, nil, nil)
	for _, path := range []string{"/metrics", "/accounts", "/livez", "/readyz", "/debug/pprof/symbol"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			if got := get(method, path).status; got != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, got)
			}
		}
	}
}
