package mesh

import (
	"regexp"

	"go.yaml.in/yaml/v3"
)

// defaults are what a cluster writes into objects that leave a field out: those
// of the CustomResourceDefinitions of Gateway API 1.6 and Envoy Gateway 1.9.1,
// and of Kubernetes for a Service. The path is that of the field, with [] for
// each list.
var defaults = map[string]map[string]string{
	"Backend": {".spec.type": "Endpoints"},
	"BackendTrafficPolicy": {
		".spec.circuitBreaker.maxConnections": "1024", ".spec.circuitBreaker.maxParallelRequests": "1024",
		".spec.circuitBreaker.maxParallelRetries": "1024", ".spec.circuitBreaker.maxPendingRequests": "1024",
		".spec.circuitBreaker.retryBudget.percent.denominator": "100",
		".spec.responseOverride[].match.statusCodes[].type":    "Value", ".spec.responseOverride[].response.body.type": "Inline",
	},
	"EnvoyExtensionPolicy": {
		".spec.extProc[].backendRefs[].group": `""`, ".spec.extProc[].backendRefs[].kind": "Service", ".spec.extProc[].backendRefs[].weight": "1",
		".spec.extProc[].failOpen": "false",
		".spec.extProc[].backendSettings.healthCheck.passive.alwaysEjectOneEndpoint":         "false",
		".spec.extProc[].backendSettings.healthCheck.passive.consecutiveLocalOriginFailures": "5",
		".spec.extProc[].backendSettings.healthCheck.passive.splitExternalLocalOriginErrors": "false",
	},
	"EnvoyProxy": {
		".spec.logging": "{level: {default: warn}}", ".spec.provider.kubernetes.envoyService.externalTrafficPolicy": "Local",
		".spec.backendTLS.clientCertificateRef.group": `""`,
	},
	"Gateway": {
		".spec.listeners[].tls.certificateRefs[].group": `""`, ".spec.listeners[].tls.certificateRefs[].kind": "Secret",
	},
	"HTTPRoute": {
		".spec.parentRefs[].group": "gateway.networking.k8s.io", ".spec.parentRefs[].kind": "Gateway",
		".spec.rules[].backendRefs[].weight": "1",
		".spec.rules[].matches":              "[{path: {type: PathPrefix, value: /}}]", ".spec.rules[].matches[].path": "{type: PathPrefix, value: /}",
		".spec.rules[].matches[].headers[].type": "Exact",
	},
	"HTTPRouteFilter": {
		".spec.credentialInjection.credential.valueRef.group": `""`, ".spec.credentialInjection.credential.valueRef.kind": "Secret",
	},
	"Service": {
		".spec.type": "ClusterIP", ".spec.sessionAffinity": "None", ".spec.internalTrafficPolicy": "Cluster",
		".spec.clusterIP": "", ".spec.clusterIPs": "", ".spec.ipFamilies": "", ".spec.ipFamilyPolicy": "", // whatever the cluster has chosen
		".spec.ports[].protocol": "TCP", ".spec.ports[].targetPort": "", // that of port
	},
}

var place = regexp.MustCompile(`\[[^\]]*\]`)

// isDefault says that a field which the manifests leave out has the value that a
// cluster gives it.
func isDefault(kind, path string, n *yaml.Node) bool {
	want, known := defaults[kind][place.ReplaceAllString(path, "[]")]
	if !known || want == "" {
		return known
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(want), &doc); err != nil {
		return false
	}
	c := comparison{}
	c.differ("", n, doc.Content[0])
	return len(c.lines) == 0
}
