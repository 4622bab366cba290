package mesh

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// places are the addresses that take the place of those in a dump.
type places struct {
	admin     string
	inner     string            // of the inner listener, if it has a port
	providers map[string]string // by the provider's host
	replicas  []string          // of heald
	ca        string            // file of the CAs trusted for providers
	log       string            // file of the access logs; "" leaves them out
}

// static turns a dump into a configuration that Envoy can be started with. What
// the form names and the dump does not have is an error, so that nothing is left
// out by mistake.
func (f Form) static(d *dump, at places) ([]byte, error) {
	x := &exchange{form: f, dump: d, at: at, used: map[string]bool{}}
	var listeners []any
	for _, l := range d.listeners {
		name := textOf(l, "name")
		switch name {
		case f.Outer:
			l["name"] = "outer"
			l["address"] = socket("127.0.0.1:0")
			delete(l, "bind_to_port")
			l["listener_filters"] = slices.DeleteFunc(listOf(l, "listener_filters"), func(v any) bool {
				o, _ := v.(object)
				return textOf(o, "name") == "envoy.filters.listener.original_dst" // where iptables redirected from
			})
			delete(l, "additional_addresses")
		case f.Inner:
			if l["internal_listener"] == nil {
				l["address"] = socket(at.inner)
			}
		default:
			continue
		}
		x.found(name)
		x.listener(l)
		listeners = append(listeners, l)
	}
	x.clusters()
	if err := errors.Join(append(x.errs, x.missing()...)...); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	out := object{
		"admin":            object{"address": socket(at.admin)},
		"static_resources": object{"listeners": listeners, "clusters": x.kept, "secrets": x.secrets},
	}
	for _, key := range []string{"bootstrap_extensions", "default_regex_engine", "overload_manager"} {
		if v, ok := d.bootstrap[key]; ok {
			out[key] = v
		}
	}
	var layers []any
	for _, l := range children(d.bootstrap["layered_runtime"].(object), "layers") {
		if l["static_layer"] != nil {
			layers = append(layers, l)
		}
	}
	if len(layers) > 0 {
		out["layered_runtime"] = object{"layers": layers}
	}
	return json.MarshalIndent(out, "", " ")
}

// exchange is one dump being turned.
type exchange struct {
	form Form
	dump *dump
	at   places
	used map[string]bool // names of listeners that were there, and of clusters that are led to
	kept []any           // clusters
	// secrets are those that came by xDS. The only ones are the hop's.
	secrets []any
	errs    []error
}

func (x *exchange) found(name string) { x.used["listener "+name] = true }

func (x *exchange) missing() (errs []error) {
	for _, name := range []string{x.form.Outer, x.form.Inner} {
		if !x.used["listener "+name] {
			errs = append(errs, fmt.Errorf("the dump has no listener %s", name))
		}
	}
	return errs
}

func (x *exchange) fail(format string, args ...any) {
	x.errs = append(x.errs, fmt.Errorf(format, args...))
}

// accessLog has the object's access logs written to the file, in place of standard
// output.
func (x *exchange) accessLog(o object) {
	if x.at.log == "" {
		delete(o, "access_log")
		return
	}
	for _, l := range listOf(o, "access_log") {
		config := child(l.(object), "typed_config")
		if textOf(config, "@type") == "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog" {
			config["@type"] = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
		} else if path := textOf(config, "path"); path != "/dev/stdout" {
			x.fail("an access log is written to %q, want /dev/stdout", path)
		}
		config["path"] = x.at.log
	}
}

// listener completes one and notes the clusters to which it leads.
func (x *exchange) listener(l object) {
	walk(l, func(o object) {
		x.accessLog(o)
		if rds := child(o, "rds"); rds != nil {
			name := textOf(rds, "route_config_name")
			r, ok := x.dump.routes[name]
			if !ok {
				x.fail("the dump has no route configuration %s", name)
				return
			}
			delete(o, "rds")
			o["route_config"] = r
			r["virtual_hosts"] = slices.DeleteFunc(listOf(r, "virtual_hosts"), func(v any) bool {
				o, _ := v.(object)
				domains := listOf(o, "domains")
				return textOf(l, "name") == "outer" && !slices.Contains(domains, any(x.form.Host))
			})
		}
		if textOf(o, "@type") == hcm {
			delete(o, "tracing")
		}
		if c := child(o, "credential"); c["sds_config"] != nil {
			delete(c, "sds_config")
			x.secrets = append(x.secrets, object{"name": c["name"], "generic_secret": object{"secret": object{"inline_string": Hop}}})
		}
		for _, key := range []string{"http_filters", "filters", "upstream_http_filters"} {
			if list, ok := o[key].([]any); ok {
				o[key] = slices.DeleteFunc(list, meshOnly)
			}
		}
	})
	walk(l, func(o object) {
		for _, key := range []string{"cluster", "cluster_name"} {
			if name := textOf(o, key); name != "" {
				x.used["cluster "+name] = true
			}
		}
		if o["cluster_header"] != nil {
			for _, name := range clusters {
				x.used["cluster "+name] = true
			}
		}
	})
}

const hcm = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

// meshOnly tells the filters that only Istio's build of Envoy has.
func meshOnly(v any) bool {
	o, _ := v.(object)
	return strings.HasPrefix(textOf(o, "name"), "istio.")
}

// clusters keeps those that are led to, with the addresses of the test.
func (x *exchange) clusters() {
	for _, c := range x.dump.clusters {
		name := textOf(c, "name")
		if !x.used["cluster "+name] {
			continue
		}
		delete(x.used, "cluster "+name)
		if textOf(c, "type") == "EDS" {
			service := textOf(child(c, "eds_cluster_config"), "service_name")
			if service == "" {
				service = name
			}
			e, ok := x.dump.endpoints[service]
			if !ok {
				x.fail("the dump has no endpoints %s", service)
				continue
			}
			delete(c, "eds_cluster_config")
			c["type"] = "STATIC"
			c["load_assignment"] = e
		}
		if x.endpoints(c) { // the mesh's mutual TLS with heald
			delete(c, "transport_socket")
			delete(c, "transport_socket_matches")
		}
		x.tls(c)
		c["filters"] = slices.DeleteFunc(listOf(c, "filters"), meshOnly)
		x.kept = append(x.kept, c)
	}
	for name := range x.used {
		if cluster, ok := strings.CutPrefix(name, "cluster "); ok {
			x.fail("the dump has no cluster %s", cluster)
		}
	}
}

func listOf(o object, key string) []any {
	list, _ := o[key].([]any)
	return list
}

// endpoints exchanges the addresses of a cluster, and says whether it is heald's,
// whose statistics then have that name, by which tests find them.
func (x *exchange) endpoints(c object) (heald bool) {
	for _, group := range children(child(c, "load_assignment"), "endpoints") {
		var out []any
		replicas := false
		for _, e := range children(group, "lb_endpoints") {
			s := child(e, "endpoint", "address", "socket_address")
			if s == nil { // the internal listener
				out = append(out, e)
				continue
			}
			host := textOf(s, "address")
			port, _ := s["port_value"].(float64)
			from := net.JoinHostPort(host, strconv.Itoa(int(port)))
			switch to, ok := x.at.providers[host]; {
			case ok:
				child(e, "endpoint")["address"] = socket(to)
				out = append(out, e)
			case slices.Contains(x.form.Heald, from):
				if replicas { // all of them stand where the first was
					continue
				}
				replicas, heald = true, true
				c["alt_stat_name"] = "heald"
				for _, r := range x.at.replicas {
					one := maps.Clone(e)
					one["endpoint"] = maps.Clone(child(e, "endpoint"))
					one["endpoint"].(object)["address"] = socket(r)
					delete(one, "metadata") // Istio's, with its address and mutual TLS
					out = append(out, one)
				}
			case slices.Contains(x.form.Loopback, from):
				// The name stays, to be resolved as the mesh would.
				_, p, _ := net.SplitHostPort(x.at.inner)
				n, _ := strconv.Atoi(p)
				s["port_value"] = n
				out = append(out, e)
			case strings.HasSuffix(host, ".invalid"): // it never exists, and no resolver is asked
			default:
				x.fail("cluster %s: no address to take the place of %s", textOf(c, "name"), from)
			}
		}
		group["lb_endpoints"] = out
	}
	return heald
}

// tls exchanges the CAs that a cluster trusts, which may come by xDS.
func (x *exchange) tls(c object) {
	walk(c, func(o object) {
		context := child(o, "common_tls_context")
		if context == nil {
			return
		}
		v := child(context, "combined_validation_context", "default_validation_context")
		if v == nil {
			v = child(context, "validation_context")
		}
		if v == nil {
			if context["validation_context_sds_secret_config"] == nil && context["combined_validation_context"] == nil {
				return // it trusts everybody
			}
			v = object{}
		}
		delete(context, "combined_validation_context")
		delete(context, "validation_context_sds_secret_config")
		v["trusted_ca"] = object{"filename": x.at.ca}
		context["validation_context"] = v
	})
}

// socket is the address of a port.
func socket(address string) object {
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	return object{"socket_address": object{"address": host, "port_value": n}}
}
