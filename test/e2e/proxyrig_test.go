package e2e

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/authority"
	"github.com/heald-proxy/heald/test/connectproxy"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

const (
	// providerHost is a name that only the proxy resolves.
	providerHost = "provider.example"
	proxyLogin   = "gateway:pass word%1"
	// proxyHeader is proxyLogin as the header has it.
	proxyHeader = "Basic Z2F0ZXdheTpwYXNzIHdvcmQlMQ=="
)

// office is a network with a provider outside and a proxy that leads there.
type office struct {
	t       *testing.T
	version string // of Envoy
	ca      *authority.Authority
	fake    *fakegemini.Server
	proxy   *connectproxy.Proxy
}

func newOffice(t *testing.T, version string, o connectproxy.Options) *office {
	t.Helper()
	f := &office{t: t, version: version, ca: authority.New(t)}
	cert, key := f.ca.Issue("provider", providerHost, "direct.localhost")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	f.fake = fakegemini.Start(t, fakegemini.Options{Keys: []string{"provider-key"}, TLS: &tls.Config{Certificates: []tls.Certificate{pair}}})
	_, port, _ := net.SplitHostPort(f.fake.Addr())
	o.Hosts = map[string]string{providerHost + ":443": f.fake.Addr(), "direct.localhost:" + port: f.fake.Addr()}
	if o.TLS != nil { // with a certificate of its own
		cert, key := f.ca.Issue("proxy", "proxy.example")
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	f.proxy = connectproxy.Start(t, o)
	return f
}

// up starts `heald up` with a heald.yaml. env are variables of its environment.
func (f *office) up(config string, env ...string) *stack.Up {
	f.t.Helper()
	dir := f.t.TempDir()
	file, login := filepath.Join(dir, "heald.yaml"), filepath.Join(dir, "login")
	config = strings.NewReplacer("PROXY", f.proxy.Addr(), "LOGIN", login).Replace(config)
	for path, text := range map[string]string{file: config, login: proxyLogin + "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
	env = append([]string{"HTTPS_PROXY=", "https_proxy=", "NO_PROXY=", "no_proxy=", "SSL_CERT_FILE=" + f.ca.File, "TEST_UP_KEY=provider-key"}, env...)
	u, err := stack.StartUp(patient(f.t), stack.Binary(f.t), env, "--envoy", stack.EnvoyBinary(f.t, f.version), "--drain", "1s", "--config", file)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := u.Stop(); err != nil {
			f.t.Error(err)
		}
		for _, secret := range []string{"pass word", "pass%20word", proxyHeader, "provider-key"} {
			if strings.Contains(u.Log.Text()+u.Output(), secret) {
				f.t.Errorf("%q is in what it prints:\n%s\n%s", secret, u.Output(), u.Log.Text())
			}
		}
		if f.t.Failed() {
			f.t.Log(u.Output(), u.Log.Text())
		}
	})
	return u
}

// askUp sends a request and returns the answer.
func askUp(t *testing.T, u *stack.Up, path, body string) stack.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(patient(t), http.MethodPost, u.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text), Err: err}
}

// eachAPI calls use with a request of each API, streaming and not.
func eachAPI(use func(api *api, path, body string, stream bool)) {
	for i := range apis {
		use(&apis[i], apis[i].wholePath, apis[i].wholeBody, false)
		use(&apis[i], apis[i].streamPath, apis[i].streamBody, true)
	}
}

const (
	throughProxy = "backends: [{name: a, kind: ai_studio, url: 'https://provider.example', proxy: 'http://PROXY'}]\n" + proxyAccount
	withLogin    = "backends: [{name: a, kind: ai_studio, url: 'https://provider.example', proxy: 'http://PROXY', proxy_login: {file: LOGIN}}]\n" + proxyAccount
	byEnvAlone   = "backends: [{name: a, kind: ai_studio, url: 'https://provider.example'}]\n" + proxyAccount
	proxyAccount = "accounts: [{backend: a, secret: {env: TEST_UP_KEY}}]\n"
)
