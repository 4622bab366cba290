package credential

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/authority"
	"github.com/heald-proxy/heald/test/connectproxy"
	"github.com/heald-proxy/heald/test/fakegoogle"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answered(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// Over real sockets and TLS: token calls go through the proxy of the
// environment, and the metadata server is asked directly. crypto/x509 reads
// SSL_CERT_FILE once in a process, so the test runs itself in another.
func TestRealConnections(t *testing.T) {
	if name := os.Getenv("HEALD_TEST_CREDENTIAL"); name != "" {
		for _, c := range []Config{{Type: ServiceAccount, File: name}, {Type: Metadata}} {
			if _, err := mustLoad(t, c).Fetch(t.Context(), NewClient(nil)); err != nil {
				t.Errorf("%s: %v", c.Type, err)
			}
		}
		return
	}
	g := &fakegoogle.Google{}
	ca := authority.New(t)
	cert, err := tls.LoadX509KeyPair(ca.Issue("google", fakegoogle.TokenHost))
	if err != nil {
		t.Fatal(err)
	}
	google := httptest.NewUnstartedServer(g)
	google.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	google.StartTLS()
	defer google.Close()
	metadata := httptest.NewServer(g.Metadata())
	defer metadata.Close()
	proxy := connectproxy.Start(t, connectproxy.Options{Hosts: map[string]string{fakegoogle.TokenHost + ":443": google.Listener.Addr().String()}})

	cmd := exec.Command(os.Args[0], "-test.run=^TestRealConnections$")
	cmd.Env = append(os.Environ(), "HEALD_TEST_CREDENTIAL="+write(t, g.Account(robot)), "SSL_CERT_FILE="+ca.File,
		"HTTPS_PROXY=http://"+proxy.Addr(), "HTTP_PROXY=http://"+proxy.Addr(), "NO_PROXY=", "no_proxy=", "https_proxy=", "http_proxy=",
		"GCE_METADATA_HOST="+metadata.Listener.Addr().String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var asked []string
	for _, r := range proxy.Requests() {
		asked = append(asked, r.Method+" "+r.Target)
	}
	if want := []string{"CONNECT " + fakegoogle.TokenHost + ":443"}; !slices.Equal(asked, want) {
		t.Errorf("the proxy was asked %q, want %q", asked, want)
	}
	if a, b := g.Calls(fakegoogle.TokenHost), g.Calls(fakegoogle.MetadataHost); a != 1 || b != 1 {
		t.Errorf("%d token calls, %d metadata calls; refused: %q", a, b, g.Refused())
	}
}

// A proxy would reach the metadata server of its own machine.
func TestNoProxyForMetadata(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example:3128")
	t.Setenv("HTTPS_PROXY", "http://proxy.example:3128")
	t.Setenv("NO_PROXY", "sts.googleapis.com")
	for address, want := range map[string]bool{
		"http://169.254.169.254/x": false, "http://metadata.google.internal/x": false, "https://sts.googleapis.com/x": false,
		"https://oauth2.googleapis.com/token": true, "http://example.com/": true,
	} {
		u, err := environmentProxy()(httptest.NewRequest(http.MethodGet, address, nil))
		if err != nil || (u != nil) != want {
			t.Errorf("%s: proxy %v, %v", address, u, err)
		}
	}
}

// What is nearby is asked without a proxy and without TLS.
func TestNearby(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "169.254.169.254": true, "fe80::1": true, "metadata.google.internal": true,
		"10.0.0.1": false, "example.com": false, "localhost.example.com": false, "metadata.google.internal.example.com": false, "0.0.0.0": false,
	} {
		if got := nearby(host); got != want {
			t.Errorf("nearby(%q) is %v", host, got)
		}
	}
}
