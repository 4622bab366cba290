package mesh

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The forms of Istio.
const (
	GatewayForm = "gateway" // an Istio gateway: both hops are listeners of it
	SidecarForm = "sidecar" // the sidecar of each client
)

const (
	networking = "networking.istio.io/v1"
	filters    = "networking.istio.io/v1alpha3"
	security   = "security.istio.io/v1"
)

// Istio returns the manifests for an Istio mesh. The error lists what is wrong with
// the parameters, a line each, by flag of heald render or path in heald.yaml.
func Istio(p Params) (*Manifests, error) {
	if err := errors.Join(p.validate(GatewayForm, SidecarForm), p.istioNeeds()); err != nil {
		return nil, err
	}
	c, err := newParts(p.Envoy)
	if err != nil {
		return nil, err
	}
	all, err := p.providers()
	if err != nil {
		return nil, err
	}
	if p.Form == GatewayForm {
		if err := onePort(all); err != nil {
			return nil, err
		}
	}
	i := istio{&p, c, all, newManifests(&p)}
	i.Head = i.head()
	switch {
	case p.Form == SidecarForm:
		i.heald()
		i.sidecar()
	case p.Team != "":
		i.outer()
	default:
		i.heald()
		i.external()
		i.outer()
		i.inner()
	}
	// Patches before what they patch: objects are applied in this order.
	first, rest := []*Object{}, []*Object{}
	for _, o := range i.Objects {
		if o.Kind == "EnvoyFilter" {
			first = append(first, o)
		} else {
			rest = append(rest, o)
		}
	}
	i.Objects = append(first, rest...)
	return i.Manifests, nil
}

// istioNeeds lists what does not go together in Istio.
func (p *Params) istioNeeds() error {
	var errs []error
	if _, name, _, _ := p.service(); strings.HasSuffix(name, "-headless") {
		errs = append(errs, fmt.Errorf("--heald: %s is a headless Service by its name, and Istio balances nothing there; name the ordinary one, which the chart has, too", name))
	}
	if p.Form == GatewayForm && len(p.Selector) == 0 {
		errs = append(errs, errors.New("--selector: name the labels of the gateway's pods; without, all gateways of the mesh would be meant"))
	}
	if p.Form == SidecarForm && p.HealdTLS == TLS {
		errs = append(errs, errors.New("--heald-tls: sidecars have no certificate for heald's own listen.tls; leave listen.tls out of heald.yaml, and write mesh or plain"))
	}
	if p.Form == SidecarForm && p.TLSSecret != "" {
		errs = append(errs, errors.New("--tls-secret: clients call their own sidecar in plain HTTP; leave it out"))
	}
	if p.Form == SidecarForm && !strings.HasPrefix(p.Host[strings.IndexByte(p.Host, '.')+1:], p.Namespace+".svc.") {
		errs = append(errs, fmt.Errorf("--host: %q is no Service of the namespace %s; write NAME.%s.svc.cluster.local, or leave it out", p.Host, p.Namespace, p.Namespace))
	}
	if p.AccessLog == "" {
		errs = append(errs, errors.New("--access-log: name the provider of the mesh's access log in these Envoys, or write none"))
	}
	for _, h := range p.TeamHosts {
		if !hostName.MatchString(h) {
			errs = append(errs, fmt.Errorf("--team-hosts: %q is no host name", h))
		}
	}
	if len(p.TeamHosts) > 0 && (p.Form == SidecarForm || p.Team != "" || p.AccessLog == NoAccessLog) {
		errs = append(errs, errors.New("--team-hosts: they are for the Telemetry object of a gateway, which is not printed with --form sidecar, --team or --access-log none; leave it out"))
	}
	if p.Form == SidecarForm && p.Team != "" {
		errs = append(errs, errors.New("--team: sidecars of a namespace have one policy; leave --team out, and name it with --policy"))
	}
	return errors.Join(errs...)
}

// istio collects the manifests.
type istio struct {
	p         *Params
	c         *parts
	providers []provider
	*Manifests
}

func (i *istio) head() string {
	s := "heald in Istio, form " + i.p.Form + ". Printed by heald render istio for a heald.yaml; print it again when that changes.\n" +
		"A patch of an EnvoyFilter that matches nothing is left out silently: after each change and each upgrade of Istio, run heald check on what Envoy shows (README.md beside this file)."
	if i.p.Team != "" {
		s = "One more team of a heald in Istio: a host name with a policy of its own. Apply it beside what heald render istio prints without --team."
	}
	if _, _, namespace, _ := i.p.service(); i.p.HealdTLS == Mesh && i.p.Team == "" && namespace != i.p.Namespace {
		s += "\nheald is in the namespace " + namespace + ": name " + i.p.Namespace + " in the AuthorizationPolicy heald there."
	}
	if i.p.Form == SidecarForm {
		s += "\nThe sidecar of each client is given the accounts' credentials: whoever controls such a pod can read them. For others use the form gateway."
	}
	switch {
	case i.p.Envoy.Hop != "" && i.p.HopEnv != "":
		s += "\nEnvoy takes the hop secret from its variable " + i.p.HopEnv + ": give the gateway's container that variable from a Secret (env, valueFrom, secretKeyRef). Without it heald refuses all requests."
	case i.p.Envoy.Hop != "":
		s += "\nThis file holds hop_secret in clear: keep it as you keep secrets."
	}
	return s
}

func (i *istio) cluster() string {
	host, _, _, port := i.p.service()
	return fmt.Sprintf("outbound|%d||%s", port, host)
}

// heald writes how Envoy reaches heald.
func (i *istio) heald() {
	host, _, namespace, _ := i.p.service()
	policy := []any{
		"connectionPool", tree("tcp", tree("connectTimeout", "1s", because{"tcpKeepalive", "Finds dead connections."}, inline(tree("time", "30s", "interval", "5s", "probes", 3))), "http", inline(tree("http2MaxRequests", 100000, "http1MaxPendingRequests", 100000))),
		because{"outlierDetection", "A replica that was killed is left out at once, so that retries go to another one."},
		tree("consecutiveGatewayErrors", 1, "consecutive5xxErrors", 1, "interval", "1s", "baseEjectionTime", "1s", "maxEjectionPercent", 50),
	}
	switch i.p.HealdTLS {
	case Mesh:
		policy = append(policy, because{"tls", "heald has a sidecar. Its replies hold the accounts' credentials, so they never go in plain text."}, inline(tree("mode", "ISTIO_MUTUAL")))
	case Plain:
		policy = append(policy, because{"tls", "heald has no sidecar: without this line Istio would guess. heald's replies, which hold the accounts' credentials, go in plain text; a NetworkPolicy keeps others from heald's port."}, inline(tree("mode", "DISABLE")))
	case TLS:
		policy = append(policy, because{"tls", "heald's own listen.tls. The Secret heald-client, beside the gateway, has tls.crt and tls.key, signed by listen.tls.client_ca, and ca.crt, which signed listen.tls.cert."},
			tree("mode", "MUTUAL", "credentialName", "heald-client", "sni", host, "subjectAltNames", []string{host}))
	}
	i.add("heald's Service must be an ordinary one (ClusterIP, appProtocol grpc): those without an address of their own (headless) Istio passes through, and no sidecar would find a replica.", networking, "DestinationRule", i.p.Namespace, "heald", "spec", tree("host", host, "exportTo", inline(list(".")), "trafficPolicy", tree(policy...)))
	if i.p.HealdTLS == Mesh && namespace == i.p.Namespace {
		selector := tree("matchLabels", tree("app.kubernetes.io/name", "heald", "app.kubernetes.io/component", "gateway"))
		i.add("heald's gRPC port, that of its pod, takes mutual TLS only. The other ports keep the mode of the mesh, for probes and metrics.", security, "PeerAuthentication", namespace, "heald",
			"spec", tree("selector", selector, "portLevelMtls", tree(strconv.Itoa(i.p.HealdPod), inline(tree("mode", "STRICT")))))
		i.add("Whoever may ask heald gets the accounts' credentials: only this namespace. Name those of sidecars here as well.", security, "AuthorizationPolicy", namespace, "heald",
			"spec", tree("selector", clone(selector), "action", "DENY", "rules", list(tree(
				"from", list(tree("source", tree("notNamespaces", inline(list(i.p.Namespace))))),
				"to", list(tree("operation", tree("ports", inline(list(strconv.Itoa(i.p.HealdPod))))))))))
	}
}

// external writes the providers as hosts of the mesh.
func (i *istio) external() {
	for _, x := range byHost(i.providers) {
		port := tree("number", x.port, "name", "http", "protocol", "HTTP")
		policy := []any{
			because{"connectionPool", "Idle connections are closed before a load balancer or NAT on the way drops them (after 60s at the earliest), and dead ones are found by probes."},
			tree("tcp", tree("connectTimeout", "5s", "tcpKeepalive", inline(tree("time", "10s", "interval", "5s", "probes", 3))),
				"http", tree("idleTimeout", "50s", "http2MaxRequests", 100000, "http1MaxPendingRequests", 100000, "maxRetries", 100000)),
		}
		if x.tls {
			port = tree("number", x.port, "name", "https", "protocol", "HTTPS")
			policy = append(policy, because{"tls", "caCertificates and subjectAltNames have the provider's certificate checked; without them Istio accepts any."},
				tree("mode", "SIMPLE", "sni", x.host, "caCertificates", "system", "subjectAltNames", inline(list(x.host))))
		}
		i.add("", networking, "ServiceEntry", i.p.Namespace, x.name, "spec", tree("hosts", list(x.host), because{"exportTo", "Only here: other namespaces keep their own way to this host."}, inline(list(".")),
			"location", "MESH_EXTERNAL", "resolution", "DNS", "ports", list(inline(port))))
		i.add("", networking, "DestinationRule", i.p.Namespace, x.name, "spec", tree("host", x.host, "exportTo", inline(list(".")),
			because{"workloadSelector", "Only the gateway: an application of this namespace that speaks TLS to the provider itself would get TLS in TLS."}, i.selector("matchLabels"),
			"trafficPolicy", tree(policy...)))
	}
}

// selector are the labels of the pods, under a key.
func (i *istio) selector(key string) *yaml.Node {
	labels := tree()
	for _, k := range sortedKeys(i.p.Selector) {
		labels.Content = append(labels.Content, scalar(k), scalar(i.p.Selector[k]))
	}
	return tree(key, labels)
}

// istioTeam begins the names of a team's objects.
const istioTeam = "heald-team-"

// name is that of an object of the outer hop: teams have their own.
func (i *istio) name() string {
	if i.p.Team != "" {
		return istioTeam + i.p.Team // no backend's objects and none of the inner hop
	}
	return "heald"
}

// hop is what the outer route sends as x-heald-hop.
func (p *Params) hop() string {
	if p.HopEnv != "" {
		return "%ENVIRONMENT(" + p.HopEnv + ")%"
	}
	return escaped(p.Envoy.Hop)
}

// outerService is the VirtualService of the outer hop, whose destination is host.
func (i *istio) outerService(spec *yaml.Node, destination string) {
	set1 := tree("x-heald-policy", escaped(policyOf(i.p)))
	if i.p.Envoy.Hop != "" {
		set1.Content = append(set1.Content, tree(because{"x-heald-hop", "Only this route knows it; heald refuses requests without it."}, i.p.hop()).Content...)
	}
	set1.Content = append(set1.Content, tree(
		because{"x-envoy-retry-on", "A reply with the mark is tried again. VirtualService has no field for the header's name."}, "retriable-headers",
		"x-envoy-retriable-header-names", "x-heald-retry").Content...)
	remove := slices.DeleteFunc(i.c.removed(i.p), func(s string) bool { return s == "expect" })
	removed := value(remove)
	removed.Content = append(removed.Content, noted("Istio's Envoy forwards a 100 Continue, and after one it tries nothing again.", scalar("expect")))
	socket := tree("name", "heald-websocket",
		"match", list(tree("headers", tree("sec-websocket-version", inline(tree("regex", ".+"))))),
		"directResponse", tree("status", number(i.c.webSocket(), "status_code"), "body", tree("string", body(i.c.webSocket()))),
		"headers", tree("response", tree("set", tree("content-type", "application/json", "upgrade", "HTTP/1.1"))))
	route := tree("name", outerRoute,
		because{"retries", "One more than heald's attempts, so that heald makes the last reply. No perTryTimeout: it would cut the waits that heald makes."},
		tree("attempts", i.c.attempts(), "retryOn", i.c.retryOnMark(), "backoff", backOff),
		"headers", tree(
			"request", tree("set", set1, because{"remove", "Only heald and this route set these."}, removed),
			"response", tree("remove", texts(i.c.host("outer"), "response_headers_to_remove"))),
		"route", list(tree("destination", tree("host", destination, "port", inline(tree("number", portOf(i.p)))))))
	set(spec, "http", list(
		noted("A WebSocket handshake (Codex begins with one): this status makes it use HTTP at once.", socket),
		noted("No timeout: Istio has none unless one is set.", route)))
	i.add("The outer hop: it knows nothing of language models, and tries again what is marked.", networking, "VirtualService", i.p.Namespace, i.name(), "spec", spec)
}

// portOf is the port of the outer route's destination.
func portOf(p *Params) int {
	if p.Form == SidecarForm {
		return p.Port
	}
	return innerPort
}

func policyOf(p *Params) string {
	if p.Envoy.Policy != "" {
		return p.Envoy.Policy
	}
	return "default"
}

// patch is one patch of an EnvoyFilter.
func patch(why, applyTo string, match *yaml.Node, operation string, value *yaml.Node) *yaml.Node {
	return noted(why, tree("applyTo", applyTo, "match", match, "patch", tree("operation", operation, "value", value)))
}

// envoyFilter adds an EnvoyFilter with the patches.
func (i *istio) envoyFilter(why, name string, patches ...any) {
	spec := tree()
	if len(i.p.Selector) > 0 {
		spec = tree("workloadSelector", i.selector("labels"))
	}
	set(spec, "configPatches", list(patches...))
	i.add(why, filters, "EnvoyFilter", i.p.Namespace, name, "spec", spec)
}

// outerPatches are those of the virtual host and the route of the outer hop.
func (i *istio) outerPatches(context, vhost string) []any {
	retry := only(i.c.retries(), "retriable_headers", "retry_back_off", "rate_limited_retry_back_off")
	explain(retry, "retriable_headers", "The mark, or no stamp: the reply is not from heald, its replica died.")
	explain(retry, "rate_limited_retry_back_off", "heald says how long to wait, in whole seconds.")
	host := tree(
		because{"include_request_attempt_count", "heald counts attempts by this header."}, true,
		because{"request_body_buffer_limit", "Requests up to this size (max_body of heald.yaml) are kept for retries. Larger ones than Envoy's 1 MiB would lose theirs."}, i.c.maxBody(),
		because{"response_headers_to_add", "heald sets it in its replies; replies that Envoy makes get it here."}, clone(at(i.c.host("outer"), "response_headers_to_add")))
	route := tree("route", tree("cluster", innerName,
		because{"upgrade_configs", "What follows an upgrade is no HTTP body, and heald would break the connection."}, list(inline(tree("upgrade_type", "websocket", "enabled", false))),
		because{"idle_timeout", "Longer than the longest silence: waits between attempts, thinking models. It also overrides the 5 minutes of the mesh's profile EDGE."}, text(i.c.manager("outer"), "stream_idle_timeout"),
		"retry_policy", retry))
	if context == "GATEWAY" {
		script := clone(at(i.c.filter("outer", closeFilter), "typed_config", "default_source_code"))
		set(route, "typed_per_filter_config", tree(
			because{closeFilter, "gemini-cli asks again when an answer ends without a finish, but ends its turn when the connection is closed in the middle of a body. If the reply announces the end of the connection, it takes that for the end of the answer."},
			tree("@type", luaRoute, "source_code", script)))
	}
	match := func(more ...any) *yaml.Node {
		return tree("context", context, "routeConfiguration", tree("vhost", tree(append([]any{"name", vhost}, more...)...)))
	}
	return []any{
		patch("Matched by the virtual host: routeConfiguration.gateway matches no plain HTTP route.", "VIRTUAL_HOST", match(), "MERGE", host),
		patch("", "HTTP_ROUTE", match("route", tree("name", outerRoute)), "MERGE", route),
	}
}
