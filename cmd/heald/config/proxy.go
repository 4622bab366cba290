package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/setting"
)

// Backend is one upstream endpoint, and how Envoy reaches it.
type Backend struct {
	route.Backend `yaml:",inline"`
	// ProxyLogin is user:password for the proxy. Default: none. Only Envoy needs
	// it, so only `heald up` reads it, for its own.
	ProxyLogin Source `yaml:"proxy_login"`

	login account.Secret // of the proxy
	env   bool           // the proxy is the environment's
}

// ProxyAuthorization is the value of the header Proxy-Authorization; "" for
// none. It holds a password. Exchange reads it where this process starts Envoy.
func (b *Backend) ProxyAuthorization() string {
	if b.Proxy == "" || b.login.Empty() {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(b.login.Reveal()))
}

// HasProxyLogin reports whether the proxy needs a login.
func (b *Backend) HasProxyLogin() bool {
	return b.Proxy != "" && (b.ProxyLogin != Source{} || !b.login.Empty())
}

// EnvProxy reports whether the proxy is the environment's.
func (b *Backend) EnvProxy() bool { return b.env }

// completeProxies finds the proxies that the environment names, and reads the
// logins, if this process starts Envoy.
func (c *Config) completeProxies() error {
	var errs []error
	for i := range c.Backends {
		b, path := &c.Backends[i], fmt.Sprintf("backends[%d]", i)
		if c.startsEnvoy && (b.Proxy == "" || b.env) {
			errs = append(errs, b.takeEnvProxy())
		}
		switch {
		case b.ProxyLogin == Source{}:
		case b.Proxy == "" || b.env:
			errs = append(errs, &setting.Problem{Path: path + ".proxy_login", Found: "there is no proxy beside it",
				Consequence: "it is never sent", Fix: "add proxy: http://host:port, or leave the line out"})
		case c.startsEnvoy:
			login, err := b.ProxyLogin.readLogin(path + ".proxy_login")
			b.login = account.NewSecret(login)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// readLogin reads user:password.
func (s Source) readLogin(path string) (string, error) {
	v, err := s.Read(path)
	if err != nil {
		return "", err
	}
	if user, _, ok := strings.Cut(v, ":"); !ok || user == "" {
		return "", &setting.Problem{Path: path, Found: "the value is not user:password",
			Consequence: "the proxy would refuse it", Fix: "store the user, a colon and the password, as they are"}
	}
	return v, headerSafe(path, v)
}

// takeEnvProxy sets the proxy that the environment names for the backend.
func (b *Backend) takeEnvProxy() error {
	at, err := envProxy(b.URL)
	b.env = at != nil
	if err != nil || at == nil {
		return err
	}
	if user := at.User; user != nil {
		password, _ := user.Password()
		b.login = account.NewSecret(user.Username() + ":" + password)
	}
	bare := url.URL{Scheme: at.Scheme, Host: at.Host}
	if at.Port() == "" { // the default port, as in other programs
		bare.Host = net.JoinHostPort(at.Hostname(), map[string]string{"http": "80", "https": "443"}[at.Scheme])
	}
	b.Proxy = bare.String()
	return route.ValidateProxy(EnvProxyName(b.URL), b.Proxy)
}

// envProxy is the proxy that the environment names for an address; nil for
// none. As everywhere, there is none for this machine itself.
func envProxy(address string) (*url.URL, error) {
	to, err := url.Parse(address)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // reported with the address itself
	}
	env := httpproxy.FromEnvironment()
	at, err := env.ProxyFunc()(to)
	if at != nil && strings.Trim(at.Path, "/") == "" {
		return at, nil
	}
	// The package ignores what it cannot parse, or takes it for a host and a
	// path. So ask it with another proxy whether there should be one here.
	own := &env.HTTPSProxy
	if to.Scheme == "http" {
		own = &env.HTTPProxy
	}
	unusable := *own != ""
	*own = "http://proxy.invalid"
	if should, _ := env.ProxyFunc()(to); err == nil && (should == nil || !unusable) {
		return nil, nil //nolint:nilnil // none is a valid result
	}
	// Not repeated: there may be a password in it.
	return nil, &setting.Problem{Path: EnvProxyName(address), Found: "is no address of a proxy", Fix: "write it as in http://proxy.example:3128, or unset it"}
}

// EnvProxyName is the variable of the environment that names the proxy for an
// address: there is one for each scheme, in capitals or not.
func EnvProxyName(address string) string {
	name := "HTTPS_PROXY"
	if strings.HasPrefix(address, "http://") {
		name = "HTTP_PROXY"
	}
	if small := strings.ToLower(name); os.Getenv(name) == "" && os.Getenv(small) != "" {
		return small
	}
	return name
}

// UnusedEnvProxy returns the variable of the environment that names a proxy for
// a backend which has none here; "" if there is none.
func (c *Config) UnusedEnvProxy() string {
	for _, b := range c.Backends {
		address := b.WithDefaults().URL
		if at, err := envProxy(address); b.Proxy == "" && (at != nil || err != nil) {
			return EnvProxyName(address)
		}
	}
	return ""
}
