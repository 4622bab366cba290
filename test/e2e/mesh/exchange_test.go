package mesh

import (
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
)

func somewhere() places {
	return places{admin: "127.0.0.1:1", inner: "127.0.0.1:2", ca: "/ca.pem", replicas: []string{"127.0.0.1:3", "127.0.0.1:4"},
		providers: map[string]string{Providers[0]: "127.0.0.1:5", Providers[1]: "127.0.0.1:6"}}
}

func (f Form) golden(t *testing.T) *dump {
	t.Helper()
	text, err := goldens.ReadFile("testdata/" + f.Name + "/config_dump.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := readDump(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Nothing in what Envoy is started with leads out of this machine, or needs a
// server of the mesh.
func TestStatic(t *testing.T) {
	for _, f := range Forms {
		t.Run(f.Name, func(t *testing.T) {
			text, err := f.static(f.golden(t), somewhere())
			if err != nil {
				t.Fatal(err)
			}
			var config object
			if err := json.Unmarshal(text, &config); err != nil {
				t.Fatal(err)
			}
			ports := map[float64]int{}
			walk(config, func(o object) {
				for key := range o {
					if slices.Contains([]string{"rds", "sds_config", "eds_config", "ads", "api_config_source", "access_log", "tracing"}, key) {
						t.Errorf("there is still %s: %v", key, o[key])
					}
				}
				if s := child(o, "socket_address"); s != nil {
					if a := textOf(s, "address"); a != "127.0.0.1" && a != "inner.localhost" {
						t.Errorf("there is still the address %s", a)
					}
					ports[s["port_value"].(float64)]++
				}
				if n := textOf(o, "name"); strings.HasPrefix(n, "istio.") {
					t.Errorf("there is still the filter %s", n)
				}
			})
			for _, port := range []float64{1, 3, 4, 5, 6} {
				if ports[port] == 0 {
					t.Errorf("nothing leads to port %v: %v", port, ports)
				}
			}
		})
	}
}

// A dump that is not what the form says is refused.
func TestStaticRefuses(t *testing.T) {
	f := Forms[0]
	for want, change := range map[string]func(*Form, *dump, *places){
		"no listener nothing":       func(f *Form, _ *dump, _ *places) { f.Inner = "nothing" },
		"no cluster vertex":         nil,
		"take the place of 10.1.0.": func(f *Form, _ *dump, _ *places) { f.Heald = nil },
		"no route configuration":    func(_ *Form, d *dump, _ *places) { clear(d.routes) },
		"no endpoints":              func(_ *Form, d *dump, _ *places) { clear(d.endpoints) },
	} {
		f, d, at := f, f.golden(t), somewhere()
		if change == nil {
			d.clusters = slices.DeleteFunc(d.clusters, func(c object) bool { return strings.Contains(textOf(c, "name"), Providers[1]) })
			want = "no cluster outbound|443||" + Providers[1]
		} else {
			change(&f, d, &at)
		}
		if _, err := f.static(d, at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// play turns a form's dump and reads the result.
func (f Form) play(t *testing.T, d *dump) object {
	t.Helper()
	text, err := f.static(d, somewhere())
	if err != nil {
		t.Fatal(err)
	}
	var config object
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return config
}

// What is not exchanged is Envoy's as it was: all filters but Istio's own, the
// secret of the hop, the check of certificates, now with the test's CA.
func TestStaticKeeps(t *testing.T) {
	for _, f := range Forms {
		t.Run(f.Name, func(t *testing.T) {
			count := func(o object) map[string]int {
				out := map[string]int{}
				walk(o, func(o object) {
					url := textOf(o, "@type")
					for _, kind := range []string{"ExternalProcessor", "Router", "UpstreamTlsContext", "CredentialInjector", "HttpConnectionManager", "HttpProtocolOptions"} {
						if strings.HasSuffix(url, "."+kind) {
							out[kind]++
						}
					}
				})
				return out
			}
			golden := f.golden(t)
			dumped := map[string]int{}
			for _, l := range golden.listeners {
				if name := textOf(l, "name"); name == f.Outer || name == f.Inner {
					for kind, n := range count(l) {
						dumped[kind] += n
					}
				}
			}
			config := f.play(t, golden)
			static := child(config, "static_resources")
			listeners := children(static, "listeners")
			if len(listeners) != 2 {
				t.Fatalf("%d listeners", len(listeners))
			}
			got := map[string]int{}
			names := map[string]object{}
			for _, l := range listeners {
				names[textOf(l, "name")] = l
				for kind, n := range count(l) {
					got[kind] += n
				}
			}
			for _, kind := range []string{"ExternalProcessor", "HttpConnectionManager", "CredentialInjector"} {
				if got[kind] != dumped[kind] || kind != "CredentialInjector" && got[kind] == 0 {
					t.Errorf("%d of %d %s", got[kind], dumped[kind], kind)
				}
			}
			outer, inner := names["outer"], names[f.Inner]
			if address := child(outer, "address", "socket_address"); textOf(address, "address") != "127.0.0.1" || address["port_value"] != 0.0 || outer["bind_to_port"] != nil {
				t.Errorf("outer listens at %v", outer["address"])
			}
			if internal := inner["internal_listener"] != nil; internal == (inner["address"] != nil) || !internal && child(inner, "address", "socket_address")["port_value"] != 2.0 {
				t.Errorf("inner listens at %v", inner["address"])
			}
			hosts := 0
			walk(outer, func(o object) {
				if o["domains"] != nil {
					if hosts++; !slices.Contains(listOf(o, "domains"), any(f.Host)) {
						t.Errorf("outer has the host %v", o["domains"])
					}
				}
			})
			if hosts == 0 {
				t.Error("outer has no host")
			}
			for _, s := range children(static, "secrets") {
				if value := textOf(child(s, "generic_secret", "secret"), "inline_string"); value != Hop || textOf(s, "name") == "" {
					t.Errorf("the secret %v", s)
				}
			}
			if n := len(children(static, "secrets")); n != dumped["CredentialInjector"] {
				t.Errorf("%d secrets", n)
			}
			f.keepsClusters(t, children(static, "clusters"))
		})
	}
}

// keepsClusters checks those that TestStaticKeeps has.
func (f Form) keepsClusters(t *testing.T, clusters []object) {
	t.Helper()
	seen := map[string]int{}
	for _, c := range clusters {
		name := textOf(c, "name")
		if seen[name]++; seen[name] > 1 {
			t.Errorf("%s is there twice", name)
		}
		ports := map[float64]bool{}
		walk(c, func(o object) {
			if s := child(o, "socket_address"); s != nil {
				ports[s["port_value"].(float64)] = true
			}
		})
		checked := 0
		walk(c, func(o object) {
			if tls := child(o, "common_tls_context"); tls != nil {
				if textOf(child(tls, "validation_context", "trusted_ca"), "filename") == "/ca.pem" && tls["combined_validation_context"] == nil && tls["validation_context_sds_secret_config"] == nil {
					checked++
				}
			}
		})
		switch {
		case ports[3] || ports[4]:
			if !ports[3] || !ports[4] || len(ports) != 2 || textOf(c, "alt_stat_name") != "heald" || c["transport_socket"] != nil || c["transport_socket_matches"] != nil {
				t.Errorf("heald's cluster %s: ports %v", name, ports)
			}
			seen["heald"]++
		case ports[5] || ports[6]:
			if checked != 1 || textOf(c, "alt_stat_name") == "heald" {
				t.Errorf("the provider's cluster %s: %d certificates checked", name, checked)
			}
			seen["provider"]++
		}
		if textOf(c, "type") == "EDS" || c["eds_cluster_config"] != nil {
			t.Errorf("%s asks a server for endpoints", name)
		}
	}
	if seen["heald"] != 1 || seen["provider"] != len(Providers) {
		t.Errorf("%d clusters of heald, %d of providers", seen["heald"], seen["provider"])
	}
}

// The addresses come from the configuration that heald renders; a provider without a
// backend shares the first one's.
func TestPlaces(t *testing.T) {
	rendered := `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}
static_resources:
  clusters:
  - {name: heald, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 3}}}}, {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 4}}}}]}]}}
  - {name: a, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 5}}}}]}]}}
  - {name: b, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 6}}}}]}]}}
  - {name: other, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 7}}}}]}]}}
`
	for _, c := range []struct {
		backends      []string
		first, second string
	}{
		{[]string{"a", "b"}, "127.0.0.1:5", "127.0.0.1:6"},
		{[]string{"b", "a"}, "127.0.0.1:6", "127.0.0.1:5"},
		{[]string{"a"}, "127.0.0.1:5", "127.0.0.1:5"},
		{[]string{"a", "b", "other"}, "127.0.0.1:5", "127.0.0.1:6"},
	} {
		at, err := placesOf(rendered, c.backends)
		if err != nil || at.admin != "127.0.0.1:9" || !slices.Equal(at.replicas, []string{"127.0.0.1:3", "127.0.0.1:4"}) || at.providers[Providers[0]] != c.first || at.providers[Providers[1]] != c.second || len(at.providers) != 2 {
			t.Errorf("%v: %+v, %v", c.backends, at, err)
		}
	}
	for _, text := range []string{"a: [", strings.ReplaceAll(rendered, "name: heald", "name: x")} {
		if _, err := placesOf(text, []string{"a"}); err == nil {
			t.Errorf("taken: %s", text)
		}
	}
}

func TestMerge(t *testing.T) {
	for _, c := range [][3]string{
		{"", "", "{}"}, {"{a: 1}", "", "{a: 1}"}, {"", "{b: 2}", "{b: 2}"}, {"{a: 1}", "{b: 2}", "{a: 1, b: 2}"}, {" { a: 1 } ", "{ b: {c: 2} }", "{a: 1, b: {c: 2}}"},
	} {
		if got := merge(c[0], c[1]); got != c[2] {
			t.Errorf("%q and %q: %q", c[0], c[1], got)
		}
	}
}

// A port that is kept for Envoy goes to nobody else.
func TestReserve(t *testing.T) {
	a, b := reserve(t), reserve(t)
	if a == b || !strings.HasPrefix(a, "127.0.0.1:") || strings.HasSuffix(a, ":0") {
		t.Errorf("%s and %s", a, b)
	}
	if l, err := net.Listen("tcp", a); err == nil {
		_ = l.Close()
		t.Errorf("%s was free", a)
	}
}
