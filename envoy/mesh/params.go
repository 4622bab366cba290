package mesh

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// Params are what manifests take from heald.yaml and from the command line.
type Params struct {
	// Envoy is what heald.yaml means for Envoy, as `heald envoy` has it.
	Envoy bootstrap.Params
	// Policies are those of heald.yaml, with what they leave to Envoy.
	Policies []Policy
	// Form is one of those of Istio or of Gateway.
	Form string
	// Namespace is where the objects go: that of the gateway or of the clients.
	Namespace string
	// Host is the name that clients call; for Sidecar that of the Service.
	Host string
	// Selector are the labels of the pods whose Envoy does this. Empty means, for
	// Sidecar, all of the namespace.
	Selector map[string]string
	// Heald is the address of heald's Service, host:port; "" means heald:9000 in
	// the namespace, as the Helm chart makes it.
	Heald string
	// HealdTLS says how the connection to heald is secured: Mesh, Plain or TLS.
	HealdTLS string
	// Port is the port of the gateway's Service that clients call, PodPort that on
	// which Envoy listens; Envoy Gateway chooses that itself, and takes no other.
	Port, PodPort int
	// HealdPod is the port on which heald's pod listens for Envoy, which the
	// Service's port leads to: Istio's rules for a pod name this one.
	HealdPod int
	// TLSSecret is the Secret with the certificate for Host; "" for plain HTTP.
	TLSSecret string
	// HopEnv is the variable of Envoy's environment that holds the hop secret, for
	// Istio; "" writes the secret into the manifests.
	HopEnv string
	// AccessLog is the provider of the mesh's own access log in these Envoys, for
	// Istio, as its configuration names it, or NoAccessLog if there is none.
	AccessLog string
	// TeamHosts are the hosts of all teams, for Istio: the mesh's access log must
	// leave them out as well, and there can be one Telemetry for a gateway's pods.
	TeamHosts []string
	// HopSecret is the Kubernetes Secret that holds the hop secret, for Envoy
	// Gateway; "" writes the secret into the manifests.
	HopSecret string
	// Class is the GatewayClass, for Envoy Gateway.
	Class string
	// Team has only what one more team needs beside what is there: a host name of
	// its own with its own policy. "" writes everything.
	Team string
}

// The ways to secure the connection to heald.
const (
	Mesh  = "mesh"  // heald has a sidecar of the mesh: mutual TLS by Istio
	Plain = "plain" // heald has none
	TLS   = "tls"   // heald's own listen.tls
)

// NoAccessLog says that the mesh has no access log of its own.
const NoAccessLog = "none"

// Policy is what a policy of heald.yaml leaves to Envoy.
type Policy struct {
	Name           string
	StoreMemory    bool // memory: store
	OwnWait        bool // wait: heald
	RouteAuthority bool // authority: route
	// Reserved are the statuses that heald never replies with (reserved_status).
	Reserved []int
}

var (
	label     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	hostName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	labelText = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	labelKey  = regexp.MustCompile(`^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	variable  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// validate lists everything that is wrong with the parameters, whatever the form.
func (p *Params) validate(forms ...string) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains(forms, p.Form) {
		add("--form: %q is not known; write %s", p.Form, strings.Join(forms, " or "))
	}
	for _, n := range []struct{ flag, name string }{{"--namespace", p.Namespace}, {"--team", p.Team}, {"--tls-secret", p.TLSSecret}, {"--hop-secret", p.HopSecret}} {
		if n.name != "" && !label.MatchString(n.name) {
			add("%s: %q is no name of Kubernetes; use lower case letters, digits and hyphens", n.flag, n.name)
		}
	}
	if p.Namespace == "" {
		add("--namespace: name the namespace")
	}
	if !hostName.MatchString(p.Host) {
		add("--host: %q is no host name; write the one that clients call, such as llm.example.com", p.Host)
	}
	for _, k := range sortedKeys(p.Selector) {
		if !labelKey.MatchString(k) || !labelText.MatchString(p.Selector[k]) {
			add("--selector: %s=%s is no label; write key=value", k, p.Selector[k])
		}
	}
	if p.Heald != "" {
		if host, _, err := splitAddress(p.Heald); err != nil {
			add("--heald: %w", err)
		} else if net.ParseIP(host) != nil || !label.MatchString(host) && !hostName.MatchString(host) {
			add("--heald: %q is no name of a Service; write host:port, such as heald.heald.svc.cluster.local:9000", p.Heald)
		}
	}
	if !slices.Contains([]string{Mesh, Plain, TLS}, p.HealdTLS) {
		add("--heald-tls: %q is not known; write mesh, plain or tls", p.HealdTLS)
	}
	if p.HopEnv != "" && !variable.MatchString(p.HopEnv) {
		add("--hop-env: %q is no name of a variable", p.HopEnv)
	}
	if p.HealdPod < 1 || p.HealdPod > 65535 {
		add("listen.grpc: %d is not a port from 1 to 65535", p.HealdPod)
	}
	for _, port := range slices.Compact([]int{p.Port, p.PodPort}) {
		if port < 1 || port > 65535 || port == innerPort {
			add("--port: %d is not a port from 1 to 65535 other than %d", port, innerPort)
		}
	}
	if p.Envoy.Policy != "" && !slices.ContainsFunc(p.Policies, func(x Policy) bool { return x.Name == p.Envoy.Policy }) {
		add("--policy: heald.yaml has no policy %q", p.Envoy.Policy)
	}
	errs = append(errs, p.validateBackends()...)
	return errors.Join(errs...)
}

func (p *Params) validateBackends() []error {
	var errs []error
	if p.Envoy.Resume != "" {
		errs = append(errs, errors.New("resume_via: the rest of broken answers needs a listener of Envoy that heald reaches, which these manifests do not make; leave out resume: text and resume_via, or run heald with an Envoy of your own (heald envoy)"))
	}
	for i, b := range p.Envoy.Backends {
		if b.Proxy != "" {
			errs = append(errs, fmt.Errorf("backends[%d].proxy: these manifests reach providers directly; use the mesh's own way out (an egress gateway), or an Envoy of your own (heald envoy)", i))
		}
		if slices.Contains([]string{healdName, "inner", innerName, nowhereName}, b.Name) {
			errs = append(errs, fmt.Errorf("backends[%d].name, or cluster: other objects of these manifests are called %q; choose another name", i, b.Name))
		}
		if !labelText.MatchString(b.Name) || strings.ContainsAny(b.Name, "_.") || strings.ToLower(b.Name) != b.Name {
			errs = append(errs, fmt.Errorf("backends[%d].name, or cluster: objects get this name, and %q is none for Kubernetes; use lower case letters, digits and hyphens", i, b.Name))
		}
	}
	return errs
}

// provider is a backend with its address taken apart.
type provider struct {
	name, host string
	port       int
	tls        bool
	// authority is the host as requests carry it: with the port, if url names one.
	authority string
}

func (p *Params) providers() ([]provider, error) {
	out := make([]provider, 0, len(p.Envoy.Backends))
	for i, b := range p.Envoy.Backends {
		u, err := url.Parse(b.URL)
		if err != nil || u.Hostname() == "" {
			return nil, fmt.Errorf("backends[%d].url: %q: want https://host or http://host:port", i, b.URL)
		}
		x := provider{name: b.Name, host: strings.ToLower(u.Hostname()), port: 80, tls: u.Scheme == "https", authority: strings.ToLower(u.Host)}
		if x.tls {
			x.port = 443
		}
		if u.Port() != "" {
			if x.port, err = strconv.Atoi(u.Port()); err != nil {
				return nil, fmt.Errorf("backends[%d].url: %w", i, err)
			}
		}
		if net.ParseIP(x.host) != nil {
			return nil, fmt.Errorf("backends[%d].url: %q is an address; a mesh needs a host name", i, b.URL)
		}
		if !hostName.MatchString(x.host) {
			return nil, fmt.Errorf("backends[%d].url: %q is no host name that Kubernetes takes; use letters, digits and hyphens, with a dot between and none at the end", i, x.host)
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		return nil, errors.New("backends: heald.yaml has none")
	}
	return out, nil
}

// onePort lists hosts that are reached in two ways: Istio merges DestinationRules
// of one host, and keeps the settings of one of them.
func onePort(all []provider) error {
	var errs []error
	for i, x := range all {
		j := slices.IndexFunc(all, func(y provider) bool { return y.host == x.host })
		if y := all[j]; y.port != x.port || y.tls != x.tls {
			errs = append(errs, fmt.Errorf("backends[%d].url: %s is also the host of backends[%d], on another port or with other TLS, and Istio keeps one setting of TLS a host; give one of them another host name", i, x.host, j))
		}
	}
	return errors.Join(errs...)
}

// byHost are the providers without those at the host and port of one before:
// backends of several projects share Google's hosts.
func byHost(all []provider) []provider {
	var out []provider
	for _, x := range all {
		if !slices.ContainsFunc(out, func(y provider) bool { return y.host == x.host && y.port == x.port }) {
			out = append(out, x)
		}
	}
	return out
}

// service is heald's Service: its full name, namespace and port.
func (p *Params) service() (host, name, namespace string, port int) {
	if p.Heald == "" {
		return healdName + "." + p.Namespace + ".svc.cluster.local", healdName, p.Namespace, healdPort
	}
	host, port, _ = splitAddress(p.Heald) // validate has seen it
	parts := strings.Split(host, ".")
	name, namespace = parts[0], p.Namespace
	if len(parts) > 1 {
		namespace = parts[1]
	}
	if len(parts) <= 2 || len(parts) == 3 && parts[2] == "svc" {
		host = name + "." + namespace + ".svc.cluster.local"
	}
	return host, name, namespace, port
}

func splitAddress(s string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return "", 0, fmt.Errorf("%q: want host:port, such as heald.heald.svc.cluster.local:9000", s)
	}
	if port, err = strconv.Atoi(text); err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("%q: the port is not a number from 1 to 65535", s)
	}
	return host, port, nil
}

// need says of each policy what the form cannot do for it.
func (p *Params) need(what, key string, has func(Policy) bool) error {
	var errs []error
	for _, x := range p.Policies {
		if !has(x) {
			errs = append(errs, fmt.Errorf("policies.%s: %s; add `%s`", x.Name, what, key))
		}
	}
	return errors.Join(errs...)
}

// routesAuthority says that :authority is up to the routes, for a policy at least.
func (p *Params) routesAuthority() bool {
	return slices.ContainsFunc(p.Policies, func(x Policy) bool { return x.RouteAuthority })
}

// secrets are the ways in which manifests may hold the hop secret.
func (p *Params) secrets() []string {
	if p.Envoy.Hop == "" {
		return nil
	}
	return []string{p.Envoy.Hop, escaped(p.Envoy.Hop)}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
