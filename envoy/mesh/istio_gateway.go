package mesh

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// innerHost is the name under which the mesh knows the inner listener.
const innerHost = "inner.heald"

// nowhere is the host of a request that heald was not asked about. The domain is
// reserved for names that never exist (RFC 6761).
const (
	nowhere     = "heald-nowhere.invalid"
	nowhereName = "heald-nowhere"
)

// outer writes the hop that clients reach, for the host or for one more team's.
func (i *istio) outer() {
	server := tree("port", inline(tree("number", i.p.Port, "name", "http", "protocol", "HTTP")), "hosts", list(i.p.Host))
	if i.p.TLSSecret != "" {
		server = tree("port", inline(tree("number", i.p.Port, "name", "https", "protocol", "HTTPS")), "hosts", list(i.p.Host),
			"tls", tree("mode", "SIMPLE", "credentialName", i.p.TLSSecret))
	}
	i.add("Where clients connect.", networking, "Gateway", i.p.Namespace, i.name(), "spec", tree("selector", at(i.selector("labels"), "labels"), "servers", list(server)))
	i.outerService(tree("hosts", list(i.p.Host), "gateways", list(i.name())), innerHost)
	patches := i.outerPatches("GATEWAY", fmt.Sprintf("%s:%d", i.p.Host, i.p.Port))
	listener := tree("portNumber", i.p.PodPort, "filterChain", tree("filter", tree("name", managerName)))
	config := tree("@type", manager,
		because{"local_reply_config", "Envoy's own replies to requests for this host as errors that Anthropic and OpenAI clients can read. Other sites of the listener keep theirs."}, i.c.outerReplies(i.p.Host),
		because{"access_log", "Without the query, which may hold an API key (?key=)."}, i.accessLog())
	before := tree("name", managerName, "subFilter", tree("name", routerName))
	if i.p.Team == "" {
		closing := tree("name", closeFilter, "typed_config", tree("@type", lua))
		patches = append(patches, patch("A place for the script of the route heald-outer; other routes have none, so it does nothing there.",
			"HTTP_FILTER", tree("context", "GATEWAY", "listener", tree("portNumber", i.p.PodPort, "filterChain", tree("filter", before))), "INSERT_BEFORE", closing))
		set(config, "http_protocol_options", tree(because{"ignore_http_11_upgrade", "Java's HttpClient of Apache (5.4 and later, so Spring) offers TLS with each request, and Envoy would refuse it."}, list(inline(tree("prefix", "TLS/")))))
		patches = append(patches, patch("What outer needs to know of inner. Retries at a time are bounded by a budget; with Envoy's default only 3.", "CLUSTER", tree("context", "GATEWAY"), "ADD", i.innerCluster()))
	}
	patches = append(patches, patch(fmt.Sprintf("portNumber is the port on which the gateway's pod listens, the Service's targetPort, not its port %d.", i.p.Port), "NETWORK_FILTER",
		tree("context", "GATEWAY", "listener", listener), "MERGE", tree("typed_config", config)))
	i.envoyFilter("What Istio has no field for, on the outer hop.", i.name()+"-outer", patches...)
	if i.p.Team == "" {
		i.telemetry()
	}
}

// innerCluster leads from outer to inner, and carries memory between attempts.
func (i *istio) innerCluster() *yaml.Node {
	c := clone(i.c.cluster("inner"))
	set(c, "name", innerName)
	address := tree("address", tree("socket_address", tree("address", "127.0.0.1", "port_value", innerPort)))
	if i.p.Form == SidecarForm {
		address = tree("address", tree("envoy_internal_address", tree("server_listener_name", innerName)))
	}
	set(c, "load_assignment", tree("cluster_name", innerName, "endpoints", list(tree("lb_endpoints", list(tree("endpoint", address))))))
	if m := i.c.memory(i.p); m != nil {
		const options = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
		set(c, "typed_extension_protocol_options", tree("envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			tree("@type", options, "explicit_http_config", tree("http_protocol_options", inline(tree())),
				because{"http_filters", "In this cluster, and not in the listener's router, where all sites would have them."}, list(m, upstreamCodec()))))
	}
	return c
}

// inner writes the hop of one attempt.
func (i *istio) inner() {
	i.add("The inner hop: one attempt. On loopback, so that only this pod reaches it. Any host: heald may change :authority, and would then find no virtual host.",
		networking, "Gateway", i.p.Namespace, innerName, "spec", tree("selector", at(i.selector("labels"), "labels"), "servers", list(tree(
			"port", inline(tree("number", innerPort, "name", "http-inner", "protocol", "HTTP")), "bind", "127.0.0.1", "hosts", list("*")))))
	i.add("Where outer goes should its patch match nothing: retries by mark still work then, with memory in the store.", networking, "ServiceEntry", i.p.Namespace, innerName,
		"spec", tree("hosts", list(innerHost), "exportTo", inline(list(".")), "location", "MESH_EXTERNAL", "resolution", "STATIC",
			"ports", list(inline(tree("number", innerPort, "name", "http", "protocol", "HTTP"))), "endpoints", list(inline(tree("address", "127.0.0.1")))))
	i.add("", networking, "DestinationRule", i.p.Namespace, innerName, "spec", tree("host", innerHost, "exportTo", inline(list(".")), "trafficPolicy", tree(
		"connectionPool", tree("http", inline(tree("maxRetries", 100000, "http1MaxPendingRequests", 100000, "http2MaxRequests", 100000))),
		because{"tls", "The inner listener speaks plain text, and never leaves the pod."}, inline(tree("mode", "DISABLE")))))
	i.add("A host without endpoints, for requests that heald was not asked about.", networking, "ServiceEntry", i.p.Namespace, nowhereName,
		"spec", tree("hosts", list(nowhere), "exportTo", inline(list(".")), "location", "MESH_EXTERNAL", "resolution", "STATIC",
			"ports", list(inline(tree("number", 80, "name", "http", "protocol", "HTTP"))),
			because{"workloadSelector", "STATIC must name endpoints or labels, and no pod has this one."}, tree("labels", inline(tree("heald-nowhere", "none")))))
	i.add("", networking, "DestinationRule", i.p.Namespace, nowhereName, "spec", tree("host", nowhere, "exportTo", inline(list(".")), "trafficPolicy", tree(
		"connectionPool", tree(because{"http", "It has no connections; heald check asks for this of all clusters behind the inner hop."}, inline(tree("idleTimeout", "50s"))))))
	i.innerService()
	i.innerFilter()
}

// innerService chooses the provider that heald names.
func (i *istio) innerService() {
	routes := list()
	add := func(why string, x provider, name string, match *yaml.Node) {
		route := tree("name", name, "match", list(match), "retries", inline(tree("attempts", 0)))
		if i.p.routesAuthority() && x.authority != "" {
			set(route, "rewrite", inline(tree("authority", x.authority)))
		}
		set(route, "headers", tree(
			"request", tree("remove", texts(i.c.host("inner"), "request_headers_to_remove")),
			"response", tree("remove", texts(i.c.host("inner"), "response_headers_to_remove"))))
		set(route, "route", list(tree("destination", tree("host", x.host, "port", inline(tree("number", x.port))))))
		routes.Content = append(routes.Content, noted(why, route))
	}
	for _, x := range i.providers {
		add("", x, x.name, tree("headers", tree("x-heald-cluster", inline(tree("exact", x.name)))))
	}
	add("Before heald has been asked: without a route Envoy would not apply the virtual host's body limit. It leads nowhere, so that no provider sees a client's credentials and prompt should heald not be asked: 503. A name that no route has gets 404 and never another provider, which must not see its credentials.",
		provider{host: nowhere, port: 80}, "before-heald", tree("withoutHeaders", tree("x-heald-cluster", inline(tree("regex", ".+"))))) // .* would match a header that is not there, as an empty one
	i.add("heald names the backend of each attempt; a route leads to each.", networking, "VirtualService", i.p.Namespace, innerName,
		"spec", tree("hosts", list("*"), "gateways", list(innerName), "http", routes))
}

// innerFilter has heald asked on the inner hop.
func (i *istio) innerFilter() {
	listener := func(filter *yaml.Node) *yaml.Node {
		return tree("context", "GATEWAY", "listener", tree("portNumber", innerPort, "filterChain", tree("filter", filter)))
	}
	before := func(why string, f *yaml.Node) *yaml.Node {
		return patch(why, "HTTP_FILTER", listener(tree("name", managerName, "subFilter", tree("name", routerName))), "INSERT_BEFORE", f)
	}
	m := i.c.manager("inner")
	config := only(m, "@type", "stream_idle_timeout", "delayed_close_timeout", "common_http_protocol_options")
	config = tree(append([]any{"@type", manager,
		because{"preserve_external_request_id", "Each attempt comes as a new request to an edge, which would get another x-request-id."}, true,
		because{"stream_idle_timeout", "outer and heald have the timers; a third one is not needed."}, text(config, "stream_idle_timeout"),
		because{"delayed_close_timeout", "A broken stream reaches the client at once (the default adds 1s)."}, text(config, "delayed_close_timeout")},
		"common_http_protocol_options", clone(at(m, "common_http_protocol_options")),
		because{"local_reply_config", "Replies that heald did not make are marked, so that outer tries again; these texts reach the client if all attempts fail."}, i.c.innerReplies())...)
	host := tree(because{"request_body_buffer_limit", "The same as on outer."}, i.c.maxBody())
	if added := at(i.c.host("inner"), "response_headers_to_add"); added != nil && i.p.Envoy.Hedge {
		set(host, "response_headers_to_add", clone(added))
	}
	route := clone(at(i.c.filter("inner", routerName), "typed_config"))
	if !i.p.Envoy.Hedge {
		route = only(route, "@type", "suppress_envoy_headers")
	}
	explain(route, "suppress_envoy_headers", "No x-envoy-* headers of this router to the provider or to heald.")
	explain(route, "upstream_http_filters", "For attempts that are sent twice (hedge in heald.yaml).")
	patches := []any{
		before("Asks heald.", i.c.heald(i.cluster())),
		before("An attempt after one that got no reply goes over a new connection: Envoy also pools connections by this value.", clone(i.c.filter("inner", "heald.connection"))),
		before("A short list of what may go to the provider: Istio and Envoy add headers after heald has seen them (x-envoy-peer-metadata, x-forwarded-*).", clone(i.c.filter("inner", "heald.allow"))),
		patch("", "HTTP_FILTER", listener(tree("name", managerName, "subFilter", tree("name", routerName))), "MERGE", tree("typed_config", route)),
		patch("MERGE cannot set false or 0: use_remote_address stays true, hence preserve_external_request_id.", "NETWORK_FILTER", listener(tree("name", managerName)), "MERGE", tree("typed_config", config)),
		patch("", "VIRTUAL_HOST", tree("context", "GATEWAY", "routeConfiguration", tree("vhost", tree("name", "*:"+strconv.Itoa(innerPort)))), "MERGE", host),
		patch("Requests that outer has accepted are finished, whatever the overload manager says.", "LISTENER", tree("context", "GATEWAY", "listener", tree("portNumber", innerPort)), "MERGE",
			tree("bypass_overload_manager", true, "ignore_global_conn_limit", true,
				because{"per_connection_buffer_limit_bytes", "What Envoy reads ahead of a slow receiver. Bodies may be larger."}, number(i.c.listener("inner"), "per_connection_buffer_limit_bytes"))),
		i.promptly("GATEWAY"),
	}
	i.envoyFilter("What Istio has no field for, on the inner hop.", innerName, patches...)
}

// promptly has changes of heald's replicas take effect at once, and finds dead
// connections to them.
func (i *istio) promptly(context string) *yaml.Node {
	host, _, _, port := i.p.service()
	return patch("A replica that is left out is left out at once; by default Envoy delays a change that follows another one by 1s.", "CLUSTER",
		tree("context", context, "cluster", tree("service", host, "portNumber", port)), "MERGE", tree(
			"common_lb_config", tree("update_merge_window", "0s"),
			because{"typed_extension_protocol_options", "Finds dead connections: an ordinary DestinationRule has no pings of HTTP/2."}, clone(at(i.c.cluster("heald"), "typed_extension_protocol_options"))))
}
