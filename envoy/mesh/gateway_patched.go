package mesh

import "go.yaml.in/yaml/v3"

// patches writes what Envoy Gateway has no field for.
func (g *gateway) patches() {
	if g.p.Team != "" {
		return // those of the listener are for all teams
	}
	listener := "type.googleapis.com/envoy.config.listener.v3.Listener"
	routes := "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	outer, inner := g.p.Namespace+"/"+llmName+"/outer", g.p.Namespace+"/"+llmName+"/inner"
	add := func(why, kind, name, op, jsonPath, path string, value *yaml.Node) any {
		return noted(why, tree("type", kind, "name", name, "operation", tree("op", op, "jsonPath", jsonPath, "path", path, "value", value)))
	}
	retry := g.c.retries()
	patches := []any{}
	if m := g.c.memory(g.p); m != nil {
		m.HeadComment = ""
		patches = append(patches, add("Carries what the next attempt must know from one attempt's reply to the next one's request.", listener, outer, "add",
			"..http_filters[?(@.name=='"+routerName+"')].typed_config", "/upstream_http_filters", list(m, upstreamCodec())))
	}
	policies := "..routes[*].route.retry_policy"
	patches = append(patches,
		add("heald counts attempts by this header.", routes, outer, "add", "..virtual_hosts[*]", "/include_request_attempt_count", value(true)),
		add("The mark, or no stamp: the reply is not from heald, its replica died.", routes, outer, "add", policies, "/retriable_headers", clone(at(retry, "retriable_headers"))),
		add("heald says how long to wait, in whole seconds.", routes, outer, "add", policies, "/rate_limited_retry_back_off", clone(at(retry, "rate_limited_retry_back_off"))),
		add("By the mark, no more by status: heald may use every status.", routes, outer, "replace", policies, "/retry_on", value(g.c.retryOnMark())),
		add("Replies that heald did not make are marked; these texts reach the client if all attempts fail.", listener, inner, "add",
			"..filters[?(@.name=='"+managerName+"')].typed_config", "/local_reply_config", g.c.innerReplies()),
		add("Envoy's own replies as errors that Anthropic and OpenAI clients can read.", listener, outer, "add",
			"..filters[?(@.name=='"+managerName+"')].typed_config", "/local_reply_config", g.c.outerReplies("")),
		add("A broken stream reaches the client at once (the default adds 1s).", listener, inner, "add",
			"..filters[?(@.name=='"+managerName+"')].typed_config", "/delayed_close_timeout", clone(at(g.c.manager("inner"), "delayed_close_timeout"))),
		add("Headers are added on the way: a client that sends as many as outer accepts must not fail here.", listener, inner, "add",
			"..filters[?(@.name=='"+managerName+"')].typed_config", "/common_http_protocol_options", clone(at(g.c.manager("inner"), "common_http_protocol_options"))),
		add("heald removes all client headers but a few, x-envoy-* too.", listener, inner, "add",
			"..http_filters[?(@.name=='envoy.filters.http.ext_proc/envoyextensionpolicy/"+g.p.Namespace+"/heald/extproc/0')].typed_config", "/mutation_rules",
			clone(at(g.c.filter("inner", "heald"), "typed_config", "mutation_rules"))),
		noted("A replica that is left out is left out at once; by default Envoy delays a change that follows another one by 1s.", tree(
			"type", "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name", "envoyextensionpolicy/"+g.p.Namespace+"/heald/extproc/0",
			"operation", tree("op", "add", "path", "/common_lb_config", "value", tree("update_merge_window", "0s")))),
		add("The name that clients call is not the provider's business.", routes, inner, "add", "..routes[*].route", "/append_x_forwarded_host", value(false)),
	)
	g.add("", egV1, "EnvoyPatchPolicy", g.p.Namespace, "heald", "spec", tree(
		"targetRef", inline(tree("group", gatewayAPI, "kind", "Gateway", "name", llmName)), "type", "JSONPatch", "jsonPatches", list(patches...)))
}
