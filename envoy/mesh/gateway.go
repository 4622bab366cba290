package mesh

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The forms of Envoy Gateway.
const (
	PortableForm = "portable" // without EnvoyPatchPolicy
	PatchedForm  = "patched"  // with it
)

const (
	gatewayAPI = "gateway.networking.k8s.io"
	eg         = "gateway.envoyproxy.io"
	gatewayV1  = gatewayAPI + "/v1"
	egV1       = eg + "/v1alpha1"
	llmName    = "llm"
)

// maxBackends are those for which an HTTPRoute has a rule: Gateway API takes 16,
// and precedence between several routes depends on their age.
const maxBackends = 14

const (
	// goneStatus is what the filter says if heald is gone.
	goneStatus = 507
	// firstBroken to lastBroken is what Envoy says if a connection breaks, or none
	// can be made.
	firstBroken, lastBroken = 502, 504
)

// deadStatus are the statuses that only a dead heald or a broken connection may
// show in the portable form: outer tries them again and replaces them at the end.
var deadStatus = []int{firstBroken, 503, lastBroken, goneStatus}

// Gateway returns the manifests for Envoy Gateway. The error lists what is wrong
// with the parameters, a line each, by flag of heald render or path in heald.yaml.
func Gateway(p Params) (*Manifests, error) {
	if err := errors.Join(p.validate(PortableForm, PatchedForm), p.gatewayNeeds()); err != nil {
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
	g := gateway{&p, c, all, newManifests(&p)}
	g.Head = g.head()
	if p.Team == "" {
		g.proxy()
		g.heald()
		g.external()
	}
	g.outer()
	if p.Team == "" {
		g.inner()
		g.network()
	}
	if p.Form == PatchedForm {
		g.patches()
	}
	return g.Manifests, nil
}

// gatewayNeeds lists what heald.yaml must say, since Envoy Gateway cannot do the
// other.
func (p *Params) gatewayNeeds() error {
	var errs []error
	if !label.MatchString(p.Class) && !hostName.MatchString(p.Class) {
		errs = append(errs, fmt.Errorf("--class: %q is no name of a GatewayClass; kubectl get gatewayclass lists them", p.Class))
	}
	if p.HealdTLS == Mesh {
		errs = append(errs, errors.New("--heald-tls: Envoy Gateway is no mesh; write plain or tls"))
	}
	if p.PodPort != p.Port {
		errs = append(errs, fmt.Errorf("--port: Envoy Gateway itself chooses the port of its pods, %d or another; write the first number alone", p.PodPort))
	}
	if host, _, _, _ := p.service(); !strings.Contains(host, ".svc.") {
		errs = append(errs, fmt.Errorf("--heald: Envoy Gateway finds heald by its Service, and %q is none; write NAME.NAMESPACE.svc.cluster.local:PORT", p.Heald))
	}
	if p.Envoy.Hop == "" {
		errs = append(errs, errors.New("hop_secret: heald.yaml has none, and Envoy Gateway's inner port is open to the network: whoever sends a request there would use the accounts; add hop_secret, such as {env: HEALD_HOP_SECRET}"))
	}
	if n := len(p.Envoy.Backends); n > maxBackends {
		errs = append(errs, fmt.Errorf("backends: %d of them, but an HTTPRoute has room for %d (16 rules, two of which are for requests without a backend); use fewer, or two Gateways with a heald.yaml each", n, maxBackends))
	}
	errs = append(errs, p.need("Envoy Gateway's filter may not change :authority, its routes do", "authority: route", func(x Policy) bool { return x.RouteAuthority }))
	if p.Envoy.Hedge {
		errs = append(errs, errors.New("policies: hedge: Envoy Gateway's inner hop has no filter that tells attempts apart that are sent twice; leave out hedge"))
	}
	if p.Form == PortableForm {
		errs = append(errs,
			p.need("the portable form carries no memory between attempts", "memory: store", func(x Policy) bool { return x.StoreMemory }),
			p.need("in the portable form nobody reads how long heald wants Envoy to wait", "wait: heald", func(x Policy) bool { return x.OwnWait }),
			p.need("the portable form takes these statuses for a dead heald, and replaces them", "reserved_status: ["+joined(deadStatus)+"]", func(x Policy) bool {
				return !slices.ContainsFunc(deadStatus, func(s int) bool { return !slices.Contains(x.Reserved, s) })
			}))
	}
	return errors.Join(errs...)
}

type gateway struct {
	p         *Params
	c         *parts
	providers []provider
	*Manifests
}

func (g *gateway) head() string {
	s := "heald in Envoy Gateway, form " + g.p.Form + ". Printed by heald render envoy-gateway for a heald.yaml; print it again when that changes.\n" +
		"Backends must be switched on: extensionApis: {enableBackend: true} in the EnvoyGateway configuration"
	if g.p.Form == PatchedForm {
		s += ", and enableEnvoyPatchPolicy: true as well. A patch that matches nothing is only told in the status of its EnvoyPatchPolicy"
	}
	s += "."
	if g.p.Team != "" {
		s = "One more team of a heald in Envoy Gateway: a host name with a policy of its own. Apply it beside what heald render envoy-gateway prints without --team."
	}
	if g.p.HopSecret != "" {
		return s + "\nThe hop secret comes from the Secret " + g.p.HopSecret + ", key credential, which is the value of hop_secret: kubectl -n " + g.p.Namespace + " create secret generic " + g.p.HopSecret + " --from-file=credential=FILE"
	}
	return s + "\nThis file holds hop_secret in clear: keep it as you keep secrets."
}

// proxy writes the Gateway with both listeners, and how its Envoys are run.
func (g *gateway) proxy() {
	outer := tree("name", "outer", "protocol", "HTTP", "port", g.p.Port, "allowedRoutes", tree("namespaces", inline(tree("from", "Same"))))
	if g.p.TLSSecret != "" {
		outer = tree("name", "outer", "protocol", "HTTPS", "port", g.p.Port, "tls", tree("mode", "Terminate", "certificateRefs", list(inline(tree("name", g.p.TLSSecret)))),
			"allowedRoutes", tree("namespaces", inline(tree("from", "Same"))))
	}
	inner := tree("name", "inner", "protocol", "HTTP", "port", innerPort, "allowedRoutes", tree("namespaces", inline(tree("from", "Same"))))
	g.add("", gatewayV1, "Gateway", g.p.Namespace, llmName, "spec", tree("gatewayClassName", g.p.Class,
		"infrastructure", tree("parametersRef", inline(tree("group", eg, "kind", "EnvoyProxy", "name", llmName))),
		"listeners", list(noted("Where clients connect.", outer), noted("One attempt. It is on the Service as well: see the NetworkPolicy below.", inner))))
	log := tree()
	for i, fields := 0, at(g.c.manager("outer"), "access_log", "0", "typed_config", "log_format", "json_format"); i+1 < len(fields.Content); i += 2 {
		set(log, fields.Content[i].Value, fields.Content[i+1].Value)
	}
	set(log, "port", "%DOWNSTREAM_LOCAL_PORT%")
	spec := tree(
		"provider", tree("type", "Kubernetes", "kubernetes", tree(because{"envoyService", "ClusterIP: a LoadBalancer would have the inner port, too. Put one in front that forwards the outer port only."}, inline(tree("type", "ClusterIP")))),
		"telemetry", tree("accessLog", tree("settings", list(tree(
			because{"format", "Envoy Gateway's own format prints the query, which may hold an API key (?key=)."}, tree("type", "JSON", "json", log),
			"sinks", list(inline(tree("type", "File", "file", inline(tree("path", "/dev/stdout"))))))))))
	if g.p.HealdTLS == TLS {
		set(spec, "backendTLS", tree(because{"clientCertificateRef", "heald's listen.tls asks Envoy for a certificate, signed by its client_ca."}, inline(tree("kind", "Secret", "name", "heald-client"))))
	}
	g.add("", egV1, "EnvoyProxy", g.p.Namespace, llmName, "spec", spec)
}

// heald writes how Envoy reaches heald.
func (g *gateway) heald() {
	host, name, namespace, port := g.p.service()
	if namespace != g.p.Namespace {
		g.add("heald is in another namespace, which must allow the reference.", gatewayAPI+"/v1beta1", "ReferenceGrant", namespace, "heald-from-"+g.p.Namespace, "spec", tree(
			"from", list(inline(tree("group", eg, "kind", "EnvoyExtensionPolicy", "namespace", g.p.Namespace))),
			"to", list(inline(tree("group", "", "kind", "Service", "name", name)))))
	}
	if g.p.HealdTLS == TLS {
		g.add("heald's replies hold the accounts' credentials: TLS, by heald's own listen.tls. The ConfigMap heald-ca, key ca.crt, signed listen.tls.cert.", gatewayV1, "BackendTLSPolicy", namespace, "heald", "spec", tree(
			"targetRefs", list(inline(tree("group", "", "kind", "Service", "name", name))),
			"validation", tree("caCertificateRefs", list(inline(tree("group", "", "kind", "ConfigMap", "name", "heald-ca"))), "hostname", host)))
	}
	ref := tree("name", name, "port", port)
	if namespace != g.p.Namespace {
		set(ref, "namespace", namespace)
	}
	why := "Asks heald."
	if g.p.HealdTLS == Plain {
		why += " In plain text, and its replies hold the accounts' credentials: keep this path inside the cluster, let a NetworkPolicy keep others from heald's port, or use heald render --heald-tls tls."
	}
	filter := g.c.heald("")
	g.add(why, egV1, "EnvoyExtensionPolicy", g.p.Namespace, "heald", "spec", tree(
		"targetRefs", list(inline(tree("group", gatewayAPI, "kind", "HTTPRoute", "name", "inner"))),
		"extProc", list(tree("backendRefs", list(inline(ref)),
			"backendSettings", tree(because{"circuitBreaker", "The default is 1024 of each."}, breaker(),
				because{"loadBalancer", "The default, LeastRequest, prefers a replica that was killed, since it has none. Envoy may leave it out only after 1s: it takes changes that follow another one together."}, inline(tree("type", "RoundRobin")),
				because{"healthCheck", "A replica that was killed is left out at once, so that retries go to another one. The active check keeps it out until it is back."}, tree(
					"active", tree("type", "GRPC", "interval", "1s", "timeout", "1s", "unhealthyThreshold", 1, "healthyThreshold", 1, "grpc", inline(tree())),
					"passive", tree("consecutiveGatewayErrors", 1, "consecutive5XxErrors", 1, "interval", "1s", "baseEjectionTime", "1s", "maxEjectionPercent", 50)),
				because{"http2", "Finds dead connections. Below 10s heald drops the connection."}, tree("connectionKeepalive", inline(tree("interval", "30s", "timeout", "5s")))),
			because{"messageTimeout", "Covers heald's waits for a slot or a cooldown (the default is 0.2s)."}, text(filter, "typed_config", "message_timeout"),
			because{"statusOnError", "A status that heald itself never sends: outer tries it again."}, goneStatus,
			"processingMode", tree("request", tree("body", "Buffered"),
				"response", tree("body", "FullDuplexStreamed", because{"attributes", "Shows heald whether a reply is the provider's or Envoy's own."}, texts(filter, "typed_config", "response_attributes")))))))
}

func breaker() *yaml.Node {
	return tree("maxConnections", 100000, "maxParallelRequests", 100000, "maxPendingRequests", 100000, "maxParallelRetries", 100000)
}

// retries are the outer hop's: heald's attempts and one for a dead replica. Where
// Envoy may leave a dead replica out 1s late there are two more, so that they last
// longer than that.
func (g *gateway) retries() int {
	if g.p.Form == PortableForm {
		return g.c.attempts() + 2
	}
	return g.c.attempts()
}

// external writes the providers.
func (g *gateway) external() {
	for _, x := range g.providers {
		g.add("", egV1, "Backend", g.p.Namespace, x.name, "spec", tree("endpoints", list(tree("fqdn", inline(tree("hostname", x.host, "port", x.port))))))
		if x.tls {
			g.add("", gatewayV1, "BackendTLSPolicy", g.p.Namespace, x.name, "spec", tree(
				"targetRefs", list(inline(tree("group", eg, "kind", "Backend", "name", x.name))),
				because{"validation", "The provider's certificate is checked with the roots of the proxy's image."}, tree("wellKnownCACertificates", "System", "hostname", x.host)))
		}
	}
	g.add("A host without endpoints, for requests that heald was not asked about.", egV1, "Backend", g.p.Namespace, nowhereName,
		"spec", tree("endpoints", list(tree("fqdn", inline(tree("hostname", nowhere, "port", 80))))))
	g.add("From outer to inner, in the same Envoy: loopback addresses are refused here, and Envoy resolves this name to 127.0.0.1.", egV1, "Backend", g.p.Namespace, "inner",
		"spec", tree("endpoints", list(tree("fqdn", inline(tree("hostname", "inner.localhost", "port", innerPort))))))
}

// gatewayTeam begins the names of a team's objects.
const gatewayTeam = "outer-"

// name is that of an object of the outer hop: teams have their own.
func (g *gateway) name() string {
	if g.p.Team != "" {
		return gatewayTeam + g.p.Team
	}
	return "outer"
}

// header is a header to set.
func header(name, value string) *yaml.Node { return inline(tree("name", name, "value", value)) }

func extension(name string) *yaml.Node {
	return tree("type", "ExtensionRef", "extensionRef", inline(tree("group", eg, "kind", "HTTPRouteFilter", "name", name)))
}

// outer writes the hop that clients reach, for the host or for one more team's.
func (g *gateway) outer() {
	changes := list(header("x-heald-policy", escaped(policyOf(g.p))))
	if g.p.HopSecret == "" {
		changes.Content = append(changes.Content, header("x-heald-hop", escaped(g.p.Envoy.Hop)))
	}
	changes.Content = append(changes.Content,
		noted("A reply with the mark is tried again; the limit and the back-off are those of the BackendTrafficPolicy, which has no word for it.", header("x-envoy-retry-on", "retriable-headers")),
		header("x-envoy-retriable-header-names", "x-heald-retry"))
	filters := list(
		tree("type", "RequestHeaderModifier", "requestHeaderModifier", tree("set", changes, because{"remove", "Only heald and this route set these."}, g.c.removed(g.p))),
		tree("type", "ResponseHeaderModifier", "responseHeaderModifier", tree("remove", texts(g.c.host("outer"), "response_headers_to_remove"))))
	if g.p.HopSecret != "" {
		filters.Content = append(filters.Content, noted("x-heald-hop, from a Secret: heald refuses requests without it, so those that come to the inner port from elsewhere.", extension("heald-hop")))
	}
	g.add("The outer hop: it knows nothing of language models, and tries again what is marked.", gatewayV1, "HTTPRoute", g.p.Namespace, g.name(), "spec", tree(
		"parentRefs", list(inline(tree("name", llmName, "sectionName", "outer"))), "hostnames", list(g.p.Host),
		"rules", list(
			noted("A WebSocket handshake (Codex begins with one): this status makes it use HTTP at once. The listener ignores the upgrade itself, or it would answer 403.",
				tree("matches", list(tree("headers", list(inline(tree("name", "sec-websocket-version", "type", "RegularExpression", "value", ".+"))))), "filters", list(extension("heald-websocket")))),
			tree(because{"timeouts", "No limit: a thinking model answers late."}, inline(tree("request", "0s")), "filters", filters,
				"backendRefs", list(inline(tree("group", eg, "kind", "Backend", "name", "inner")))))))
	g.outerPolicy()
	if g.p.Team == "" {
		g.outerSettings()
	}
}

// outerPolicy keeps requests for retries, and says when there is one.
func (g *gateway) outerPolicy() {
	triggers := inline(value(g.c.retryOn()))
	retryOn := tree("triggers", triggers)
	if g.p.Form == PortableForm {
		triggers.Content = append(triggers.Content, scalar("retriable-status-codes"))
		retryOn.Content = append(retryOn.Content, tree(because{"httpStatusCodes", "What a dead heald or a broken connection shows. heald itself does not use them (reserved_status)."}, inline(value(deadStatus))).Content...)
	}
	budget := at(g.c.cluster("inner"), "circuit_breakers", "thresholds", "0", "retry_budget")
	spec := tree(
		"targetRefs", list(inline(tree("group", gatewayAPI, "kind", "HTTPRoute", "name", g.name()))),
		because{"circuitBreaker", "The default is 1024 of each. Retries at a time are half as many as there are requests, and 200 always, so that an outage of a provider is not multiplied by them."},
		tree("maxConnections", 100000, "maxParallelRequests", 100000, "maxPendingRequests", 100000,
			"retryBudget", tree("percent", inline(tree("numerator", number(budget, "budget_percent", "value"))), "minRetryConcurrency", number(budget, "min_retry_concurrency"))),
		because{"requestBuffer", "Requests up to this size (max_body of heald.yaml) are kept for retries. The default is 32 KiB, and 413 above it."}, inline(tree("limit", g.limit())),
		"retry", tree(because{"numRetries", "More than heald's attempts, so that heald makes the last reply; the others are for dead replicas."}, g.retries(), "retryOn", retryOn,
			because{"perRetry", "Long enough together for a dead replica to be left out."}, tree("backOff", inline(tree("baseInterval", "50ms", "maxInterval", "2s")))))
	if g.p.Form == PortableForm {
		spec.Content = append(spec.Content, tree(because{"responseOverride", "What clients see if all attempts met a dead heald."},
			list(tree("match", tree("statusCodes", list(inline(tree("type", "Range", "range", inline(tree("start", firstBroken, "end", lastBroken)))), inline(tree("type", "Value", "value", goneStatus)))),
				"response", tree("statusCode", 503, "contentType", "application/json", "body", tree("type", "Inline", "inline", body(g.c.mapper("inner", "'ext_proc_error'"))))))).Content...)
	}
	g.add("", egV1, "BackendTrafficPolicy", g.p.Namespace, g.name(), "spec", spec)
}

// unknownText is for a backend of heald.yaml that the manifests do not have.
const unknownText = `{"type":"error","error":{"type":"api_error","message":"heald.yaml names a backend that this gateway has no route for"}}`

// outerSettings are those that teams share.
func (g *gateway) outerSettings() {
	direct := func(name string, status int, body string) {
		g.add("", egV1, "HTTPRouteFilter", g.p.Namespace, name, "spec", tree("directResponse", tree("statusCode", status, "contentType", "application/json", "body", tree("type", "Inline", "inline", body))))
	}
	direct("heald-websocket", number(g.c.webSocket(), "status_code"), body(g.c.webSocket()))
	direct("heald-unknown-backend", 500, unknownText)
	if g.p.HopSecret != "" {
		g.add("", egV1, "HTTPRouteFilter", g.p.Namespace, "heald-hop", "spec", tree("credentialInjection", tree("header", "x-heald-hop", because{"overwrite", "Whatever the client sent."}, true,
			"credential", tree("valueRef", inline(tree("name", g.p.HopSecret))))))
	}
	g.clientPolicy("outer", "headers", tree(because{"withUnderscoresAction", "Codex sends session_id; the default refuses such requests with 400."}, "Allow"),
		"http1", tree(because{"ignoredUpgradeTypes", "WebSocket: see the route. TLS: Java's HttpClient of Apache (5.4 and later, so Spring) offers it with each request, and Envoy would refuse it."},
			list(inline(tree("type", "Exact", "value", "websocket")), inline(tree("type", "Prefix", "value", "TLS/")))),
		"timeout", tree("http", tree("requestHeadersReceivedTimeout", text(g.c.manager("outer"), "request_headers_timeout"),
			because{"requestReceivedTimeout", "Slow uploads hold memory. As long as max_body takes on a line of 1 Mbit/s; the wait for the answer does not count."}, text(g.c.manager("outer"), "request_timeout"),
			because{"streamIdleTimeout", "Longer than the longest silence: waits between attempts, thinking models (the default is 5 minutes)."}, g.silence())))
}

// clientPolicy sets a listener.
func (g *gateway) clientPolicy(section string, more ...any) {
	spec := tree(append([]any{"targetRefs", list(inline(tree("group", gatewayAPI, "kind", "Gateway", "name", llmName, "sectionName", section))),
		"path", tree(because{"escapedSlashesAction", "The default redirects, and a POST that is redirected loses its body."}, "KeepUnchanged")}, more...)...)
	g.add("", egV1, "ClientTrafficPolicy", g.p.Namespace, section, "spec", spec)
}

// limit is max_body, as Kubernetes writes it.
func (g *gateway) limit() string {
	n := g.c.maxBody()
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%dMi", n>>20)
	}
	return strconv.Itoa(n)
}

// silence is the stream's idle timeout; Gateway API knows no fractions.
func (g *gateway) silence() string {
	d, err := time.ParseDuration(text(g.c.manager("outer"), "stream_idle_timeout"))
	if err != nil {
		return "900s"
	}
	return strconv.Itoa(int((d+time.Second-1)/time.Second)) + "s"
}

// inner writes the hop of one attempt.
func (g *gateway) inner() {
	remove := texts(g.c.host("inner"), "request_headers_to_remove") // Gateway API takes 16 names at most
	rules := list()
	add := func(why string, x provider, matches ...any) {
		rule := tree()
		if len(matches) > 0 {
			set(rule, "matches", list(tree("headers", list(matches...))))
		}
		set(rule, "timeouts", inline(tree("request", "0s")))
		changes := list(
			tree("type", "RequestHeaderModifier", "requestHeaderModifier", tree("remove", remove)),
			tree("type", "ResponseHeaderModifier", "responseHeaderModifier", tree("remove", texts(g.c.host("inner"), "response_headers_to_remove"))))
		if x.host != "" {
			changes.Content = append(changes.Content, tree("type", "URLRewrite", "urlRewrite", inline(tree("hostname", x.host))))
		}
		set(rule, "filters", changes)
		set(rule, "backendRefs", list(inline(tree("group", eg, "kind", "Backend", "name", x.name))))
		rules.Content = append(rules.Content, noted(why, rule))
	}
	for _, x := range g.providers {
		add("", x, inline(tree("name", "x-heald-cluster", "value", x.name)))
	}
	rules.Content = append(rules.Content, noted("A name that no route has: never another provider, which must not see its credentials.",
		tree("matches", list(tree("headers", list(inline(tree("name", "x-heald-cluster", "type", "RegularExpression", "value", ".+"))))), "filters", list(extension("heald-unknown-backend")))))
	add("Before heald has been asked: without a route there would be no body limit and no filter. It leads nowhere, so that no provider sees a client's credentials and prompt should heald not be asked.", provider{name: nowhereName})
	g.add("The inner hop: heald names the backend of each attempt, and a rule leads to each.", gatewayV1, "HTTPRoute", g.p.Namespace, "inner", "spec", tree(
		"parentRefs", list(inline(tree("name", llmName, "sectionName", "inner"))), "rules", rules))
	g.add("", egV1, "BackendTrafficPolicy", g.p.Namespace, "inner", "spec", tree(
		"targetRefs", list(inline(tree("group", gatewayAPI, "kind", "HTTPRoute", "name", "inner"))),
		because{"circuitBreaker", "The default is 1024 of each."}, breaker(),
		because{"requestBuffer", "The same as on outer."}, inline(tree("limit", g.limit())),
		because{"tcpKeepalive", "Dead connections to providers are found by probes, and idle ones are closed before a load balancer or NAT on the way drops them (after 60s at the earliest)."}, inline(tree("probes", 3, "idleTime", "10s", "interval", "5s")),
		"http2", tree("connectionKeepalive", inline(tree("interval", "10s", "timeout", "5s", "idleInterval", "10s"))),
		"timeout", tree("tcp", inline(tree("connectTimeout", "5s")), "http", inline(tree("connectionIdleTimeout", "50s")))))
	g.clientPolicy("inner", "headers", tree(
		because{"requestID", "Each attempt comes as a new request, and would get another x-request-id. Not on outer: clients would choose the id."}, "PreserveOrGenerate",
		"withUnderscoresAction", "Allow"), "timeout", tree("http", tree("streamIdleTimeout", g.silence())))
}

// network closes the inner port to all but Envoy itself.
func (g *gateway) network() {
	pods := tree("matchLabels", tree(eg+"/owning-gateway-name", llmName, eg+"/owning-gateway-namespace", g.p.Namespace))
	g.add("Closes the inner port to the network: a pod reaches itself whatever a NetworkPolicy says. In the namespace where Envoy Gateway runs its Envoys. 19001 is for metrics, 19002 (the shutdown manager) and 19003 for probes.",
		"networking.k8s.io/v1", "NetworkPolicy", "envoy-gateway-system", "heald-inner-"+g.p.Namespace, "spec", tree(
			"podSelector", pods, "policyTypes", inline(list("Ingress")),
			"ingress", list(tree("ports", list(
				noted("Where outer listens in the pod: Envoy Gateway adds 10000 to ports below 1024.", inline(tree("protocol", "TCP", "port", g.podPort()))),
				inline(tree("protocol", "TCP", "port", 19001)), inline(tree("protocol", "TCP", "port", 19002)), inline(tree("protocol", "TCP", "port", 19003)))))))
}

func (g *gateway) podPort() int {
	if g.p.Port < 1024 {
		return g.p.Port + 10000
	}
	return g.p.Port
}
