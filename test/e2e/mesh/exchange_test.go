package mesh

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
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

// Each mesh's forms send both halves of the largest bodies, and those whose manifests
// reserve statuses tell heald of the same ones.
func TestForms(t *testing.T) {
	halves := map[int]int{}
	for _, f := range Forms {
		halves[f.Largest]++
		retried := map[float64]bool{}
		d := f.golden(t)
		for _, r := range d.routes {
			walk(r, func(o object) {
				for _, status := range listOf(child(o, "retry_policy"), "retriable_status_codes") {
					retried[status.(float64)] = true
				}
			})
		}
		for _, status := range f.Reserved {
			if !retried[float64(status)] {
				t.Errorf("%s: %d is not tried again", f.Name, status)
			}
		}
		if f.Reserved != nil && len(retried) != len(f.Reserved) {
			t.Errorf("%s: %v are tried again, and %v are reserved", f.Name, retried, f.Reserved)
		}
	}
	if halves[1] != 1 || halves[2] != 1 || len(halves) > 3 {
		t.Errorf("halves of the largest bodies: %v", halves)
	}
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
			walk(listeners[0], func(o object) {
				if o["@type"] != nil && (o["virtual_hosts"] != nil || o["filter_chains"] != nil) {
					t.Errorf("%s has a type where none may stand", textOf(o, "name"))
				}
			})
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
			for _, key := range []string{"bootstrap_extensions", "default_regex_engine", "overload_manager"} {
				if want := golden.bootstrap[key]; !reflect.DeepEqual(config[key], want) {
					t.Errorf("%s is %v, want %v", key, config[key], want)
				}
			}
			var layers []object
			for _, l := range children(child(golden.bootstrap, "layered_runtime"), "layers") {
				if l["static_layer"] != nil {
					layers = append(layers, l)
				}
			}
			if got := children(child(config, "layered_runtime"), "layers"); !reflect.DeepEqual(got, layers) {
				t.Errorf("runtime layers %v, want %v", got, layers)
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
		ports := map[float64]int{}
		walk(c, func(o object) {
			if s := child(o, "socket_address"); s != nil {
				ports[s["port_value"].(float64)]++
			}
		})
		if c["@type"] != nil || child(c, "load_assignment")["@type"] != nil {
			t.Errorf("%s has a type where none may stand", name)
		}
		checked := 0
		walk(c, func(o object) {
			if tls := child(o, "common_tls_context"); tls != nil {
				if textOf(child(tls, "validation_context", "trusted_ca"), "filename") == "/ca.pem" && tls["combined_validation_context"] == nil && tls["validation_context_sds_secret_config"] == nil {
					checked++
				}
			}
		})
		switch {
		case ports[3]+ports[4] > 0:
			if ports[3] != 1 || ports[4] != 1 || len(ports) != 2 || textOf(c, "alt_stat_name") != "heald" || c["transport_socket"] != nil || c["transport_socket_matches"] != nil {
				t.Errorf("heald's cluster %s: ports %v", name, ports)
			}
			seen["heald"]++
		case ports[5]+ports[6] > 0:
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

// renderedByHeald has what is read of heald's own configuration for Envoy.
const renderedByHeald = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}
static_resources:
  clusters:
  - {name: heald, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 3}}}}, {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 4}}}}]}]}}
  - {name: a, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 5}}}}]}]}}
  - {name: b, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 6}}}}]}]}}
  - {name: other, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 7}}}}]}]}}
`

// The addresses come from the configuration that heald renders; a provider without a
// backend shares the first one's.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		backends      []string
		first, second string
	}{
		{[]string{"a", "b"}, "127.0.0.1:5", "127.0.0.1:6"},
		{[]string{"b", "a"}, "127.0.0.1:6", "127.0.0.1:5"},
		{[]string{"a"}, "127.0.0.1:5", "127.0.0.1:5"},
		{[]string{"a", "b", "other"}, "127.0.0.1:5", "127.0.0.1:6"},
	} {
		at, err := placesOf(renderedByHeald, c.backends)
		if err != nil || at.admin != "127.0.0.1:9" || !slices.Equal(at.replicas, []string{"127.0.0.1:3", "127.0.0.1:4"}) || at.providers[Providers[0]] != c.first || at.providers[Providers[1]] != c.second || len(at.providers) != 2 {
			t.Errorf("%v: %+v, %v", c.backends, at, err)
		}
	}
	for _, text := range []string{"a: [", strings.ReplaceAll(renderedByHeald, "name: heald", "name: x")} {
		if _, err := placesOf(text, []string{"a"}); err == nil {
			t.Errorf("taken: %s", text)
		}
	}
}

// A stack with a form's options has its backends behind the providers' names, and
// Envoy runs the form's configuration.
func TestOptions(t *testing.T) {
	for _, f := range Forms {
		t.Run(f.Name, func(t *testing.T) {
			for given, backends := range map[string][]string{"": {"a"}, "x": {"x"}, "x y": {"x", "y"}} {
				o := f.Options(t, stack.Options{Backends: strings.Fields(given), Policy: "{attempts: 2}"})
				if !slices.Equal(o.Backends, backends) || o.Host != f.Host || o.HopSecret != Hop {
					t.Errorf("%q: backends %q, host %s", given, o.Backends, o.Host)
				}
				for i, b := range backends {
					if o.Cluster(b) != clusters[i] {
						t.Errorf("%q: %s is steered to by %s", given, b, o.Cluster(b))
					}
				}
				if !strings.HasSuffix(o.Policy, "attempts: 2}") || strings.Contains(o.Policy, "reserved_status: [502, 503, 504, 507]") != (len(f.Reserved) > 0) ||
					f.Policy != "" && !strings.HasPrefix(o.Policy, strings.TrimSuffix(f.Policy, "}")) {
					t.Errorf("the policy is %s", o.Policy)
				}
				leaf, err := x509.ParseCertificate(o.Fake.TLS.Certificates[0].Certificate[0])
				if err != nil || !slices.Equal(leaf.DNSNames, Providers) {
					t.Errorf("the providers' certificate: %v", err)
				}
				if f.HopVariable != "" && os.Getenv(f.HopVariable) != Hop {
					t.Error("Envoy does not get the hop secret")
				}
				rendered := renderedByHeald
				for i, b := range backends {
					rendered = strings.Replace(rendered, fmt.Sprintf("name: %c,", 'a'+i), "name: "+b+",", 1)
				}
				config := o.Edit(rendered)
				if !strings.Contains(config, `"port_value": 5`) || strings.Contains(config, "10.1.0.") || !json.Valid([]byte(config)) {
					t.Error("Envoy would not run the form's configuration")
				}
			}
			given := &tls.Config{NextProtos: []string{"http/1.1"}}
			if o := f.Options(t, stack.Options{Fake: fakegemini.Options{TLS: given}}); !slices.Equal(o.Fake.TLS.NextProtos, given.NextProtos) || len(given.Certificates) != 0 {
				t.Error("what providers speak")
			}
		})
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

// Endpoints are found by the name of the service, or that of the cluster.
func TestClusterEndpoints(t *testing.T) {
	at := func(port int) object {
		var o object
		if err := json.Unmarshal(fmt.Appendf(nil, `{"endpoints":[{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"10.0.0.1","port_value":%d}}}}]}]}`, port), &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	x := &exchange{
		form: Form{Heald: []string{"10.0.0.1:1", "10.0.0.1:2"}}, at: somewhere(), used: map[string]bool{"cluster named": true, "cluster by-service": true, "cluster missing": true},
		dump: &dump{
			clusters: []object{
				{"name": "named", "type": "EDS"}, {"name": "by-service", "type": "EDS", "eds_cluster_config": object{"service_name": "service"}},
				{"name": "missing", "type": "EDS", "eds_cluster_config": object{"service_name": "nobody"}}, {"name": "unused", "type": "EDS"},
			},
			endpoints: map[string]object{"named": at(1), "service": at(2), "by-service": at(3), "missing": at(3)},
		},
	}
	x.clusters()
	if len(x.kept) != 2 || len(x.errs) != 1 || !strings.Contains(x.errs[0].Error(), "no endpoints nobody") {
		t.Fatalf("kept %v, %v", x.kept, x.errs)
	}
	for _, c := range x.kept {
		if c := c.(object); c["type"] != "STATIC" || c["eds_cluster_config"] != nil || textOf(c, "alt_stat_name") != "heald" {
			t.Errorf("%v", c)
		}
	}
}
