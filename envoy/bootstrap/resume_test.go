package bootstrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy"
	"github.com/heald-proxy/heald/policies"
)

const resumeHop = "a secret of the hop"

func renderText(t *testing.T, p Params) string {
	t.Helper()
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

func TestRenderResume(t *testing.T) {
	backends := []Backend{{Name: "studio", URL: "http://127.0.0.1:1"}, {Name: "vertex", URL: "http://127.0.0.1:2"}}
	for _, p := range []Params{
		{Resume: "127.0.0.1:10001", Hop: resumeHop},
		{Resume: "[::1]:0", Hop: resumeHop, Backends: backends},
		{Resume: "unix:///run/envoy-resume.sock"},
		{Resume: "unix:///run/envoy-resume.sock", Backends: backends},
	} {
		text := renderText(t, p)
		accept(t, []byte(text))
		clusters := []string{"ai-studio"}
		if p.Backends != nil {
			clusters = []string{"studio", "vertex"}
		}
		for _, problem := range checkText(t, text, Want{Resume: p.Resume, Hop: p.Hop, Backends: clusters}) {
			t.Errorf("%s: %s", p.Resume, problem)
		}
		if n := strings.Count(text, "cluster_header: x-heald-cluster"); n != 1 {
			t.Errorf("%s: %d routes by x-heald-cluster, want the inner one alone:\n%s", p.Resume, n, text)
		}
		for _, cluster := range clusters {
			if n := strings.Count(text, "exact: "+cluster+"\n"); n != 1 {
				t.Errorf("%s: %d routes for %s, want 1", p.Resume, n, cluster)
			}
		}
		if strings.HasPrefix(p.Resume, "unix:") && !strings.Contains(text, "mode: 384") {
			t.Errorf("others may use the socket:\n%s", text)
		}
	}
}

func TestRenderResumeErrors(t *testing.T) {
	for _, p := range []Params{{Resume: "envoy.example:10001", Hop: resumeHop}, {Resume: "127.0.0.1:10001"}} {
		if _, err := Render(p); err == nil {
			t.Errorf("%s was taken", p.Resume)
		}
	}
}

// Both files together, as one copies them, are as heald wants them.
func TestCheckResumeFile(t *testing.T) {
	_, listeners, _ := strings.Cut(string(envoy.Resume), "  listeners:\n")
	text := strings.Replace(string(envoy.Config), "  listeners:\n", "  listeners:\n"+listeners, 1)
	for _, p := range checkText(t, text, Want{Resume: "unix:///run/heald/resume.sock", Backends: []string{"ai-studio"}}) {
		t.Error(p)
	}
	accept(t, []byte(text))
}

func TestCheckResume(t *testing.T) {
	const (
		listener = "static_resources.listeners[resume]"
		config   = listener + ".filter_chains[0].filters[envoy.filters.network.http_connection_manager].typed_config.route_config"
		host     = config + ".virtual_hosts[llm]"
		route    = host + ".routes[ai-studio]"
		port     = "127.0.0.1:10001"
		socket   = "unix:///run/resume.sock"
	)
	// edit changes the first old after the listener's name.
	edit := func(text, old, new string) string {
		t.Helper()
		before, after, _ := strings.Cut(text, "name: resume\n")
		if !strings.Contains(after, old) {
			t.Fatalf("no %q", old)
		}
		return before + "name: resume\n" + strings.Replace(after, old, new, 1)
	}
	onPort := renderText(t, Params{Resume: port, Hop: resumeHop})
	onSocket := renderText(t, Params{Resume: socket})
	hopless := edit(edit(onPort, "name: "+policies.HeaderHop, "name: accept"), "exact: "+resumeHop, "prefix: a")
	for _, c := range []struct {
		name, text string
		want       Want
		paths      []string
	}{
		{"no policy resumes: a way past heald", onSocket, Want{}, []string{route + ".route.cluster"}},
		{"another port", onPort, Want{Resume: "127.0.0.1:10002", Hop: resumeHop}, []string{route + ".route.cluster", "static_resources.listeners"}},
		{"another socket", onSocket, Want{Resume: "unix:///b"}, []string{route + ".route.cluster", "static_resources.listeners"}},
		{"missing", renderText(t, Params{}), Want{Resume: socket}, []string{"static_resources.listeners"}},
		{"open to all", edit(onPort, "127.0.0.1", "0.0.0.0"), Want{Resume: port, Hop: resumeHop}, []string{listener + ".address"}},
		{"a socket for everybody", edit(onSocket, "mode: 384", "mode: 438"), Want{Resume: socket}, []string{listener + ".address.pipe.mode"}},
		{"a port without a secret", hopless, Want{Resume: port}, []string{listener + ".address"}},
		{"secret not asked for", hopless, Want{Resume: port, Hop: resumeHop}, []string{listener + ".address", route + ".match.headers"}},
		{"another secret", edit(onPort, "exact: "+resumeHop, "exact: other"), Want{Resume: port, Hop: resumeHop}, []string{route + ".match.headers"}},
		{"every cluster", edit(onSocket, "cluster: ai-studio", "cluster_header: x-heald-cluster"), Want{Resume: socket}, []string{route + ".route.cluster_header"}},
		{"whatever the cluster", edit(onSocket, "name: x-heald-cluster", "name: x-other"), Want{Resume: socket}, []string{route + ".match.headers"}},
		{"backend without a route", onSocket, Want{Resume: socket, Backends: []string{"ai-studio", "vertex"}}, []string{"static_resources.clusters[vertex]", config}},
		{"headers of the gateway's", edit(onSocket, "- x-heald-policy", "- x-other"), Want{Resume: socket}, []string{host + ".request_headers_to_remove"}},
		{"timeout", edit(onSocket, "timeout: 0s", "timeout: 5s"), Want{Resume: socket}, []string{route + ".route.timeout"}},
		{"no own connection", edit(onSocket, "factory_key: envoy.hashable_string", "factory_key: envoy.string"), Want{Resume: socket}, []string{strings.TrimSuffix(config, ".route_config") + ".http_filters"}},
		{"lists: another path", edit(onSocket, "prefix: /", "path: /v1beta/other"), Want{Resume: socket, Backends: []string{"ai-studio"}}, []string{config}},
		{"lists: answers alone", edit(onSocket, "prefix: /", "safe_regex: {regex: '/.*:(streamG|g)enerateContent'}"), Want{Resume: socket, Backends: []string{"ai-studio"}}, []string{config}},
		{"lists: named too", edit(onSocket, "prefix: /", "safe_regex: {regex: '/.*:streamGenerateContent|/v1beta/models'}"), Want{Resume: socket, Backends: []string{"ai-studio"}}, nil},
		{"lists: another method", edit(onSocket, "- name: x-heald-cluster\n", "- {name: ':method', string_match: {exact: POST}}\n"+strings.Repeat(" ", 30)+"- name: x-heald-cluster\n"), Want{Resume: socket, Backends: []string{"ai-studio"}}, []string{config}},
		{"by name", onPort, Want{Resume: "envoy.example:10001", Hop: resumeHop}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var paths []string
			for _, p := range checkText(t, c.text, c.want) {
				paths = append(paths, p.Path)
				if strings.Contains(p.String(), resumeHop) {
					t.Errorf("shows the secret: %s", p)
				}
			}
			for i := range c.paths {
				c.paths[i] = short.Replace(c.paths[i])
			}
			if !slices.Equal(paths, c.paths) {
				t.Errorf("got %q, want %q", paths, c.paths)
			}
		})
	}
}
