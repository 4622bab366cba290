package mesh

import (
	"crypto/tls"
	"embed"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/test/authority"
	"github.com/heald-proxy/heald/test/stack"
)

//go:embed testdata
var goldens embed.FS

// Form is one way of having heald in a mesh.
type Form struct {
	// Name is that of the folder in testdata.
	Name string
	// Outer and Inner are the names of the two hops' listeners.
	Outer, Inner string
	// Host is the authority by which clients reach it.
	Host string
	// Heald and Loopback are the addresses of heald and of the inner listener in
	// the dump.
	Heald, Loopback []string
	// Policy are the settings that heald needs in this form.
	Policy string
	// Reserved are the statuses that only a dead heald shows.
	Reserved []int
	// HopVariable is the variable from which Envoy takes the hop secret; "" where
	// the manifests or xDS have it.
	HopVariable string
	// RewritesHost says that the inner route sets the provider's host.
	RewritesHost bool
	// Log is the file to which Envoy writes access logs; "" leaves them out.
	Log string
	// LogsHeald says that an access log has requests to heald, without queries;
	// LogsOthers that one has requests to other hosts, with them.
	LogsHeald, LogsOthers bool
	// Largest says which half of the largest bodies are sent through it, 1 or 2: one
	// half in each mesh, whose forms have the same limits. 0 means none.
	Largest int
}

// Options completes those of a stack: Envoy runs the form's configuration, and
// heald has the settings that it needs. There are at most as many backends as
// the manifests have providers. They speak TLS, with HTTP/2 unless o.Fake.TLS says
// otherwise.
func (f Form) Options(t testing.TB, o stack.Options) stack.Options {
	t.Helper()
	text, err := goldens.ReadFile("testdata/" + f.Name + "/config_dump.json")
	if err != nil {
		t.Fatal(err)
	}
	ca := authority.New(t)
	cert, key := ca.Issue("providers", Providers...)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	speaks := o.Fake.TLS.Clone()
	if speaks == nil {
		speaks = &tls.Config{}
	}
	speaks.Certificates = []tls.Certificate{pair}
	o.Fake.TLS = speaks
	o.Host = f.Host
	if len(o.Backends) == 0 {
		o.Backends = []string{"a"}
	}
	backends := o.Backends
	o.Cluster = func(backend string) string { return clusters[slices.Index(backends, backend)] }
	policy := f.Policy
	if len(f.Reserved) > 0 {
		policy = merge(policy, fmt.Sprintf("{reserved_status: [%s]}", strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Reserved), " ", ", "), "[]")))
	}
	o.Policy = merge(policy, o.Policy)
	o.HopSecret = Hop
	if f.HopVariable != "" { // for Envoy; not t.Setenv, since forms run at the same time
		if err := os.Setenv(f.HopVariable, Hop); err != nil {
			t.Fatal(err)
		}
	}
	o.Edit = func(rendered string) string {
		d, err := readDump(text)
		if err != nil {
			t.Fatal(err)
		}
		at, err := placesOf(rendered, backends)
		if err != nil {
			t.Fatal(err)
		}
		at.ca, at.inner, at.log = ca.File, reserve(t), f.Log
		config, err := f.static(d, at)
		if err != nil {
			t.Fatal(err)
		}
		return string(config)
	}
	return o
}

// merge joins two mappings of YAML in braces.
func merge(a, b string) string {
	inside := func(s string) string {
		s = strings.TrimSpace(s)
		return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"))
	}
	a, b = inside(a), inside(b)
	if a != "" && b != "" {
		a += ", "
	}
	return "{" + a + b + "}"
}

// placesOf reads the addresses from the configuration that heald itself renders.
func placesOf(rendered string, backends []string) (places, error) {
	type address struct {
		Socket struct {
			Address string `yaml:"address"`
			Port    int    `yaml:"port_value"`
		} `yaml:"socket_address"`
	}
	var c struct {
		Admin struct {
			Address address `yaml:"address"`
		} `yaml:"admin"`
		Static struct {
			Clusters []struct {
				Name string `yaml:"name"`
				Load struct {
					Endpoints []struct {
						LB []struct {
							Endpoint struct {
								Address address `yaml:"address"`
							} `yaml:"endpoint"`
						} `yaml:"lb_endpoints"`
					} `yaml:"endpoints"`
				} `yaml:"load_assignment"`
			} `yaml:"clusters"`
		} `yaml:"static_resources"`
	}
	if err := yaml.Unmarshal([]byte(rendered), &c); err != nil {
		return places{}, err
	}
	text := func(a address) string { return net.JoinHostPort(a.Socket.Address, fmt.Sprint(a.Socket.Port)) }
	at := places{admin: text(c.Admin.Address), providers: map[string]string{}}
	hosts := Providers
	for _, cluster := range c.Static.Clusters {
		for _, group := range cluster.Load.Endpoints {
			for _, e := range group.LB {
				if i := slices.Index(backends, cluster.Name); i >= 0 && i < len(hosts) {
					at.providers[hosts[i]] = text(e.Endpoint.Address)
				} else if cluster.Name == "heald" {
					at.replicas = append(at.replicas, text(e.Endpoint.Address))
				}
			}
		}
	}
	for _, h := range hosts { // of providers that this test has no backend for
		if at.providers[h] == "" {
			at.providers[h] = at.providers[hosts[0]]
		}
	}
	if len(at.providers) == 0 || len(at.replicas) == 0 {
		return at, fmt.Errorf("the rendered configuration has addresses of %d providers and %d replicas", len(at.providers), len(at.replicas))
	}
	return at, nil
}
