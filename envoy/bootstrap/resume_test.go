package bootstrap

import (
	"slices"
	"strings"
	"testing"
)

func TestRenderResume(t *testing.T) {
	for _, address := range []string{"127.0.0.1:10001", "[::1]:0", "unix:///run/envoy-resume.sock"} {
		b, err := Render(Params{Resume: address})
		if err != nil {
			t.Fatal(err)
		}
		text, err := YAML(b)
		if err != nil {
			t.Fatal(err)
		}
		accept(t, text)
		for _, p := range Check(b, Want{Resume: address, Backends: []string{"ai-studio"}}) {
			t.Errorf("%s: %s", address, p)
		}
		if n := strings.Count(string(text), "cluster_header: x-heald-cluster"); n != 2 {
			t.Errorf("%s: %d routes by x-heald-cluster, want 2:\n%s", address, n, text)
		}
		if strings.HasPrefix(address, "unix:") && !strings.Contains(string(text), "mode: 384") {
			t.Errorf("others may use the socket:\n%s", text)
		}
	}
	if _, err := Render(Params{Resume: "envoy.example:10001"}); err == nil {
		t.Error("Envoy would listen on a name")
	}
}

func TestCheckResume(t *testing.T) {
	render := func(address string) string {
		b, err := Render(Params{Resume: address})
		if err != nil {
			t.Fatal(err)
		}
		text, err := YAML(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const route = "static_resources.listeners[resume].filter_chains[0].filters[envoy.filters.network.http_connection_manager].typed_config.route_config.virtual_hosts[llm].routes[provider].route."
	timed := render("127.0.0.1:10001")
	last := strings.LastIndex(timed, "cluster_header:")
	timed = timed[:last] + strings.Replace(timed[last:], "timeout: 0s", "timeout: 5s", 1)
	for _, c := range []struct {
		name, text string
		want       string // Want.Resume
		paths      []string
	}{
		{"no policy resumes: a way past heald", render("127.0.0.1:10001"), "", []string{route + "cluster_header"}},
		{"another port", render("127.0.0.1:10001"), "127.0.0.1:10002", []string{route + "cluster_header", "static_resources.listeners"}},
		{"another socket", render("unix:///a"), "unix:///b", []string{route + "cluster_header", "static_resources.listeners"}},
		{"missing", render(""), "127.0.0.1:10001", []string{"static_resources.listeners"}},
		{"open to all", render("0.0.0.0:10001"), "127.0.0.1:10001", []string{"static_resources.listeners[resume].address"}},
		{"timeout", timed, "127.0.0.1:10001", []string{route + "timeout"}},
		{"by name", render("127.0.0.1:10001"), "envoy.example:10001", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var paths []string
			for _, p := range checkText(t, c.text, Want{Resume: c.want}) {
				paths = append(paths, p.Path)
			}
			if !slices.Equal(paths, c.paths) {
				t.Errorf("got %q, want %q", paths, c.paths)
			}
		})
	}
}
