package mesh

import (
	"bytes"
	"errors"
	"fmt"
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
	p := Params{
		Envoy: bootstrap.Params{
			MaxBody: 20 << 20, Attempts: 7, Wait: 20 * time.Minute, Hop: "a secret of the tests",
			Backends: []bootstrap.Backend{{Name: "studio", URL: "https://studio.example"}, {Name: "plain", URL: "http://plain.example:8080"}, {Name: "second", URL: "https://studio.example"}},
		},
		Policies:  []Policy{{Name: "default", StoreMemory: true, OwnWait: true, RouteAuthority: true, Reserved: deadStatus}},
		Form:      form,
		Namespace: "ns", Host: "llm.ns.svc.example", Selector: map[string]string{"app": "gw"}, HealdTLS: Plain, AccessLog: "mesh-log", Port: 80, PodPort: 8080, HealdPod: 9000, Class: "eg",
	}
	if slices.Contains(gatewayForms, form) {
		p.PodPort = p.Port
	}
	return p
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
	if slices.Contains(gatewayForms, form) {
		return Gateway
	}
	return Istio
}

var (
	gatewayForms = []string{PortableForm, PatchedForm}
	forms        = append([]string{GatewayForm, SidecarForm}, gatewayForms...)
)

// What heald.yaml says is in every form, at both hops.
func TestRenderTakesFromHeald(t *testing.T) {
	wants := map[string][]string{
		GatewayForm:  {"request_body_buffer_limit: 20971520", "attempts: 8", "message_timeout: 1260s", "idle_timeout: 1260s", "x-heald-hop: a secret of the tests"},
		SidecarForm:  {"request_body_buffer_limit: 20971520", "attempts: 8", "message_timeout: 1260s", "idle_timeout: 1260s", "x-heald-hop: a secret of the tests"},
		PortableForm: {"requestBuffer: {limit: 20Mi}", "numRetries: 10", "messageTimeout: 1260s", "streamIdleTimeout: 1260s", "{name: x-heald-hop, value: a secret of the tests}"},
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
				want := map[string]string{"studio": "studio.example", "second": "studio.example", "plain": "plain.example", "": nowhere}[cluster]
				if host != want {
					t.Errorf("%q leads to %s", cluster, host)
				}
				authority := map[string]string{"studio": "studio.example", "second": "studio.example", "plain": "plain.example:8080"}[cluster]
				if got := text(r, "rewrite", "authority"); got != authority {
					t.Errorf("%q is asked as %q, want %q", cluster, got, authority)
				}
				if cluster == "" && at(r, "match", "0", "withoutHeaders", "x-heald-cluster") == nil {
					t.Error("a name that no route has would lead to a provider")
				}
			}
		}
	}
	if entries != 4 || rules != 1 { // studio and second share theirs; the others are the inner hop and nowhere
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

// One number for both ports is one mistake.
func TestRenderRefusesOnce(t *testing.T) {
	p := given(GatewayForm)
	p.Port, p.PodPort = 0, 0
	if _, err := Istio(p); err == nil || strings.Count(err.Error(), "--port") != 1 {
		t.Error(err)
	}
}

// A heald elsewhere may be a host that Istio knows by a ServiceEntry.
func TestRenderHealdElsewhere(t *testing.T) {
	p := given(GatewayForm)
	p.Heald = "heald.example.com:9000"
	if text, _ := render(t, p); !strings.Contains(text, "outbound|9000||heald.example.com") {
		t.Error("another cluster")
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
		{"certificate for clients of sidecars", SidecarForm, func(p *Params) { p.TLSSecret = "secret" }, "--tls-secret"},
		{"another namespace's Service", SidecarForm, func(p *Params) { p.Host = "llm.other.svc.cluster.local" }, "--host: \"llm.other.svc.cluster.local\" is no Service of the namespace ns"},
		{"short name of a Service", SidecarForm, func(p *Params) { p.Host = "llm.ns" }, "--host"},
		{"port of Envoy Gateway's pods", PortableForm, func(p *Params) { p.PodPort = 8080 }, "--port"},
		{"class", PortableForm, func(p *Params) { p.Class = "" }, "--class"},
		{"heald is no Service", PortableForm, func(p *Params) { p.Heald = "heald.example.com:9000" }, "--heald: Envoy Gateway finds heald by its Service"},
		{"resume", GatewayForm, func(p *Params) { p.Envoy.Resume = "unix:///run/heald/resume.sock" }, "resume_via"},
		{"proxy", GatewayForm, func(p *Params) { p.Envoy.Backends[0].Proxy = "http://proxy.example:3128" }, "backends[0].proxy"},
		{"name", GatewayForm, func(p *Params) { p.Envoy.Backends[1].Name = "A_B" }, "backends[1].name"},
		{"address", GatewayForm, func(p *Params) { p.Envoy.Backends[0].URL = "https://192.0.2.1" }, "backends[0].url"},
		{"taken", GatewayForm, func(p *Params) { p.Envoy.Backends[0].Name = innerName }, "choose another name"},
		{"host", GatewayForm, func(p *Params) { p.Host = "*" }, "--host"},
		{"port", GatewayForm, func(p *Params) { p.PodPort = innerPort }, "--port"},
		{"label", GatewayForm, func(p *Params) { p.Selector["a b"] = "c" }, "--selector"},
		{"heald", GatewayForm, func(p *Params) { p.Heald = "heald" }, "--heald"},
		{"hop", PortableForm, func(p *Params) { p.Envoy.Hop = "" }, "hop_secret: heald.yaml has none"},
		{"too many", PatchedForm, func(p *Params) { p.Envoy.Backends = manyBackends(15) }, "backends: 15 of them, but an HTTPRoute has room for 14"},
		{"two ports", GatewayForm, func(p *Params) { p.Envoy.Backends[1].URL = "http://studio.example:8443" }, "backends[1].url: studio.example is also the host of backends[0]"},
		{"dot at the end", PortableForm, func(p *Params) { p.Envoy.Backends[0].URL = "https://h.example." }, "backends[0].url"},
		{"underscore", GatewayForm, func(p *Params) { p.Envoy.Backends[0].URL = "https://h_x.example" }, "backends[0].url"},
		{"heald's address", GatewayForm, func(p *Params) { p.Heald = "10.0.0.1:9000" }, "--heald"},
		{"heald's name", PortableForm, func(p *Params) { p.Heald = "Heald .x:9000" }, "--heald"},
		{"name of heald's objects", GatewayForm, func(p *Params) { p.Envoy.Backends[0].Name = "heald" }, "backends[0].name"},
		{"name of the inner hop", PortableForm, func(p *Params) { p.Envoy.Backends[0].Name = "inner" }, "backends[0].name"},
		{"policy", GatewayForm, func(p *Params) { p.Envoy.Policy = "other" }, "--policy"},
	} {
		p := given(c.form)
		c.change(&p)
		if _, err := renderer(c.form)(p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func manyBackends(n int) []bootstrap.Backend {
	var out []bootstrap.Backend
	for i := range n {
		out = append(out, bootstrap.Backend{Name: fmt.Sprintf("b%d", i), URL: fmt.Sprintf("https://b%d.example", i)})
	}
	return out
}

// A host in upper case is the same one.
func TestRenderUpperCase(t *testing.T) {
	for _, form := range []string{GatewayForm, PortableForm} {
		p := given(form)
		p.Envoy.Backends = append(manyBackends(13), bootstrap.Backend{Name: "upper", URL: "https://H.Example"})
		if text, _ := render(t, p); strings.Contains(text, "H.Example") || !strings.Contains(text, "h.example") {
			t.Errorf("%s: not in lower case", form)
		}
	}
}

// Without heald's filter no request reaches a provider, and patches come first.
func TestRenderFailsClosed(t *testing.T) {
	_, objects := render(t, given(GatewayForm))
	rest := false
	for _, o := range objects {
		if text(o, "kind") != "EnvoyFilter" {
			rest = true
		} else if rest {
			t.Errorf("%s after others", identity(o))
		}
		if text(o, "kind") == "ServiceEntry" && text(o, "metadata", "name") == nowhereName && at(o, "spec", "endpoints") != nil {
			t.Error("nowhere has endpoints")
		}
	}
	for _, form := range []string{PortableForm, PatchedForm} {
		_, objects := render(t, given(form))
		found := 0
		for _, o := range objects {
			switch {
			case text(o, "kind") == "HTTPRoute" && text(o, "metadata", "name") == "inner":
				for _, r := range at(o, "spec", "rules").Content {
					if at(r, "matches") == nil {
						found++
						if name := text(r, "backendRefs", "0", "name"); name != nowhereName {
							t.Errorf("%s: without heald, requests go to %s", form, name)
						}
					}
				}
			case text(o, "kind") == "Backend" && text(o, "metadata", "name") == nowhereName:
				found++
				if host := text(o, "spec", "endpoints", "0", "fqdn", "hostname"); !strings.HasSuffix(host, ".invalid") {
					t.Errorf("%s: %s may exist", form, host)
				}
			}
		}
		if found != 2 {
			t.Errorf("%s: no way for requests that heald was not asked about", form)
		}
	}
}

// Rules for heald's pod name the pod's port, whatever that of the Service.
func TestRenderPodPort(t *testing.T) {
	p := given(GatewayForm)
	p.HealdTLS, p.Heald = Mesh, "heald.ns.svc.cluster.local:9100"
	text, objects := render(t, p)
	if strings.Contains(text, `"9100"`) {
		t.Error("a rule for the pod names the Service's port")
	}
	for _, o := range objects {
		if mtls := at(o, "spec", "portLevelMtls"); mtls != nil && at(mtls, "9000") == nil {
			t.Error("no mutual TLS on the pod's port")
		}
	}
}

// What is no formatter of Envoy has its % doubled.
func TestRenderPercent(t *testing.T) {
	for _, form := range forms {
		p := given(form)
		p.Envoy.Policy, p.Envoy.Hop, p.Policies[0].Name = "a%b", "a secret c%d", "a%b"
		if text, _ := render(t, p); !strings.Contains(text, "a%%b") || !strings.Contains(text, "c%%d") || strings.Contains(text, "a%b") || strings.Contains(text, "c%d") {
			t.Errorf("%s: %% as it is", form)
		}
	}
}

// The probes of the Envoy pod are let in: 19002 is the shutdown manager's.
func TestRenderProbes(t *testing.T) {
	text, _ := render(t, given(PortableForm))
	for _, port := range []string{"19001", "19002", "19003"} {
		if !strings.Contains(text, "{protocol: TCP, port: "+port+"}") {
			t.Errorf("%s is closed", port)
		}
	}
}

// A team has what is its own, and nothing that all share.
func TestRenderTeam(t *testing.T) {
	for _, c := range [][2]string{{GatewayForm, "search"}, {GatewayForm, "inner"}, {GatewayForm, "outer"}, {GatewayForm, "nowhere"}, {PortableForm, "search"}, {PortableForm, "inner"}} {
		form := c[0]
		_, shared := render(t, given(form))
		p := given(form)
		p.Team, p.Host = c[1], "search.example"
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

// heald's Service is found by whatever part of its name is written.
func TestRenderService(t *testing.T) {
	for _, c := range []struct {
		address, host, name, namespace string
		port                           int
	}{
		{"", "heald.ns.svc.cluster.local", "heald", "ns", 9000},
		{"proxy:9001", "proxy.ns.svc.cluster.local", "proxy", "ns", 9001},
		{"proxy.other:9001", "proxy.other.svc.cluster.local", "proxy", "other", 9001},
		{"proxy.other.svc:9001", "proxy.other.svc.cluster.local", "proxy", "other", 9001},
		{"proxy.other.svc.cluster.local:1", "proxy.other.svc.cluster.local", "proxy", "other", 1},
		{"proxy.other.svc.corp.example:65535", "proxy.other.svc.corp.example", "proxy", "other", 65535},
		{"proxy.other.example:9001", "proxy.other.example", "proxy", "other", 9001},
	} {
		p := Params{Namespace: "ns", Heald: c.address}
		if host, name, namespace, port := p.service(); host != c.host || name != c.name || namespace != c.namespace || port != c.port {
			t.Errorf("%s: %s %s %s %d", c.address, host, name, namespace, port)
		}
	}
}

// Without a hop secret no form sends the header, and Istio's take a client's away.
func TestRenderWithoutHop(t *testing.T) {
	for _, form := range []string{GatewayForm, SidecarForm} {
		p := given(form)
		_, with := render(t, p)
		p.Envoy.Hop = ""
		_, without := render(t, p)
		for hop, objects := range map[bool][]*yaml.Node{true: with, false: without} {
			routes := 0
			for _, o := range objects {
				if text(o, "kind") != "VirtualService" || text(o, "metadata", "name") != "heald" {
					continue
				}
				for _, r := range at(o, "spec", "http").Content {
					if text(r, "name") != outerRoute {
						continue
					}
					routes++
					request := at(r, "headers", "request")
					if removed, set := slices.Contains(texts(request, "remove"), "x-heald-hop"), text(request, "set", "x-heald-hop"); removed == hop || (set != "") != hop {
						t.Errorf("%s, secret %v: sent %q, removed %v", form, hop, set, removed)
					}
				}
			}
			if routes != 1 {
				t.Errorf("%s: %d outer routes", form, routes)
			}
		}
	}
}
