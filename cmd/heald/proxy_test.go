package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const proxyYAML = `backends:
- {name: a, kind: ai_studio, proxy: "http://proxy.example:3128", proxy_login: {env: LOGIN}}
- {name: b, kind: ai_studio, proxy: "http://proxy.example:3128", proxy_login: {env: LOGIN}}
- {name: c, kind: ai_studio, proxy: "https://other.example:8443", proxy_login: {env: OTHER}}
- {name: d, kind: ai_studio}
accounts: [{backend: a, secret: {env: KEY}}, {backend: b, secret: {env: KEY}}, {backend: c, secret: {env: KEY}}, {backend: d, secret: {env: KEY}}]
hop_secret: {env: HOP}
`

// noProxies empties the environment of proxies.
func noProxies(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"} {
		t.Setenv(name, "")
	}
}

// What is rendered has no login in it, needs none to be known, and fits.
func TestEnvoyBehindProxies(t *testing.T) {
	noProxies(t)
	t.Setenv("KEY", "a provider's key")
	t.Setenv("HOP", "a secret of the hop, long enough")
	file := write(t, "heald.yaml", proxyYAML)
	t.Setenv("HTTPS_PROXY", "http://me:hunter2@env.example:1")
	code, yaml, errs := heald(t, "envoy", "--config", file)
	if code != exitOK {
		t.Fatal(errs)
	}
	for part, n := range map[string]int{
		"%ENVIRONMENT(HEALD_PROXY_AUTHORIZATION)%": 2, "%ENVIRONMENT(HEALD_PROXY_AUTHORIZATION_2)%": 1, "env.example": 0, "address: other.example": 1,
	} {
		if strings.Count(yaml, part) != n {
			t.Errorf("%s is there %d times, not %d", part, strings.Count(yaml, part), n)
		}
	}
	for _, part := range []string{"proxy of b gets its login from Envoy's environment: start Envoy with HEALD_PROXY_AUTHORIZATION=", "proxy of c gets its login from Envoy's environment: start Envoy with HEALD_PROXY_AUTHORIZATION_2=", "HTTPS_PROXY has no effect here"} {
		if !strings.Contains(errs, part) {
			t.Errorf("%q is missing in\n%s", part, errs)
		}
	}
	if strings.Contains(yaml+errs, "hunter2") {
		t.Error("the password is told")
	}
	if code, out, _ := heald(t, "check", "--config", file, "--envoy", write(t, "envoy.yaml", yaml)); code != exitOK || strings.Contains(out, "envoy.yaml") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	direct := write(t, "heald.yaml", strings.ReplaceAll(proxyYAML, "kind: ai_studio}", `kind: ai_studio, proxy: "http://proxy.example:3128"}`))
	if code, out, _ := heald(t, "check", "--config", direct, "--envoy", write(t, "envoy.yaml", yaml)); code == exitOK || !strings.Contains(out, "clusters[d].load_assignment: goes out directly, and not through the proxy proxy.example:3128") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// `heald up` hands the logins to its Envoy, and says at a reload what changed.
func TestUpBehindProxies(t *testing.T) {
	noProxies(t)
	for name, value := range map[string]string{"KEY": "a provider's key", "HOP": "a secret of the hop, long enough", "LOGIN": "me:hunter2", "OTHER": "you:hunter3"} {
		t.Setenv(name, value)
	}
	t.Setenv("HTTPS_PROXY", "http://they:hunter4@env.example:1")
	o := upOptions{listen: "127.0.0.1:0", admin: "127.0.0.1:0"}
	o.flags.File = write(t, "heald.yaml", proxyYAML)
	cfg, err := o.load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := o.bootstrap(cfg, "")
	if err != nil {
		t.Fatal(err)
	}
	want := "HEALD_PROXY_AUTHORIZATION=Basic bWU6aHVudGVyMg== HEALD_PROXY_AUTHORIZATION_2=Basic eW91Omh1bnRlcjM= HEALD_PROXY_AUTHORIZATION_3=Basic dGhleTpodW50ZXI0"
	if got := strings.Join(proxyEnvironment(cfg), " "); got != want {
		t.Errorf("%s", got)
	}
	var said strings.Builder
	tellProxies(&said, cfg)
	if !strings.Contains(said.String(), "a is reached through the proxy http://proxy.example:3128 (of heald.yaml)\n") || !strings.Contains(said.String(), "d is reached through the proxy http://env.example:1 (of HTTPS_PROXY)\n") {
		t.Errorf("%s", said.String())
	}
	fit := newFit(b, cfg)
	misfits := func(text string) (out string) { // after a reload
		o.flags.File = write(t, "heald.yaml", text)
		next, err := o.flags.Load()
		if err == nil {
			_, err = next.Exchange()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range fit.check(next) {
			if !p.Note {
				out += p.Problem + "\n"
			}
		}
		return out
	}
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{`http://proxy.example:3128`, `http://new.example:3128`, "the proxy is proxy.example:3128, and new.example:3128 in heald.yaml"},
		{`env: OTHER`, `env: LOGIN`, "its proxy gets another login"},
		{`{name: d, kind: ai_studio}`, `{name: d, kind: ai_studio, url: "https://127.0.0.1:1"}`, "it leads to https://generativelanguage.googleapis.com"},
	} {
		if said := misfits(strings.Replace(proxyYAML, c.old, c.new, 1)); (said == "") != (c.want == "") || !strings.Contains(said, c.want) || strings.Contains(said, "hunter") {
			t.Errorf("%s: want %q:\n%s", c.new, c.want, said)
		}
	}
	t.Setenv("HTTPS_PROXY", "")
	if said := misfits(proxyYAML); !strings.Contains(said, "it leads through the proxy http://env.example:1") {
		t.Errorf("without the environment's:\n%s", said)
	}
}

// The environment may name two proxies, each with a login of its own: neither
// gets the other's.
func TestUpGivesEachProxyItsOwnLogin(t *testing.T) {
	noProxies(t)
	for name, value := range map[string]string{
		"KEY": "a provider's key", "HOP": "a secret of the hop, long enough",
		"HTTPS_PROXY": "http://me:hunter2@one.example:3128", "HTTP_PROXY": "http://you:hunter3@two.example:3128",
	} {
		t.Setenv(name, value)
	}
	o := upOptions{listen: "127.0.0.1:0", admin: "127.0.0.1:0"}
	o.flags.File = write(t, "heald.yaml", `backends:
- {name: a, kind: ai_studio}
- {name: b, kind: ai_studio, url: "http://10.1.2.3:8080"}
- {name: c, kind: ai_studio}
accounts: [{backend: a, secret: {env: KEY}}, {backend: b, secret: {env: KEY}}, {backend: c, secret: {env: KEY}}]
hop_secret: {env: HOP}
`)
	cfg, err := o.load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.bootstrap(cfg, ""); err != nil {
		t.Fatal(err)
	}
	const one, two = "HEALD_PROXY_AUTHORIZATION", "HEALD_PROXY_AUTHORIZATION_2"
	if diff := cmp.Diff(map[string]string{"a": one, "b": two, "c": one}, proxyVariables(cfg)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var said strings.Builder
	tellProxies(&said, cfg)
	if !strings.Contains(said.String(), "a is reached through the proxy http://one.example:3128 (of HTTPS_PROXY)\nb is reached through the proxy http://two.example:3128 (of HTTP_PROXY)\n") {
		t.Errorf("%s", said.String())
	}
	want := []string{one + "=Basic bWU6aHVudGVyMg==", two + "=Basic eW91Omh1bnRlcjM="}
	if diff := cmp.Diff(want, proxyEnvironment(cfg)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUpWithoutRootCertificates(t *testing.T) {
	noProxies(t)
	t.Setenv("KEY", "a provider's key")
	t.Setenv("SSL_CERT_FILE", filepath.Join(t.TempDir(), "none.pem"))
	o := upOptions{listen: "127.0.0.1:0", admin: "127.0.0.1:0"}
	o.flags.File = write(t, "heald.yaml", minimal)
	cfg, err := o.load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.bootstrap(cfg, ""); err == nil || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("%v", err)
	}
}
