package mesh

import (
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Logs and error texts are chosen by the host as Envoy chooses virtual hosts: in
// whatever case, and the whole name.
func TestRenderHostInLogs(t *testing.T) {
	_, objects := render(t, given(GatewayForm))
	expressions := 0
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if e := text(n, "expression"); strings.Contains(e, "request.host") {
			expressions++
			pattern := e[strings.Index(e, "('")+2:]
			re := regexp.MustCompile(pattern[:strings.Index(pattern, "')")])
			for host, want := range map[string]bool{"llm.ns.svc.example": true, "LLM.ns.svc.Example:8080": true, "llm.ns.svc.example.": true, "llm.ns.svc.example.au": false, "llmxns.svc.example": false} {
				if re.MatchString(host) != want {
					t.Errorf("%s: %s is %v", e, host, !want)
				}
			}
		}
		for _, x := range n.Content {
			walk(x)
		}
	}
	for _, o := range objects {
		walk(o)
	}
	if expressions < 3 {
		t.Errorf("%d expressions", expressions)
	}
}

// A Telemetry names the provider of the mesh's log, without which Istio ignores
// its filter, and leaves out requests to heald by every name that clients use.
func TestRenderTelemetry(t *testing.T) {
	for _, c := range []struct {
		form     string
		out, in  []string // hosts of requests that are not in the log, that are
		selector bool
	}{
		{GatewayForm, []string{"llm.ns.svc.example", "LLM.ns.svc.example.:443", "team-2.example"}, []string{"llm", "other.example", "llm-ns.svc.example", "llm.ns.svc.example.org"}, true},
		{SidecarForm, []string{"llm", "llm.ns", "llm.ns.svc", "llm.ns.svc.example", "Llm.ns:80"}, []string{"llm.other", "llms", "other.ns.svc.example", "ns.svc.example"}, true},
		{SidecarForm, []string{"llm"}, []string{"llm.other"}, false},
	} {
		p := given(c.form)
		if !c.selector {
			p.Selector = nil
		}
		if c.form == GatewayForm {
			p.TeamHosts = []string{"team-1.example", "team-2.example"}
		}
		n := 0
		_, objects := render(t, p)
		for _, o := range objects {
			if text(o, "kind") != "Telemetry" {
				continue
			}
			n++
			if name := text(o, "spec", "accessLogging", "0", "providers", "0", "name"); name != p.AccessLog {
				t.Errorf("%s: provider %q, want %q", c.form, name, p.AccessLog)
			}
			if got := at(o, "spec", "selector") != nil; got != c.selector {
				t.Errorf("%s: it has a selector: %t", c.form, got)
			}
			expression := text(o, "spec", "accessLogging", "0", "filter", "expression")
			_, rest, _ := strings.Cut(expression, "!request.host.matches('")
			pattern, rest, _ := strings.Cut(rest, "')")
			if (rest == " && destination.port != 18081") != (c.form == GatewayForm) {
				t.Errorf("%s: %s", c.form, expression)
			}
			host := regexp.MustCompile(pattern)
			for _, h := range c.out {
				if !host.MatchString(h) {
					t.Errorf("%s: requests to %s are in the log", c.form, h)
				}
			}
			for _, h := range c.in {
				if host.MatchString(h) {
					t.Errorf("%s: requests to %s are not in the log", c.form, h)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s: %d Telemetry objects, want 1", c.form, n)
		}
		p.AccessLog, p.TeamHosts = NoAccessLog, nil
		if text, _ := render(t, p); strings.Contains(text, "kind: Telemetry") {
			t.Errorf("%s: a Telemetry for a mesh without a log", c.form)
		}
		p.AccessLog = ""
		if _, err := renderer(c.form)(p); err == nil || !strings.Contains(err.Error(), "--access-log") {
			t.Errorf("%s: no provider is named: %v", c.form, err)
		}
	}
}
