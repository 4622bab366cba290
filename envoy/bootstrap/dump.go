package bootstrap

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// maxDump bounds a dump's bytes. A gateway of a mesh with a thousand services
// shows about 30 MB.
const maxDump = 128 << 20

// Dump is the configuration that an Envoy shows of itself: what was in its
// file, and what it got by xDS.
type Dump struct {
	// Name is the Envoy's, as namespace/pod; "" if the dump has none.
	Name string

	// all is everything as if it were static. Its node is that of the Envoy's
	// file, if the dump has that.
	all                                    *bootstrapv3.Bootstrap
	listeners, routes, clusters, endpoints bool     // parts that the dump has
	apart                                  bool     // it is two Envoys: one for each hop
	rejected                               []faulty // updates that Envoy did not take
	unread                                 []faulty // resources that could not be read
	filters                                map[string]*corev3.TypedExtensionConfig
	configs                                map[string]*routev3.RouteConfiguration
}

// faulty is a resource with which something is wrong; name is "" if not known.
type faulty struct{ kind, name, why string }

// yamlDump is how a dump begins a list in YAML.
var yamlDump = regexp.MustCompile(`(?m)^\s*configs:\s*$`)

// ParseDump reads what Envoy's admin interface shows at /config_dump, which
// `istioctl proxy-config all -o json` prints as it is. `egctl config envoy-proxy
// all` prints it by namespace and pod. A file without a dump gives none.
//
// Unlike Parse it takes fields that it does not know: this Envoy has taken
// them. One resource that cannot be read does not hide the others.
func ParseDump(file []byte) ([]*Dump, error) {
	if len(file) > maxDump {
		return nil, fmt.Errorf("parse the dump: %d bytes, at most %d are read", len(file), maxDump)
	}
	file, err := withoutMark(file)
	if err != nil {
		return nil, fmt.Errorf("parse the dump: %w", err)
	}
	var tree any
	switch trimmed := bytes.TrimSpace(file); {
	case len(trimmed) == 0:
		return nil, nil
	case trimmed[0] == '{' || trimmed[0] == '[':
		if err := json.Unmarshal(trimmed, &tree); err != nil {
			if !bytes.Contains(trimmed, []byte("envoy.admin.v3.")) {
				return nil, nil // YAML may begin like that, too
			}
			return nil, fmt.Errorf("parse the dump: %w", err)
		}
	case yamlDump.Match(file) && bytes.Contains(file, []byte("envoy.admin.v3.")):
		if err := yaml.Unmarshal(file, &tree); err != nil {
			return nil, fmt.Errorf("parse the dump: %w", err)
		}
	default:
		return nil, nil
	}
	var dumps []*Dump
	findDumps(tree, nil, func(name string, parts []any) { dumps = append(dumps, newDump(name, parts)) })
	// An Envoy's own file has no field configs.
	if len(dumps) == 0 && (member(tree, "configs") != nil || bytes.Contains(file, []byte("envoy.admin.v3."))) {
		return nil, errors.New("parse the dump: no configuration of listeners, routes or clusters in it; want all of /config_dump?include_eds")
	}
	for i, d := range dumps {
		if d.Name == "" && len(dumps) > 1 {
			d.Name = fmt.Sprintf("Envoy %d", i+1)
		}
	}
	return dumps, nil
}

// withoutMark is a file in UTF-8 without a byte order mark. PowerShell writes
// what a tool prints in UTF-16, which has one.
func withoutMark(file []byte) ([]byte, error) {
	if len(file) == 0 || !bytes.Contains([]byte{0xef, 0xfe, 0xff}, file[:1]) {
		return file, nil
	}
	out, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), file)
	return out, err
}

// dumpDepth is how deep a dump may be in what a tool has put around it.
const dumpDepth = 6

// findDumps finds the dumps in a tree. Around them there may be the namespace,
// the pod, or the kind of each part.
func findDumps(v any, at []string, found func(name string, parts []any)) {
	if len(at) > dumpDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		if parts := slices.DeleteFunc(slices.Clone(v), func(x any) bool { return !isPart(x) }); len(parts) > 0 {
			found(strings.Join(at, "/"), parts)
			return
		}
		for _, x := range v {
			findDumps(x, at, found)
		}
	case map[string]any:
		if isPart(v) {
			found(strings.Join(at, "/"), []any{v})
			return
		}
		var parts []any
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if isPart(v[k]) {
				parts = append(parts, v[k])
			}
		}
		if len(parts) > 0 {
			found(strings.Join(at, "/"), parts)
			return
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			switch v[k].(type) {
			case []any, map[string]any:
			default:
				continue
			}
			if k == "configs" || k == "xds" || k == "config_dump" {
				findDumps(v[k], at, found)
				continue
			}
			findDumps(v[k], append(slices.Clone(at), k), found)
		}
	}
}

// isPart reports whether a value is a part of a dump.
func isPart(v any) bool {
	url, _ := member(v, "@type").(string)
	return strings.Contains(url, "envoy.admin.v3.") && strings.HasSuffix(url, "ConfigDump") && !strings.HasSuffix(url, ".ConfigDump")
}

// member returns a field of a JSON object, written as Envoy does or in camel
// case.
func member(v any, name string) any {
	m, _ := v.(map[string]any)
	if x, ok := m[name]; ok {
		return x
	}
	var camel strings.Builder
	for i, word := range strings.Split(name, "_") {
		if i > 0 && word != "" {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		camel.WriteString(word)
	}
	return m[camel.String()]
}

func list(v any, name string) []any {
	all, _ := member(v, name).([]any)
	return all
}

func text(v any, name string) string {
	s, _ := member(v, name).(string)
	return s
}

// resource is a part of a dump: how its lists, and the resource in each item, are
// called.
type resource struct {
	kind, field string
	lists       []string
}

var (
	listenerLists = []string{"static_listeners", "dynamic_listeners"}
	clusterList   = resource{"cluster", "cluster", []string{"static_clusters", "dynamic_active_clusters"}}
	routeList     = resource{"route configuration", "route_config", []string{"static_route_configs", "dynamic_route_configs"}}
	endpointList  = resource{"endpoints", "endpoint_config", []string{"static_endpoint_configs", "dynamic_endpoint_configs"}}
	filterList    = resource{"filter", "ecds_filter", []string{"ecds_filters"}}
)

func newDump(name string, parts []any) *Dump {
	d := &Dump{Name: name, all: &bootstrapv3.Bootstrap{}, configs: map[string]*routev3.RouteConfiguration{}, filters: map[string]*corev3.TypedExtensionConfig{}}
	static := &bootstrapv3.Bootstrap_StaticResources{}
	assignments := map[string]*endpointv3.ClusterLoadAssignment{}
	for _, part := range parts {
		d.readPart(part, static, assignments)
	}
	own := d.all.GetStaticResources()
	if !d.listeners {
		static.Listeners = own.GetListeners()
	}
	if !d.clusters {
		static.Clusters = own.GetClusters()
	}
	d.all.StaticResources = static
	for _, l := range static.Listeners {
		d.fill(l)
	}
	assign(static.Clusters, assignments)
	return d
}

// readPart reads one part of a dump; listeners, clusters and endpoints go where the
// caller says.
func (d *Dump) readPart(part any, static *bootstrapv3.Bootstrap_StaticResources, assignments map[string]*endpointv3.ClusterLoadAssignment) {
	url := text(part, "@type")
	switch url[strings.LastIndexByte(url, '.')+1:] {
	case "BootstrapConfigDump":
		d.read(member(part, "bootstrap"), d.all, "bootstrap")
	case "ListenersConfigDump":
		d.listeners = true
		static.Listeners = append(static.Listeners, d.readListeners(part)...)
	case "ClustersConfigDump":
		d.clusters = true
		d.readAll(part, clusterList, func() proto.Message { return &clusterv3.Cluster{} }, func(m proto.Message) {
			static.Clusters = append(static.Clusters, m.(*clusterv3.Cluster))
		})
	case "RoutesConfigDump":
		d.routes = true
		d.readAll(part, routeList, func() proto.Message { return &routev3.RouteConfiguration{} }, func(m proto.Message) {
			d.configs[m.(*routev3.RouteConfiguration).GetName()] = m.(*routev3.RouteConfiguration)
		})
	case "EndpointsConfigDump":
		d.endpoints = true
		d.readAll(part, endpointList, func() proto.Message { return &endpointv3.ClusterLoadAssignment{} }, func(m proto.Message) {
			assignments[m.(*endpointv3.ClusterLoadAssignment).GetClusterName()] = m.(*endpointv3.ClusterLoadAssignment)
		})
	case "EcdsConfigDump":
		d.readAll(part, filterList, func() proto.Message { return &corev3.TypedExtensionConfig{} }, func(m proto.Message) {
			d.filters[m.(*corev3.TypedExtensionConfig).GetName()] = m.(*corev3.TypedExtensionConfig)
		})
	}
}

// assign gives clusters the endpoints that they get by EDS.
func assign(clusters []*clusterv3.Cluster, assignments map[string]*endpointv3.ClusterLoadAssignment) {
	for _, cl := range clusters {
		if cl.GetLoadAssignment() != nil {
			continue
		}
		if a := assignments[cl.GetEdsClusterConfig().GetServiceName()]; a != nil {
			cl.LoadAssignment = a
		} else if a := assignments[cl.GetName()]; a != nil {
			cl.LoadAssignment = a
		}
	}
}

// readListeners reads the listeners that run. Of one that was changed, the new
// form may still be warming up; it is what clients get next.
func (d *Dump) readListeners(part any) []*listenerv3.Listener {
	var all []*listenerv3.Listener
	for _, name := range listenerLists {
		for _, item := range list(part, name) {
			d.refused("listener", text(item, "name"), item)
			state := item
			if name == "dynamic_listeners" {
				if state = member(item, "active_state"); state == nil {
					state = member(item, "warming_state")
				}
			}
			l := &listenerv3.Listener{}
			if member(state, "listener") != nil && d.read(member(state, "listener"), l, "listener") {
				all = append(all, l)
			}
		}
	}
	return all
}

func (d *Dump) readAll(part any, r resource, empty func() proto.Message, add func(proto.Message)) {
	for _, name := range r.lists {
		for _, item := range list(part, name) {
			inner := member(item, r.field)
			d.refused(r.kind, text(inner, "name"), item)
			m := empty()
			if inner != nil && d.read(inner, m, r.kind) {
				add(m)
			}
		}
	}
}

// refused keeps an update that Envoy did not take.
func (d *Dump) refused(kind, name string, item any) {
	failed := member(item, "error_state")
	if failed == nil {
		return
	}
	if name == "" {
		name = text(member(failed, "failed_configuration"), "name")
	}
	d.rejected = append(d.rejected, faulty{kind, name, text(failed, "details")})
}

// read decodes one resource. What cannot be read is kept in mind.
func (d *Dump) read(v any, into proto.Message, kind string) bool {
	name := text(v, "name")
	fields, ok := sealed(v, 0).(map[string]any)
	if !ok {
		d.unread = append(d.unread, faulty{kind, name, "not an object"})
		return false
	}
	if url := text(fields, "@type"); url == typedStruct {
		d.unread = append(d.unread, faulty{kind, name, "its type is not known"})
		return false
	}
	delete(fields, "@type")
	data, err := json.Marshal(fields)
	if err == nil {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, into)
	}
	if err != nil {
		proto.Reset(into)
		d.unread = append(d.unread, faulty{kind, name, withoutValue(err)})
		return false
	}
	return true
}

// withoutValue is the text of an error without the value that it quotes, which
// may be a secret.
func withoutValue(err error) string {
	said := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	if i := strings.IndexByte(said, '"'); i >= 0 {
		said = strings.TrimRight(said[:i], ": ")
	}
	if i := strings.LastIndex(said, "): "); i >= 0 {
		said = said[i+3:]
	}
	return said
}

// sealed copies a tree, with extensions whose type heald does not have as what
// Envoy calls a TypedStruct.
func sealed(v any, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = sealed(x, depth+1)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = sealed(x, depth+1)
		}
		if url, ok := out["@type"].(string); ok && !known(url) {
			delete(out, "@type")
			return map[string]any{"@type": typedStruct, "typeUrl": url, "value": out}
		}
		return out
	}
	return v
}

// fill puts in what a listener's HTTP filter chains get by RDS and ECDS.
func (d *Dump) fill(l *listenerv3.Listener) {
	for _, ch := range chainsOf(l, "") {
		changed := false
		if config := d.configs[ch.hcm.GetRds().GetRouteConfigName()]; ch.hcm.GetRds() != nil && config != nil {
			setRoutes(ch.hcm, config)
			changed = true
		}
		for _, f := range ch.hcm.GetHttpFilters() {
			if filter := d.filters[f.GetName()]; f.GetConfigDiscovery() != nil && filter != nil {
				setFilter(f, filter.GetTypedConfig())
				changed = true
			}
		}
		if !changed {
			continue
		}
		if err := ch.pack(); err != nil {
			d.unread = append(d.unread, faulty{"listener", l.GetName(), withoutValue(err)})
		}
	}
}
