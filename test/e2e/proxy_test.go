package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/authority"
	"github.com/heald-proxy/heald/test/connectproxy"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Answers come through the proxy, which has resolved the provider's name; TLS
// is with the provider.
func TestProxy(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for _, c := range []struct {
			name, config string
			env          string
			proxy        connectproxy.Options
			authorized   string
		}{
			{name: "of heald.yaml", config: throughProxy, env: "HTTPS_PROXY="},
			{name: "in TLS", config: strings.Replace(throughProxy, "http://PROXY", "https://PROXY", 1), env: "HTTPS_PROXY=", proxy: connectproxy.Options{TLS: &tls.Config{}}},
			{name: "with a login", config: withLogin, env: "HTTPS_PROXY=http://unused.example", proxy: connectproxy.Options{Authorization: proxyHeader}, authorized: proxyHeader},
			{name: "HTTPS_PROXY", config: byEnvAlone, env: "HTTPS_PROXY=http://gateway:pass%20word%251@ADDRESS", proxy: connectproxy.Options{Authorization: proxyHeader}, authorized: proxyHeader},
			{name: "https_proxy, HTTP/1.0", config: byEnvAlone, env: "https_proxy=ADDRESS", proxy: connectproxy.Options{Old: true}},
		} {
			t.Run(c.name, func(t *testing.T) {
				f := newOffice(t, version, c.proxy)
				u := f.up(c.config, strings.ReplaceAll(c.env, "ADDRESS", f.proxy.Addr()))
				eachAPI(func(api *api, path, body string, stream bool) {
					f.fake.Enqueue(fakegemini.Text("hel", "lo"))
					got := askUp(t, u, path, body)
					if _, err := api.read(got.Body, stream); err != nil || got.Status != 200 || !strings.Contains(got.Body, "hel") {
						t.Errorf("%s: %d, %v: %s", path, got.Status, err, got.Body)
					}
				})
				for _, r := range f.fake.Requests() {
					if r.Proto != "HTTP/2.0" || r.Host != providerHost {
						t.Errorf("the provider got %s for %s", r.Proto, r.Host)
					}
				}
				seen := f.proxy.Requests()
				if len(seen) == 0 {
					t.Fatal("nothing went through the proxy")
				}
				for _, r := range seen {
					if want := (connectproxy.Request{Method: "CONNECT", Target: providerHost + ":443", Authorization: c.authorized, Status: 200}); r != want {
						t.Errorf("the proxy got %+v, want %+v", r, want)
					}
				}
				if want := "://" + f.proxy.Addr() + " (of "; !strings.Contains(u.Output(), want) {
					t.Errorf("%q is not said:\n%s", want, u.Output())
				}
			})
		}
	})
}

// NO_PROXY keeps a backend out of the proxy, and nothing else does.
func TestNoProxy(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for noProxy, tunnels := range map[string]bool{"": true, "other.example": true, ".localhost": false, "*": false} {
			t.Run("NO_PROXY="+noProxy, func(t *testing.T) {
				f := newOffice(t, version, connectproxy.Options{})
				_, port, _ := net.SplitHostPort(f.fake.Addr())
				config := fmt.Sprintf("backends: [{name: a, kind: ai_studio, url: 'https://direct.localhost:%s'}]\n%s", port, proxyAccount)
				u := f.up(config, "HTTPS_PROXY=http://"+f.proxy.Addr(), "NO_PROXY="+noProxy)
				f.fake.Enqueue(fakegemini.Text("hello"))
				if got := askUp(t, u, messages, turn(model, "hi", false)); got.Status != 200 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if n := len(f.proxy.Requests()); (n > 0) != tunnels {
					t.Errorf("%d tunnels", n)
				}
				if strings.Contains(u.Output(), "through the proxy") != tunnels {
					t.Errorf("%s", u.Output())
				}
			})
		}
	})
}

// A proxy that leads nowhere is named, to the client and in the log; no account
// is to blame, and another backend takes over.
func TestProxyFails(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for _, c := range []struct {
			name  string
			proxy connectproxy.Options
			down  bool
			words string // to the client
			envoy string // of Envoy, in heald's log
		}{
			{"down", connectproxy.Options{}, true, "could not be reached", "Connection_refused"},
			{"no login", connectproxy.Options{Authorization: proxyHeader}, false, "refused", "tunnel_response:407"},
			{"forbidden", connectproxy.Options{Status: 403}, false, "refused", "tunnel_response:403"},
			{"bad gateway", connectproxy.Options{Status: 502}, false, "refused", "tunnel_response:502"},
		} {
			t.Run(c.name, func(t *testing.T) {
				f := newOffice(t, version, c.proxy)
				if c.down {
					f.proxy.Close()
				}
				u := f.up(throughProxy + "policies: {default: {attempts: 2}}\n")
				eachAPI(func(_ *api, path, body string, _ bool) {
					got := askUp(t, u, path, body)
					if got.Status < 500 || !strings.Contains(got.Body, "the proxy "+f.proxy.Addr()) || !strings.Contains(got.Body, c.words) {
						t.Errorf("%s: %d %s", path, got.Status, got.Body)
					}
				})
				attempts := u.Log.Lines("attempt finished", "reason", heal.ReasonProxy)
				if len(attempts) == 0 || !strings.Contains(attempts[0].Get("error"), f.proxy.Addr()) {
					t.Errorf("%v", attempts)
				}
				awaitEnvoyLine(t, u, "no tunnel from proxy-a", c.envoy)
				if n := len(f.fake.Requests()); n != 0 {
					t.Errorf("%d requests came through", n)
				}
			})
		}
	})
}

// awaitEnvoyLine waits for a line of Envoy's in heald's log.
func awaitEnvoyLine(t *testing.T, u *stack.Up, parts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for n := 1; ; n++ {
		lines, err := u.Log.Wait(ctx, n, "envoy")
		if err != nil {
			t.Errorf("no line with %q: %v", parts, err)
			return
		}
		if line := lines[n-1].Get("line"); !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			return
		}
	}
}

// Another backend, with a way of its own, takes over from a proxy that is down.
func TestProxyDownElsewhere(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		f := newOffice(t, version, connectproxy.Options{})
		f.proxy.Close()
		_, port, _ := net.SplitHostPort(f.fake.Addr())
		u := f.up(fmt.Sprintf(`backends:
- {name: a, kind: ai_studio, url: 'https://provider.example', proxy: 'http://PROXY'}
- {name: b, kind: ai_studio, url: 'https://direct.localhost:%s'}
accounts: [{backend: a, secret: {env: TEST_UP_KEY}}, {backend: b, secret: {env: TEST_UP_KEY}}]
`, port))
		f.fake.Enqueue(fakegemini.Text("hello"))
		got := askUp(t, u, messages, turn(model, "hi", false))
		if text, err := answerText(got, false); err != nil || text != "hello" || got.Header.Get("x-heald-backend") != "b" {
			t.Errorf("%q, %v: %s", text, err, got.Body)
		}
	})
}

// The rest of a broken answer is fetched through the proxy, too.
func TestProxyResumes(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		f := newOffice(t, version, connectproxy.Options{})
		u := f.up(throughProxy + "policies: {default: {resume: text}}\n")
		f.fake.Enqueue(fakegemini.Text(resumeBegin).NoFinish(), fakegemini.Text(resumeWords+resumeEnd))
		got := askUp(t, u, messages, turn(model, "hi", true))
		if text, err := answerText(got, true); err != nil || text != resumeWhole {
			t.Errorf("%q, %v", text, err)
		}
		if n := len(f.fake.Requests()); n != 2 {
			t.Errorf("%d requests", n)
		}
	})
}

// A backend without TLS, of a private network, is asked for in the same way.
func TestProxyToPlainText(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{"provider-key"}})
		proxy := connectproxy.Start(t, connectproxy.Options{Hosts: map[string]string{"provider.internal:80": fake.Addr()}})
		f := &office{t: t, version: version, ca: authority.New(t), fake: fake, proxy: proxy}
		u := f.up(strings.Replace(throughProxy, "https://provider.example", "http://provider.internal", 1))
		fake.Enqueue(fakegemini.Text("hello"))
		if got := askUp(t, u, messages, turn(model, "hi", false)); got.Status != 200 || len(proxy.Requests()) != 1 {
			t.Errorf("%d %s, %d tunnels", got.Status, got.Body, len(proxy.Requests()))
		}
	})
}

// There, too, a proxy that refuses is named, and another backend takes over. The
// connection may have been an old one, so one attempt is forgiven.
func TestProxyRefusesPlainText(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{"provider-key"}})
		proxy := connectproxy.Start(t, connectproxy.Options{Status: 403})
		f := &office{t: t, version: version, ca: authority.New(t), fake: fake, proxy: proxy}
		u := f.up(fmt.Sprintf(`backends:
- {name: a, kind: ai_studio, url: 'http://provider.internal', proxy: 'http://PROXY'}
- {name: b, kind: ai_studio, url: 'http://%s'}
accounts: [{backend: a, secret: {env: TEST_UP_KEY}}, {backend: b, secret: {env: TEST_UP_KEY}}]
policies: {default: {attempts: 2}}
`, fake.Addr()))
		fake.Enqueue(fakegemini.Text("hello"))
		if got := askUp(t, u, messages, turn(model, "hi", false)); got.Status != 200 || got.Header.Get("x-heald-backend") != "b" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		want := []string{heal.ReasonStale, heal.ReasonProxy, heal.ReasonOK}
		var reasons []string
		eventually(t, fmt.Sprintf("the reasons %v", want), func() bool { // the last line comes after the answer
			reasons = nil
			for _, line := range u.Log.Lines("attempt finished") {
				reasons = append(reasons, line.Get("reason"))
			}
			return len(reasons) >= len(want)
		})
		if !slices.Equal(reasons, want) {
			t.Errorf("%v, want %v", reasons, want)
		}
	})
}
