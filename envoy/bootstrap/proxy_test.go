package bootstrap

import (
	"slices"
	"strings"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"google.golang.org/protobuf/proto"

	"github.com/heald-proxy/heald/envoy"
)

// proxied is a configuration whose providers are behind proxies.
func proxied(t *testing.T, change func(*Params)) string {
	t.Helper()
	p := Params{Backends: []Backend{
		{Name: "ai-studio", URL: "https://generativelanguage.googleapis.com", Proxy: "http://proxy.example:3128", ProxyAuth: "HEALD_PROXY_AUTHORIZATION"},
		{Name: "eu", URL: "https://europe-west4-aiplatform.googleapis.com:8443", Proxy: "https://[2001:db8::1]:8443"},
		{Name: "direct", URL: "https://provider.example"},
	}}
	if change != nil {
		change(&p)
	}
	b, err := Render(p)
	if err != nil {
		t.Fatal(err)
	}
	text, err := YAML(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ways is what heald.yaml says of them.
func ways() Want {
	return Want{Backends: []string{"ai-studio", "eu", "direct"},
		Proxies: map[string]string{"ai-studio": "proxy.example:3128", "eu": "[2001:db8::1]:8443"}}
}

func TestRenderProxies(t *testing.T) {
	text := proxied(t, func(p *Params) { p.CAFile = "/etc/ssl/certs/ca-certificates.crt"; p.BufferLimit = 12345 })
	for part, n := range map[string]int{
		"hostname: generativelanguage.googleapis.com:443":          1,
		"hostname: europe-west4-aiplatform.googleapis.com:8443":    1,
		"value: '%ENVIRONMENT(HEALD_PROXY_AUTHORIZATION)%'":        1,
		"server_listener_name: tunnel-eu":                          1,
		"address: proxy.example":                                   1,
		"exact: 2001:db8::1":                                       1, // TLS with the proxy
		"address: generativelanguage.googleapis.com":               0, // which only the proxy resolves
		"sni: generativelanguage.googleapis.com":                   1,
		"per_connection_buffer_limit_bytes: 65536":                 0,
		"name: proxy-direct":                                       0,
		"no tunnel from %UPSTREAM_CLUSTER%":                        2,
		"filename: /etc/ssl/certs/ca-certificates.crt":             4,
		"ignore_global_conn_limit: true\n":                         3, // of inner and two tunnels
		"connect_timeout: 10s":                                     2,
		"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n": 2,
	} {
		if got := strings.Count(text, part); got != n {
			t.Errorf("%q is there %d times, not %d", part, got, n)
		}
	}
	for _, p := range checkText(t, text, ways()) {
		t.Error(p)
	}
	accept(t, []byte(text))
}

// proxy.yaml is what is rendered for the backend and the proxy that it names,
// so that the tests of one are those of the other.
func TestRenderProxySnippet(t *testing.T) {
	want, err := Parse(envoy.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Render(Params{AccessLog: true, Backends: []Backend{{Name: "ai-studio", URL: "https://generativelanguage.googleapis.com", Proxy: "http://proxy.example:3128"}}})
	if err != nil {
		t.Fatal(err)
	}
	listener, cluster := want.GetStaticResources().GetListeners()[0], want.GetStaticResources().GetClusters()[0]
	if !slices.ContainsFunc(got.GetStaticResources().GetListeners(), func(l *listenerv3.Listener) bool { return proto.Equal(l, listener) }) ||
		!slices.ContainsFunc(got.GetStaticResources().GetClusters(), func(c *clusterv3.Cluster) bool { return proto.Equal(c, cluster) }) {
		t.Errorf("another is rendered: %v", got.GetStaticResources())
	}
}

func TestRenderProxyErrors(t *testing.T) {
	for want, b := range map[string]Backend{
		"backends[1].proxy: no port":                              {Name: "a", URL: "https://a", Proxy: "http://proxy.example"},
		"want https://host":                                       {Name: "a", URL: "https://a", Proxy: "socks5://proxy.example:1080"},
		"credentials belong in heald.yaml":                        {Name: "a", URL: "https://a", Proxy: "http://u:secret@proxy.example:3128"},
		"is no name of a variable":                                {Name: "a", URL: "https://a", Proxy: "http://proxy.example:3128", ProxyAuth: "A)%%REQ(x"},
		`backends[1].name: "proxy-b" is the cluster of b's proxy`: {Name: "proxy-b", URL: "https://a"},
	} {
		_, err := Render(Params{Backends: []Backend{{Name: "b", URL: "https://b", Proxy: "http://proxy.example:1"}, b}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestCheckProxies(t *testing.T) {
	const (
		studio = "static_resources.clusters[ai-studio].load_assignment"
		proxy  = "static_resources.clusters[proxy-ai-studio].load_assignment"
		filter = "static_resources.listeners[tunnel-ai-studio].filter_chains[0].filters[envoy.filters.network.tcp_proxy].typed_config"
	)
	for _, c := range []struct {
		name  string
		edits []edit
		want  func(*Want)
		path  string
		note  bool
	}{
		{name: "direct", path: "static_resources.clusters[direct].load_assignment", want: func(w *Want) { w.Proxies["direct"] = "proxy.example:3128" }},
		{name: "another proxy", path: proxy, want: func(w *Want) { w.Proxies["ai-studio"] = "other.example:3128" }},
		{name: "another port", path: proxy, want: func(w *Want) { w.Proxies["ai-studio"] = "proxy.example:8080" }},
		{name: "not said", path: proxy, note: true, want: func(w *Want) { delete(w.Proxies, "ai-studio") }},
		{name: "no port", path: filter + ".tunneling_config.hostname", edits: []edit{{"googleapis.com:443\n", "googleapis.com\n"}}},
		{name: "no such listener", path: studio, edits: []edit{{"server_listener_name: tunnel-ai-studio", "server_listener_name: elsewhere"}}},
		{name: "another listener", path: studio, edits: []edit{{"server_listener_name: tunnel-ai-studio", "server_listener_name: inner"}}},
		{name: "another host", path: filter + ".tunneling_config.hostname", note: true, edits: []edit{{"hostname: generativelanguage.googleapis.com:443", "hostname: aiplatform.googleapis.com:443"}}},
		{name: "login in plain text", path: filter + ".tunneling_config.headers_to_add[0]", note: true, edits: []edit{{"'%ENVIRONMENT(HEALD_PROXY_AUTHORIZATION)%'", "Basic dTpw"}}},
		{name: "no cluster", path: filter + ".cluster", edits: []edit{{"cluster: proxy-ai-studio", "cluster: elsewhere"}}},
		{name: "provider straight", path: filter + ".cluster", edits: []edit{{"cluster: proxy-ai-studio", "cluster: eu"}}},
		{name: "no name in TLS", path: "static_resources.clusters[ai-studio].transport_socket.typed_config.sni", edits: []edit{{"sni: generativelanguage.googleapis.com", "sni: ''"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, want := proxied(t, nil), ways()
			if c.want != nil {
				c.want(&want)
			}
			found := checkText(t, apply(t, text, c.edits), want)
			for _, p := range found {
				if p.Path == c.path && p.Note == c.note {
					return
				}
			}
			t.Errorf("nothing at %s: %v\n%s", c.path, found, text)
		})
	}
}

// Nothing is known of proxies where heald.yaml could not be read.
func TestCheckProxiesUnknown(t *testing.T) {
	for _, p := range checkText(t, proxied(t, nil), Want{}) {
		t.Error(p)
	}
}

// A tunnel that others enter is their way to the provider.
func TestCheckOpenTunnel(t *testing.T) {
	b, err := Parse([]byte(proxied(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range b.GetStaticResources().GetListeners() {
		if l.GetName() == tunnelName("eu") {
			l.ListenerSpecifier = nil
			l.Address = address{host: "127.0.0.1", port: 1}.proto()
		}
	}
	for _, p := range Check(b, ways()) {
		if strings.HasSuffix(p.Path, "[tunnel-eu].filter_chains[0].filters[envoy.filters.network.tcp_proxy].typed_config.tunneling_config") && strings.Contains(p.Problem, "for everybody") {
			return
		}
	}
	t.Error("nothing is said of it")
}
