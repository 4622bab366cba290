package mesh

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// given are parameters that every form takes.
func given(form string) Params {
	return Params{
		Envoy: bootstrap.Params{
			MaxBody: 20 << 20, Attempts: 7, Wait: 20 * time.Minute, Hop: "a secret of the tests",
			Backends: []bootstrap.Backend{{Name: "studio", URL: "https://studio.example"}, {Name: "plain", URL: "http://plain.example:8080"}, {Name: "second", URL: "https://studio.example"}},
		},
		Policies:  []Policy{{Name: "default", StoreMemory: true, OwnWait: true, RouteAuthority: true, Reserved: deadStatus}},
		Form:      form,
		Namespace: "ns", Host: "llm.ns.example", Selector: map[string]string{"app": "gw"}, HealdTLS: Plain, Port: 80, PodPort: 8080, Class: "eg",
	}
}

// render renders the form and reads it again.
func render(t *testing.T, p Params) (all string, objects []*yaml.Node) {
	t.Helper()
	m, err := renderer(p.Form)(p)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
			return string(text), objects
		} else if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, doc.Content[0])
	}
}

func renderer(form string) func(Params) (*Manifests, error) {
	if slices.Contains([]string{PortableForm, PatchedForm}, form) {
		return Gateway
	}
	return Istio
}

var forms = []string{GatewayForm, SidecarForm, PortableForm, PatchedForm}

// What heald.yaml says is in every form, at both hops.
func TestRenderTakesFromHeald(t *testing.T) {
	wants := map[string][]string{
		GatewayForm:  {"request_body_buffer_limit: 20971520", "attempts: 8", "message_timeout: 1260s", "idle_timeout: 1260s", "x-heald-hop: a secret of the tests"},
		SidecarForm:  {"request_body_buffer_limit: 20971520", "attempts: 8", "message_timeout: 1260s", "idle_timeout: 1260s", "x-heald-hop: a secret of the tests"},
		PortableForm: {"requestBuffer: {limit: 20Mi}", "numRetries: 8", "messageTimeout: 1260s", "streamIdleTimeout: 1260s", "{name: x-heald-hop, value: a secret of the tests}"},
		PatchedForm:  {"requestBuffer: {limit: 20Mi}", "numRetries: 8", "messageTimeout: 1260s", "streamIdleTimeout: 1260s", "{name: x-heald-hop, value: a secret of the tests}"},
	}
	for _, form := range forms {
		text, _ := render(t, given(form))
		text = strings.ReplaceAll(text, `"`, "") // numbers of 64 bits are text in JSON
		for i, want := range wants[form] {
			n := strings.Count(text, want)
			if both := i == 0; n == 0 || both && n != 2 {
				t.Errorf("%s: %q %d times", form, want, n)
			}
		}
		for _, host := range []string{"studio.example", "plain.example"} {
			if !strings.Contains(text, host) {
				t.Errorf("%s: no %s", form, host)
			}
		}
	}
}

// Every object has an identity of its own, comments fit a screen, and there is
// no empty document, which egctl refuses.
func TestRenderReadable(t *testing.T) {
	for _, form := range forms {
		text, objects := render(t, given(form))
		seen := map[string]bool{}
		for _, o := range objects {
			id := identity(o)
			if seen[id] || child(o, "spec") == nil || text == "" {
				t.Errorf("%s: %s twice, or empty", form, id)
			}
			seen[id] = true
		}
		for line := range strings.SplitSeq(text, "\n") {
			if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "#") && len(line) > 100 {
				t.Errorf("%s: %d columns: %s", form, len(line), line)
			}
		}
	}
}

// A provider's route leads to it alone, and certificates are checked.
func TestRenderProviders(t *testing.T) {
	_, objects := render(t, given(GatewayForm))
	entries, rules := 0, 0
	for _, o := range objects {
		switch text(o, "kind") {
		case "ServiceEntry":
			entries++
		case "DestinationRule":
			tls := at(o, "spec", "trafficPolicy", "tls")
			if text(o, "spec", "host") == "studio.example" {
				rules++
				if text(tls, "caCertificates") != "system" || text(tls, "subjectAltNames", "0") != "studio.example" {
					t.Errorf("studio: certificates are not checked")
				}
			}
			if text(o, "spec", "host") == "plain.example" && tls != nil {
				t.Error("plain: TLS")
			}
		case "VirtualService":
			if text(o, "metadata", "name") != innerName {
				continue
			}
			for _, r := range at(o, "spec", "http").Content {
				cluster := text(r, "match", "0", "headers", "x-heald-cluster", "exact")
				host := text(r, "route", "0", "destination", "host")
				want := map[string]string{"studio": "studio.example", "second": "studio.example", "plain": "plain.example", "": "studio.example"}[cluster]
				if host != want {
					t.Errorf("%q leads to %s", cluster, host)
				}
				if cluster == "" && at(r, "match", "0", "withoutHeaders", "x-heald-cluster") == nil {
					t.Error("a name that no route has would lead to a provider")
				}
			}
		}
	}
	if entries != 3 || rules != 1 { // studio and second share theirs; the third is the inner hop
		t.Errorf("%d ServiceEntries, %d rules of studio.example", entries, rules)
	}
}

// Lua carries memory only where a policy does not keep it in the store.
func TestRenderMemory(t *testing.T) {
	for _, form := range []string{GatewayForm, SidecarForm, PatchedForm} {
		p := given(form)
		if text, _ := render(t, p); strings.Contains(text, "heald.memory") {
			t.Errorf("%s: Lua memory beside the store's", form)
		}
		p.Policies = append(p.Policies, Policy{Name: "lua", RouteAuthority: true})
		if text, _ := render(t, p); strings.Count(text, "name: heald.memory") != 1 || !strings.Contains(text, "upstream_codec") {
			t.Errorf("%s: no Lua memory", form)
		}
	}
}

// What a form cannot do for heald.yaml is an error that names the place.
func TestRenderRefuses(t *testing.T) {
	for _, c := range []struct {
		name, form string
		change     func(*Params)
		want       string
	}{
		{"form", "other", func(*Params) {}, `--form: "other"`},
		{"memory", PortableForm, func(p *Params) { p.Policies[0].StoreMemory = false }, "policies.default: the portable form carries no memory between attempts; add `memory: store`"},
		{"wait", PortableForm, func(p *Params) { p.Policies[0].OwnWait = false }, "wait: heald"},
		{"authority", PatchedForm, func(p *Params) { p.Policies[0].RouteAuthority = false }, "authority: route"},
		{"statuses", PortableForm, func(p *Params) { p.Policies[0].Reserved = []int{502, 503} }, "reserved_status: [502, 503, 504, 507]"},
		{"hedge", PortableForm, func(p *Params) { p.Envoy.Hedge = true }, "policies: hedge"},
		{"mesh", PortableForm, func(p *Params) { p.HealdTLS = Mesh }, "--heald-tls"},
		{"certificate", SidecarForm, func(p *Params) { p.HealdTLS = TLS }, "--heald-tls"},
		{"headless", GatewayForm, func(p *Params) { p.Heald = "heald-headless.heald.svc:9000" }, "--heald"},
		{"no labels", GatewayForm, func(p *Params) { p.Selector = nil }, "--selector"},
		{"team in sidecars", SidecarForm, func(p *Params) { p.Team = "search" }, "--team"},
		{"resume", GatewayForm, func(p *Params) { p.Envoy.Resume = "unix:///run/heald/resume.sock" }, "resume_via"},
		{"proxy", GatewayForm, func(p *Params) { p.Envoy.Backends[0].Proxy = "http://proxy.example:3128" }, "backends[0].proxy"},
		{"name", GatewayForm, func(p *Params) { p.Envoy.Backends[1].Name = "A_B" }, "backends[1].name"},
		{"address", GatewayForm, func(p *Params) { p.Envoy.Backends[0].URL = "https://192.0.2.1" }, "backends[0].url"},
		{"taken", GatewayForm, func(p *Params) { p.Envoy.Backends[0].Name = innerName }, "choose another name"},
		{"host", GatewayForm, func(p *Params) { p.Host = "*" }, "--host"},
		{"port", GatewayForm, func(p *Params) { p.PodPort = innerPort }, "--port"},
		{"label", GatewayForm, func(p *Params) { p.Selector["a b"] = "c" }, "--selector"},
		{"heald", GatewayForm, func(p *Params) { p.Heald = "heald" }, "--heald"},
		{"policy", GatewayForm, func(p *Params) { p.Envoy.Policy = "other" }, "--policy"},
	} {
		p := given(c.form)
		c.change(&p)
		if _, err := renderer(c.form)(p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A team has what is its own, and nothing that all share.
func TestRenderTeam(t *testing.T) {
	for _, form := range []string{GatewayForm, PortableForm} {
		_, shared := render(t, given(form))
		p := given(form)
		p.Team, p.Host = "search", "search.example"
		_, own := render(t, p)
		if len(own) == 0 {
			t.Errorf("%s: nothing", form)
		}
		for _, o := range own {
			if slices.ContainsFunc(shared, func(s *yaml.Node) bool { return identity(s) == identity(o) }) {
				t.Errorf("%s: %s is there for all, too", form, identity(o))
			}
		}
	}
}
