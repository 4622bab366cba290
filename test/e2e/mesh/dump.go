package mesh

import (
	"encoding/json"
	"fmt"
	"strings"
)

// object is a JSON object of an Envoy configuration.
type object = map[string]any

// dump is what a config dump holds, by name.
type dump struct {
	bootstrap           object
	listeners, clusters []object // in the order of the dump
	routes, endpoints   map[string]object
}

// readDump reads Envoy's /config_dump?include_eds, dynamic and static resources
// alike. Keys are those of the protos, with underscores.
func readDump(text []byte) (*dump, error) {
	var all struct {
		Configs []object `json:"configs"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("config dump: %w", err)
	}
	unpack := func(o object) object { // what was an Any of the dump stands in a typed field later
		delete(o, "@type")
		return o
	}
	d := &dump{routes: map[string]object{}, endpoints: map[string]object{}}
	for _, c := range all.Configs {
		kind, _ := c["@type"].(string)
		switch kind[strings.LastIndexByte(kind, '.')+1:] {
		case "BootstrapConfigDump":
			d.bootstrap = child(c, "bootstrap")
		case "ListenersConfigDump":
			for _, l := range children(c, "dynamic_listeners") {
				d.listeners = append(d.listeners, unpack(child(l, "active_state", "listener")))
			}
			for _, l := range children(c, "static_listeners") {
				d.listeners = append(d.listeners, unpack(child(l, "listener")))
			}
		case "ClustersConfigDump":
			for _, list := range []string{"dynamic_active_clusters", "static_clusters"} {
				for _, x := range children(c, list) {
					d.clusters = append(d.clusters, unpack(child(x, "cluster")))
				}
			}
		case "RoutesConfigDump":
			for _, list := range []string{"dynamic_route_configs", "static_route_configs"} {
				for _, x := range children(c, list) {
					r := unpack(child(x, "route_config"))
					d.routes[textOf(r, "name")] = r
				}
			}
		case "EndpointsConfigDump":
			for _, list := range []string{"dynamic_endpoint_configs", "static_endpoint_configs"} {
				for _, x := range children(c, list) {
					e := unpack(child(x, "endpoint_config"))
					d.endpoints[textOf(e, "cluster_name")] = e
				}
			}
		}
	}
	return d, nil
}

// child follows keys; nil if one is not there.
func child(o object, keys ...string) object {
	for _, k := range keys {
		o, _ = o[k].(object)
	}
	return o
}

// children are the objects of a list.
func children(o object, key string) (all []object) {
	list, _ := o[key].([]any)
	for _, x := range list {
		if c, ok := x.(object); ok {
			all = append(all, c)
		}
	}
	return all
}

func textOf(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

// walk visits all objects in v, outer ones first.
func walk(v any, visit func(object)) {
	switch v := v.(type) {
	case object:
		visit(v)
		for _, x := range v {
			walk(x, visit)
		}
	case []any:
		for _, x := range v {
			walk(x, visit)
		}
	}
}
