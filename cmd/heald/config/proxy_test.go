package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// proxyFile is a heald.yaml with a backend, to whose settings more are added.
func proxyFile(t *testing.T, more string) string {
	t.Helper()
	t.Setenv("KEY", "a provider's key")
	path := filepath.Join(t.TempDir(), "heald.yaml")
	text := "backends: [{name: a, kind: ai_studio" + more + "}]\naccounts: [{backend: a, secret: {env: KEY}}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	return path
}

func TestProxyOfFile(t *testing.T) {
	const login = ", proxy: 'http://proxy.example:3128', proxy_login: {env: LOGIN}"
	for _, c := range []struct {
		name, more, login string
		starts            bool
		want, header      string
	}{
		{"none", "", "", true, "", ""},
		{"without a login", ", proxy: 'http://proxy.example:3128'", "", true, "", ""},
		{"with a login", login, "me:hunter2", true, "", "Basic bWU6aHVudGVyMg=="},
		{"a colon in the password", login, "me:a:b", true, "", "Basic bWU6YTpi"},
		{"an empty password", login, "me:", true, "", "Basic bWU6"},
		{"no colon", login, "hunter2", true, "backends[0].proxy_login: the value is not user:password", ""},
		{"no user", login, ":hunter2", true, "not user:password", ""},
		{"no login there", login, "", true, "environment variable LOGIN is empty", ""},
		{"who does not start Envoy needs none", login, "", false, "", ""},
		{"a login for nobody", ", proxy_login: {env: LOGIN}", "me:hunter2", false, "backends[0].proxy_login: there is no proxy beside it", ""},
		{"pasted", ", proxy: 'http://proxy.example:3128', proxy_login: 'me:hunter2'", "", true, "backends[0].proxy_login: a single value stands where {env", ""},
		{"pasted into the address", ", proxy: 'http://me:hunter2@proxy.example:3128'", "", true, "backends[0].proxy: this looks like a credential", ""},
		{"its fix", ", proxy: 'http://me:hunter2@proxy.example:3128'", "", true, "under backends[].proxy_login", ""},
		{"SOCKS", ", proxy: 'socks5://proxy.example:1080'", "", true, "backends[0].proxy: is a SOCKS proxy", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Flags{File: proxyFile(t, c.more), StartsEnvoy: c.starts}
			t.Setenv("LOGIN", c.login)
			cfg, err := f.Load()
			if err == nil {
				err = cfg.Validate()
			}
			switch {
			case c.want != "":
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%v, want %q", err, c.want)
				}
			case err != nil:
				t.Error(err)
			case cfg.Backends[0].ProxyAuthorization() != c.header:
				t.Errorf("%q", cfg.Backends[0].ProxyAuthorization())
			}
		})
	}
}

func TestProxyOfEnvironment(t *testing.T) {
	for _, c := range []struct {
		name, more, proxy, no string // proxy is HTTPS_PROXY, and plain HTTP_PROXY
		plain                 string
		want, header, fault   string
	}{
		{name: "a proxy", proxy: "http://proxy.example:3128", want: "http://proxy.example:3128"},
		{name: "without a scheme", proxy: "proxy.example:3128", want: "http://proxy.example:3128"},
		{name: "without a port", proxy: "http://proxy.example/", want: "http://proxy.example:80"},
		{name: "https, without a port", proxy: "https://proxy.example", want: "https://proxy.example:443"},
		{name: "with a login", proxy: "http://me:hunter%202@proxy.example:3128", want: "http://proxy.example:3128", header: "Basic bWU6aHVudGVyIDI="},
		{name: "NO_PROXY", proxy: "http://proxy.example:3128", no: "x.example,.googleapis.com"},
		{name: "NO_PROXY, all", proxy: "http://proxy.example:3128", no: "*"},
		{name: "NO_PROXY, others", proxy: "http://proxy.example:3128", no: "x.example", want: "http://proxy.example:3128"},
		{name: "the file goes first", more: ", proxy: 'http://own.example:1'", proxy: "http://proxy.example:3128", want: "http://own.example:1"},
		{name: "this machine", more: ", url: 'https://127.0.0.1:1'", proxy: "http://proxy.example:3128"},
		{name: "plain text", more: ", url: 'http://10.0.0.1:1'", proxy: "http://proxy.example:3128"},
		{name: "plain text, with a proxy of its own", more: ", url: 'http://10.0.0.1:1'", proxy: "http://proxy.example:3128", plain: "http://me:x@plain.example:1", want: "http://plain.example:1", header: "Basic bWU6eA=="},
		{name: "plain text, no address", more: ", url: 'http://10.0.0.1:1'", proxy: "http://proxy.example:3128", plain: "http://me:hunter2@proxy .example", fault: "HTTP_PROXY: is no address of a proxy"},
		{name: "plain text, SOCKS", more: ", url: 'http://10.0.0.1:1'", plain: "socks5://proxy.example:1080", fault: "HTTP_PROXY: is a SOCKS proxy"},
		{name: "SOCKS", proxy: "socks5://me:hunter2@proxy.example:1080", fault: "HTTPS_PROXY: is a SOCKS proxy"},
		{name: "no address", proxy: "http://me:hunter2@proxy .example", fault: "HTTPS_PROXY: is no address of a proxy"},
		{name: "a port too large", proxy: "http://me:hunter2@proxy.example:99999", fault: "HTTPS_PROXY: "},
		{name: "no address, and not for this", proxy: "http://me:hunter2@proxy .example", no: "*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Flags{File: proxyFile(t, c.more), StartsEnvoy: true}
			for name, value := range map[string]string{"HTTPS_PROXY": c.proxy, "HTTP_PROXY": c.plain, "NO_PROXY": c.no} {
				t.Setenv(name, value)
				t.Setenv(strings.ToLower(name), "")
			}
			cfg, err := f.Load()
			for range 2 { // as a start does
				if err == nil {
					_, err = cfg.Exchange()
				}
			}
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%v, want %q", err, c.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ofEnv := c.want != "" && !strings.Contains(c.more, "proxy:")
			if b := cfg.Backends[0]; b.Proxy != c.want || b.ProxyAuthorization() != c.header || b.EnvProxy() != ofEnv {
				t.Errorf("%q %q %v", b.Proxy, b.ProxyAuthorization(), b.EnvProxy())
			}
			// A command that does not start Envoy cannot use it, and says so.
			other := Flags{File: f.File}
			cfg, err = other.Load()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cfg.Exchange(); err != nil || c.more == "" && cfg.Backends[0].Proxy != "" {
				t.Errorf("%q, %v", cfg.Backends[0].Proxy, err)
			}
			unused := ""
			switch {
			case ofEnv && c.plain != "":
				unused = "HTTP_PROXY"
			case ofEnv:
				unused = "HTTPS_PROXY"
			}
			if got := cfg.UnusedEnvProxy(); got != unused {
				t.Errorf("unused: %q, want %q", got, unused)
			}
		})
	}
}

// A login that changes must be noticed: Envoy has the old one.
func TestProxyLoginIsWatched(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "login")
	if err := os.WriteFile(secret, []byte("me:hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Flags{File: proxyFile(t, ", proxy: 'http://proxy.example:3128', proxy_login: {file: "+secret+"}"), StartsEnvoy: true}
	before, err := f.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("me:hunter3"), 0o600); err != nil {
		t.Fatal(err)
	}
	after, err := f.Load()
	if err != nil || before.Sum() == after.Sum() || !strings.Contains(strings.Join(after.Watched("").Dirs(), " "), filepath.Dir(secret)) {
		t.Errorf("%v, %v", after.Watched("").Dirs(), err)
	}
}
