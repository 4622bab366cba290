package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
)

// A page that somebody visits must not spend the owner's quota.
func TestBrowsers(t *testing.T) {
	listed := Browsers{Origins: []string{"https://chat.example.com", "chrome-extension://abc"}}
	for _, c := range []struct {
		name     string
		browsers Browsers
		headers  []string
		refused  bool
	}{
		{name: "curl, SDKs, Claude Code"},
		{name: "Node's fetch", headers: []string{"sec-fetch-mode", "cors"}},
		{name: "foreign page", headers: []string{"origin", "https://evil.example"}, refused: true},
		{name: "foreign page, fetch metadata alone", headers: []string{"sec-fetch-site", "cross-site"}, refused: true},
		{name: "sibling page", headers: []string{"sec-fetch-site", "same-site"}, refused: true},
		{name: "in another case", headers: []string{"sec-fetch-site", "Cross-Site"}, refused: true},
		{name: "address bar", headers: []string{"sec-fetch-site", "none"}},
		{name: "sandboxed frame", headers: []string{"origin", "null"}, refused: true},
		{name: "empty", headers: []string{"origin", ""}, refused: true},
		{name: "no URL", headers: []string{"origin", "http://[::1"}, refused: true},
		{name: "localhost", headers: []string{"origin", "http://localhost:3000", "sec-fetch-site", "cross-site"}},
		{name: "127.0.0.1", headers: []string{"origin", "http://127.0.0.1:8080"}},
		{name: "127.9.9.9", headers: []string{"origin", "https://127.9.9.9"}},
		{name: "::1", headers: []string{"origin", "http://[::1]:3000"}},
		{name: "below localhost", headers: []string{"origin", "http://tauri.localhost"}},
		{name: "a container's name of this machine", headers: []string{"origin", "http://host.docker.internal:3000"}},
		{name: "begins like that", headers: []string{"origin", "http://host.docker.internal.evil.example"}, refused: true},
		{name: "begins like localhost", headers: []string{"origin", "http://localhost.evil.example"}, refused: true},
		{name: "ends like localhost", headers: []string{"origin", "http://evillocalhost"}, refused: true},
		{name: "begins like 127.0.0.1", headers: []string{"origin", "http://127.0.0.1.evil.example"}, refused: true},
		{name: "user that looks like localhost", headers: []string{"origin", "http://localhost@evil.example"}, refused: true},
		{name: "address of the network", headers: []string{"origin", "http://192.168.1.5:3000"}, refused: true},
		{name: "rebound name, same-origin to the browser", headers: []string{"origin", "http://evil.example:10000", "sec-fetch-site", "same-origin"}, refused: true},
		{name: "VS Code", headers: []string{"origin", "vscode-file://vscode-app"}},
		{name: "VS Code's web view", headers: []string{"origin", "vscode-webview://1f8q7s"}},
		{name: "Tauri", headers: []string{"origin", "tauri://localhost"}},
		{name: "Electron", headers: []string{"origin", "file://"}},
		{name: "Obsidian", headers: []string{"origin", "app://obsidian.md"}},
		{name: "no scheme of an application", headers: []string{"origin", "app:evil"}, refused: true},
		{name: "extension", headers: []string{"origin", "chrome-extension://abc"}, refused: true},
		{name: "extension, listed", browsers: listed, headers: []string{"origin", "chrome-extension://abc"}},
		{name: "listed", browsers: listed, headers: []string{"origin", "https://chat.example.com", "sec-fetch-site", "cross-site"}},
		{name: "listed, other scheme", browsers: listed, headers: []string{"origin", "http://chat.example.com"}, refused: true},
		{name: "listed, other port", browsers: listed, headers: []string{"origin", "https://chat.example.com:8443"}, refused: true},
		{name: "two, one of them foreign", browsers: listed, headers: []string{"origin", "https://chat.example.com", "origin", "https://evil.example"}, refused: true},
		{name: "all", browsers: Browsers{Origins: []string{"*"}}, headers: []string{"origin", "null", "sec-fetch-site", "cross-site"}},
	} {
		for _, api := range apis {
			r := newRig(t, func(cfg *Config) { cfg.Browsers = c.browsers })
			reply := r.headOnly(methodOf(api.path), api.path, c.headers...).RequestHeaders()
			if got := reply != nil && reply.Reason == heal.ReasonCrossSite; got != c.refused {
				t.Errorf("%s, %s: refused %v", c.name, api.name, got)
			}
			if c.refused {
				refusedAs(t, reply, 403, heal.ReasonCrossSite, "browsers.origins", "evil.example")
			}
		}
	}
}

// A name that somebody else owns may resolve to this machine.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		authority string
		browsers  Browsers
		refused   bool
	}{
		{authority: "gemini.example.com"},
		{authority: "gemini.example.com", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "127.0.0.1:10000", browsers: Browsers{LocalHosts: true}},
		{authority: "10.1.2.3:10000", browsers: Browsers{LocalHosts: true}},
		{authority: "[::1]:10000", browsers: Browsers{LocalHosts: true}},
		{authority: "[::1]", browsers: Browsers{LocalHosts: true}},
		{authority: "LocalHost:10000", browsers: Browsers{LocalHosts: true}},
		{authority: "localhost.", browsers: Browsers{LocalHosts: true}},
		{authority: "heald.localhost", browsers: Browsers{LocalHosts: true}},
		{authority: "host.docker.internal:10000", browsers: Browsers{LocalHosts: true}},
		{authority: "Gateway.Docker.Internal", browsers: Browsers{LocalHosts: true}},
		{authority: "host.containers.internal:10000", browsers: Browsers{Hosts: []string{"llm.example.com"}}},
		{authority: "evil.docker.internal:10000", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "x.host.docker.internal:10000", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "host.docker.internal.evil.example:10000", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "localhost.evil.example:10000", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "127.0.0.1.evil.example", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "2130706433", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "mybox:10000", browsers: Browsers{LocalHosts: true}}, // no page of the Internet is called so
		{authority: "heald", browsers: Browsers{Hosts: []string{"llm.example.com"}}},
		{authority: "", browsers: Browsers{LocalHosts: true}, refused: true},
		{authority: "llm.example.com", browsers: Browsers{Hosts: []string{"llm.example.com"}}},
		{authority: "evil.example", browsers: Browsers{Hosts: []string{"llm.example.com"}}, refused: true},
	} {
		for _, api := range apis {
			r := newRig(t, func(cfg *Config) { cfg.Browsers = c.browsers })
			a := r.headOnly(methodOf(api.path), api.path)
			a.in.Authority = c.authority
			reply := a.RequestHeaders()
			if got := reply != nil && reply.Reason == heal.ReasonForeignHost; got != c.refused {
				t.Errorf("%q, %s: refused %v", c.authority, api.name, got)
			}
			if c.refused {
				refusedAs(t, reply, 403, heal.ReasonForeignHost, "browsers.hosts", "evil.example")
			}
		}
	}
}

func TestBrowsersValidate(t *testing.T) {
	for _, c := range []struct{ browsers, want string }{
		{"https://chat.example.com/", "browsers.origins[0]"},
		{"chat.example.com", "browsers.origins[0]"},
		{"https://u:p@chat.example.com", "browsers.origins[0]"},
	} {
		_, err := New(Config{Browsers: Browsers{Origins: []string{c.browsers}}}, Deps{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.browsers, err)
		}
	}
	_, err := New(Config{Browsers: Browsers{Origins: []string{"*", "https://a.example:8443"}, Hosts: []string{"llm.example.com", "h:1", ""}}}, Deps{})
	for _, want := range []string{"browsers.hosts[1]", "browsers.hosts[2]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
}
