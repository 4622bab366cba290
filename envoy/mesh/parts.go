package mesh

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

const (
	// innerPort is where the inner listener listens if it needs a port.
	innerPort = 18081
	// healdName and healdPort are heald's Service unless --heald names another.
	healdName = "heald"
	healdPort = 9000
	// innerName is what the inner hop is called in manifests.
	innerName = "heald-inner"
	// closeFilter is the filter for gemini-cli.
	closeFilter = "heald.close"
	// outerRoute is the name of the route whose retries are those of heald.
	outerRoute = "heald-outer"
	// backOff is the wait before the first retry of what asks for none: long enough,
	// over all retries, for a dead replica to be left out.
	backOff = "25ms"
)

const (
	lua         = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
	luaRoute    = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute"
	router      = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
	manager     = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
	managerName = "envoy.filters.network.http_connection_manager"
	routerName  = "envoy.filters.http.router"
	celFilter   = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
)

// parts is Envoy's configuration for heald.yaml, to take parts from.
type parts struct{ root *yaml.Node }

func newParts(p bootstrap.Params) (*parts, error) {
	p.BufferRequests = true           // proven in meshes, whose Envoys may be older than the other mode
	p.AccessLog, p.Lean = true, false // parts are left out here, if at all
	b, err := bootstrap.Render(p)
	if err != nil {
		return nil, err
	}
	text, err := bootstrap.YAML(b)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read Envoy configuration: %w", err)
	}
	return &parts{doc.Content[0]}, nil
}

// listener and cluster are those of the name.
func (c *parts) listener(name string) *yaml.Node {
	return at(c.root, "static_resources", "listeners", "name="+name)
}

func (c *parts) cluster(name string) *yaml.Node {
	return at(c.root, "static_resources", "clusters", "name="+name)
}

// manager is the connection manager of a listener, host its only virtual host.
func (c *parts) manager(listener string) *yaml.Node {
	return at(c.listener(listener), "filter_chains", "0", "filters", "0", "typed_config")
}

func (c *parts) host(listener string) *yaml.Node {
	return at(c.manager(listener), "route_config", "virtual_hosts", "0")
}

// route is the outer route, retries its policy.
func (c *parts) route() *yaml.Node { return at(c.host("outer"), "routes", "0") }

func (c *parts) retries() *yaml.Node { return at(c.route(), "route", "retry_policy") }

// attempts is how often outer may try again.
func (c *parts) attempts() int { return number(c.retries(), "num_retries") }

// retryOn are the conditions, beside heald's mark, under which outer tries again.
func (c *parts) retryOn() []string {
	all := strings.Split(text(c.retries(), "retry_on"), ",")
	slices.Sort(all)
	return slices.DeleteFunc(all, func(s string) bool { return s == retryMark })
}

// retryOnMark are all conditions, as Envoy writes them.
func (c *parts) retryOnMark() string {
	return strings.Join(append([]string{retryMark}, c.retryOn()...), ",")
}

// retryMark is the condition that a reply has heald's mark.
const retryMark = "retriable-headers"

// maxBody is the largest request body in bytes.
func (c *parts) maxBody() int { return number(c.host("outer"), "request_body_buffer_limit") }

// removed are the headers that no client may send, without those that the outer
// route sets whatever the client has sent.
func (c *parts) removed(p *Params) []string {
	all := append(texts(c.host("outer"), "request_headers_to_remove"), texts(c.route(), "request_headers_to_remove")...)
	return slices.DeleteFunc(all, func(s string) bool { return s == "x-heald-policy" || s == hopHeader && p.Envoy.Hop != "" })
}

// mapper is the last mapper of a listener's local replies whose condition has the
// text.
func (c *parts) mapper(listener, condition string) (found *yaml.Node) {
	for _, m := range at(c.manager(listener), "local_reply_config", "mappers").Content {
		if strings.Contains(text(m, "filter", "extension_filter", "typed_config", "expression"), condition) {
			found = m
		}
	}
	return found
}

// webSocket is the mapper for requests that begin as a WebSocket.
func (c *parts) webSocket() *yaml.Node { return c.mapper("outer", "'upgrade_failed'") }

// body is the error that a mapper makes, without what only Envoy can fill in.
func body(mapper *yaml.Node) string {
	e := at(mapper, "body_format_override", "json_format", "error")
	return fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q}}`, text(e, "type"), text(e, "message"))
}

func (c *parts) filter(listener, name string) *yaml.Node {
	return at(c.manager(listener), "http_filters", "name="+name)
}

// memory are the upstream filters that carry memory from one attempt to the
// next; nil if all policies keep theirs in the store.
func (c *parts) memory(p *Params) *yaml.Node {
	if p.storesMemory() {
		return nil
	}
	return noted("Carries what the next attempt must know from one attempt's reply to the next one's request.",
		clone(at(c.filter("outer", routerName), "typed_config", "upstream_http_filters", "name=heald.memory")))
}

func (p *Params) storesMemory() bool {
	return !slices.ContainsFunc(p.Policies, func(x Policy) bool { return !x.StoreMemory })
}

func upstreamCodec() *yaml.Node {
	return noted("Required, as the last one, once the list is not empty.", tree("name", "envoy.filters.http.upstream_codec",
		"typed_config", tree("@type", "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec")))
}

// heald is the filter that asks heald, whose cluster has the name.
func (c *parts) heald(cluster string) *yaml.Node {
	f := clone(c.filter("inner", "heald"))
	set(at(f, "typed_config", "grpc_service", "envoy_grpc"), "cluster_name", cluster)
	explain(at(f, "typed_config"), "message_timeout", "Covers heald's waits for a slot or a cooldown (the default is 0.2s).")
	explain(at(f, "typed_config"), "mutation_rules", "heald removes all client headers but a few, x-envoy-* too.")
	explain(at(f, "typed_config"), "response_attributes", "Shows heald whether a reply is the provider's or Envoy's own.")
	return f
}

// outerReplies are Envoy's own replies as errors that clients of language models
// can read. With a host they are for requests to it only: other sites of the
// listener keep theirs.
func (c *parts) outerReplies(host string) *yaml.Node {
	ours := toHost(host)
	if host == "" {
		ours = "true"
	}
	mappers := list()
	config := at(c.manager("outer"), "local_reply_config")
	for _, m := range at(config, "mappers").Content {
		m = clone(m)
		var condition string
		if cel := text(m, "filter", "extension_filter", "typed_config", "expression"); cel != "" {
			condition = cel
		} else {
			condition = "response.code == " + text(m, "filter", "status_code_filter", "comparison", "value", "default_value")
		}
		if strings.Contains(condition, "health_check_") {
			continue // the mesh has its own health checks
		}
		if host != "" {
			condition = ours + " && " + condition
		}
		set(m, "filter", cel(condition))
		mappers.Content = append(mappers.Content, m)
	}
	last := tree("filter", cel(ours), "body_format_override", clone(at(config, "body_format")))
	mappers.Content = append(mappers.Content, last)
	return tree("mappers", mappers)
}

// innerReplies mark what heald did not make, so that outer tries again.
func (c *parts) innerReplies() *yaml.Node {
	config := clone(at(c.manager("inner"), "local_reply_config"))
	tooLarge := clone(c.tooLarge())
	set(tooLarge, "filter", cel("response.code_details == 'request_payload_too_large'")) // Envoy's own, not heald's
	mappers := at(config, "mappers")
	mappers.Content = append(mappers.Content, tooLarge)
	return config
}

// tooLarge is the reply to bodies above the limit, which in this mode Envoy
// refuses itself.
func (c *parts) tooLarge() *yaml.Node {
	for _, m := range at(c.manager("outer"), "local_reply_config", "mappers").Content {
		if text(m, "filter", "status_code_filter", "comparison", "value", "default_value") == "413" {
			return m
		}
	}
	return nil
}

func cel(expression string) *yaml.Node {
	return tree("extension_filter", tree("name", "envoy.access_loggers.extension_filters.cel",
		"typed_config", tree("@type", celFilter, "expression", expression)))
}

// toHost is a condition in CEL: the request is for one of the hosts, in whatever
// case, with a port or without, as Envoy chooses virtual hosts.
func toHost(hosts ...string) string {
	pattern := strings.ReplaceAll(strings.Join(hosts, "|"), ".", "[.]")
	if len(hosts) > 1 {
		pattern = "(" + pattern + ")"
	}
	return fmt.Sprintf("request.host.matches('(?i)^%s[.]?(:[0-9]+)?$')", pattern)
}

// toService is toHost for a Service, which pods of its namespace also call by the
// beginning of its name: llm, llm.search, llm.search.svc.
func toService(host string) string {
	pattern := ""
	for n, label := range slices.Backward(strings.Split(host, ".")) {
		switch {
		case n == 0:
			pattern = label + pattern
		case n <= 3: // the name may end before it
			pattern = "([.]" + label + pattern + ")?"
		default:
			pattern = "[.]" + label + pattern
		}
	}
	return fmt.Sprintf("request.host.matches('(?i)^%s[.]?(:[0-9]+)?$')", pattern)
}

// joined lists numbers with commas.
func joined(all []int) string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, ", ")
}

// escaped doubles the % with which Envoy's formatters begin.
func escaped(s string) string { return strings.ReplaceAll(s, "%", "%%") }
