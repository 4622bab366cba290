package mesh

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// object is the one object of a kind and name.
func object(t *testing.T, objects []*yaml.Node, kind, name string) *yaml.Node {
	t.Helper()
	var found *yaml.Node
	for _, o := range objects {
		if text(o, "kind") == kind && text(o, "metadata", "name") == name {
			if found != nil {
				t.Fatalf("%s %s is there twice", kind, name)
			}
			found = o
		}
	}
	if found == nil {
		t.Fatalf("no %s %s", kind, name)
	}
	return found
}

// flow is a node on one line, without comments.
func flow(t *testing.T, n *yaml.Node) string {
	t.Helper()
	var v any
	if n == nil {
		return ""
	}
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(v)
}

// With a certificate clients connect by HTTPS, without one by HTTP.
func TestRenderClientTLS(t *testing.T) {
	for _, form := range []string{GatewayForm, PortableForm} {
		for _, secret := range []string{"", "cert"} {
			p := given(form)
			p.TLSSecret, p.Port = secret, 444
			if form == PortableForm {
				p.PodPort = p.Port
			}
			_, objects := render(t, p)
			var got, want string
			if form == GatewayForm {
				got = flow(t, at(object(t, objects, "Gateway", "heald"), "spec", "servers", "0"))
				want = "map[hosts:[llm.ns.svc.example] port:map[name:http number:444 protocol:HTTP]]"
				if secret != "" {
					want = "map[hosts:[llm.ns.svc.example] port:map[name:https number:444 protocol:HTTPS] tls:map[credentialName:cert mode:SIMPLE]]"
				}
			} else {
				got = flow(t, at(object(t, objects, "Gateway", "llm"), "spec", "listeners", "0"))
				want = "map[allowedRoutes:map[namespaces:map[from:Same]] name:outer port:444 protocol:HTTP]"
				if secret != "" {
					want = "map[allowedRoutes:map[namespaces:map[from:Same]] name:outer port:444 protocol:HTTPS tls:map[certificateRefs:[map[name:cert]] mode:Terminate]]"
				}
			}
			if got != want {
				t.Errorf("%s, secret %q: %s", form, secret, got)
			}
		}
	}
}

// How Envoy reaches heald, in each way that it may be secured.
func TestRenderHealdTLS(t *testing.T) {
	for way, want := range map[string]string{
		Mesh: "map[mode:ISTIO_MUTUAL]", Plain: "map[mode:DISABLE]",
		TLS: "map[credentialName:heald-client mode:MUTUAL sni:heald.ns.svc.cluster.local subjectAltNames:[heald.ns.svc.cluster.local]]",
	} {
		p := given(GatewayForm)
		p.HealdTLS = way
		_, objects := render(t, p)
		if got := flow(t, at(object(t, objects, "DestinationRule", "heald"), "spec", "trafficPolicy", "tls")); got != want {
			t.Errorf("%s: %s", way, got)
		}
		rules := 0
		for _, o := range objects {
			if kind := text(o, "kind"); kind == "PeerAuthentication" || kind == "AuthorizationPolicy" {
				rules++
			}
		}
		if rules != map[bool]int{true: 2, false: 0}[way == Mesh] {
			t.Errorf("%s: %d rules for heald's pods", way, rules)
		}
		// In another namespace heald's rules are not this gateway's.
		p.Heald = "heald.other:9000"
		all, objects := render(t, p)
		for _, o := range objects {
			if kind := text(o, "kind"); kind == "PeerAuthentication" || kind == "AuthorizationPolicy" {
				t.Errorf("%s: %s of another namespace", way, kind)
			}
		}
		if said := strings.Contains(all, "# heald is in the namespace other: name ns in the AuthorizationPolicy"); said != (way == Mesh) {
			t.Errorf("%s: said %v", way, said)
		}
	}
	for way, want := range map[string]int{Plain: 2, TLS: 3} { // the providers' and heald's
		p := given(PortableForm)
		p.HealdTLS = way
		_, objects := render(t, p)
		n := 0
		for _, o := range objects {
			if text(o, "kind") == "BackendTLSPolicy" {
				n++
			}
		}
		if client := at(object(t, objects, "EnvoyProxy", "llm"), "spec", "backendTLS"); n != want || (client != nil) != (way == TLS) {
			t.Errorf("%s: %d BackendTLSPolicies, a client certificate: %s", way, n, flow(t, client))
		}
	}
}

// Envoy Gateway must be allowed to reach heald in another namespace.
func TestRenderOtherNamespace(t *testing.T) {
	for address, namespace := range map[string]string{"": "ns", "heald.ns:9000": "ns", "heald.other:9001": "other"} {
		p := given(PortableForm)
		p.Heald = address
		_, objects := render(t, p)
		grants := 0
		for _, o := range objects {
			if text(o, "kind") == "ReferenceGrant" {
				grants++
				if got := text(o, "metadata", "namespace"); got != namespace || text(o, "spec", "from", "0", "namespace") != "ns" || text(o, "spec", "to", "0", "name") != "heald" {
					t.Errorf("%s: %s", address, flow(t, o))
				}
			}
		}
		ref := flow(t, at(object(t, objects, "EnvoyExtensionPolicy", "heald"), "spec", "extProc", "0", "backendRefs", "0"))
		want := "map[name:heald port:9000]"
		if namespace != "ns" {
			want = "map[name:heald namespace:other port:9001]"
		}
		if grants != map[bool]int{true: 0, false: 1}[namespace == "ns"] || ref != want {
			t.Errorf("%s: %d grants, %s", address, grants, ref)
		}
	}
}

// What sends slow attempts twice is there only if heald.yaml asks for it.
func TestRenderHedge(t *testing.T) {
	for _, form := range []string{GatewayForm, SidecarForm} {
		for _, hedge := range []bool{false, true} {
			p := given(form)
			p.Envoy.Hedge = hedge
			_, objects := render(t, p)
			filters, told := 0, 0
			var walk func(n *yaml.Node)
			walk = func(n *yaml.Node) {
				if text(n, "name") == "heald.hedge" {
					filters++
				}
				if text(n, "header", "key") == "x-heald-hedged" {
					told++
				}
				for _, x := range n.Content {
					walk(x)
				}
			}
			for _, o := range objects {
				walk(o)
			}
			if want := hedge || form == SidecarForm; (filters == 1) != want || filters > 1 || (told == 1) != want {
				t.Errorf("%s, hedge %v: %d filters, told by %d", form, hedge, filters, told)
			}
		}
	}
}

// The first and the last port, and what is beyond them.
func TestRenderPorts(t *testing.T) {
	for port, taken := range map[int]bool{-1: false, 0: false, 1: true, 65535: true, 65536: false, innerPort: false} {
		for name, change := range map[string]func(*Params){
			"--port":      func(p *Params) { p.Port = port },
			"--port, pod": func(p *Params) { p.PodPort = port },
			"listen.grpc": func(p *Params) { p.HealdPod = port },
			"--heald":     func(p *Params) { p.Heald = fmt.Sprintf("heald:%d", port) },
		} {
			p := given(GatewayForm)
			change(&p)
			want := taken || port == innerPort && (name == "listen.grpc" || name == "--heald")
			if _, err := Istio(p); (err == nil) != want || err != nil && !strings.Contains(err.Error(), strings.TrimSuffix(name, ", pod")+": ") {
				t.Errorf("%s %d: %v", name, port, err)
			}
		}
	}
	for port, pod := range map[int]string{80: "10080", 1023: "11023", 1024: "1024", 8080: "8080"} {
		p := given(PortableForm)
		p.Port, p.PodPort = port, port
		_, objects := render(t, p)
		if got := text(object(t, objects, "NetworkPolicy", "heald-inner-ns"), "spec", "ingress", "0", "ports", "0", "port"); got != pod {
			t.Errorf("port %d: the pod's is %s", port, got)
		}
	}
}

// As many backends as an HTTPRoute has rules for, and none.
func TestRenderBackends(t *testing.T) {
	for n, taken := range map[int]bool{0: false, 1: true, maxBackends: true, maxBackends + 1: false} {
		p := given(PortableForm)
		p.Envoy.Backends = manyBackends(n)
		m, err := Gateway(p)
		if (err == nil) != taken {
			t.Errorf("%d: %v", n, err)
		}
		if err == nil {
			_, objects := render(t, p)
			if rules := len(at(object(t, objects, "HTTPRoute", "inner"), "spec", "rules").Content); rules != n+2 || rules > 16 || len(m.Objects) != len(objects) {
				t.Errorf("%d backends, %d rules", n, rules)
			}
		}
	}
}

// Limits of bodies are whole MiB where they can be, and of silence whole seconds.
func TestRenderLimits(t *testing.T) {
	for bytes, want := range map[int]string{1 << 20: "1Mi", 20 << 20: "20Mi", 1<<20 + 1: "1048577", 1<<20 - 1: "1048575"} {
		p := given(PortableForm)
		p.Envoy.MaxBody = bytes
		_, objects := render(t, p)
		for _, name := range []string{"outer", "inner"} {
			if got := text(object(t, objects, "BackendTrafficPolicy", name), "spec", "requestBuffer", "limit"); got != want {
				t.Errorf("%d bytes, %s: %s", bytes, name, got)
			}
		}
	}
	for wait, want := range map[time.Duration]string{20 * time.Minute: "1260s", 20*time.Minute + time.Millisecond: "1261s"} {
		p := given(PortableForm)
		p.Envoy.Wait = wait
		_, objects := render(t, p)
		for _, name := range []string{"outer", "inner"} {
			if got := text(object(t, objects, "ClientTrafficPolicy", name), "spec", "timeout", "http", "streamIdleTimeout"); got != want {
				t.Errorf("%v, %s: %s", wait, name, got)
			}
		}
	}
}
