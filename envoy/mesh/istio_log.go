package mesh

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// accessLog is a log on standard output, of requests to the host.
func (i *istio) accessLog() *yaml.Node {
	entry := clone(at(i.c.manager("outer"), "access_log", "0"))
	set(entry, "filter", cel(toHost(i.p.Host)))
	return list(entry)
}

// telemetry keeps the mesh's own access log from printing API keys. It names the
// log's provider, since Istio ignores the filter of a Telemetry without one.
func (i *istio) telemetry() {
	if i.p.AccessLog == NoAccessLog {
		return
	}
	const print = "The mesh's own access log prints the query, which may hold an API key (?key=)"
	spec, why, filter := tree(), print+". Requests to other hosts stay in it.", "!"+toService(i.p.Host)
	if i.p.Form == GatewayForm {
		why = print + ", and would print each attempt as well. EnvoyFilter " + i.name() + "-outer has a log without it. Requests to other hosts stay in it."
		filter = fmt.Sprintf("!%s && destination.port != %d", toHost(slices.Concat([]string{i.p.Host}, i.p.TeamHosts)...), innerPort)
	}
	if len(i.p.Selector) > 0 {
		set(spec, "selector", i.selector("matchLabels"))
	}
	set(spec, "accessLogging", list(tree("providers", list(inline(tree("name", i.p.AccessLog))), "filter", tree("expression", filter))))
	i.add(why, "telemetry.istio.io/v1", "Telemetry", i.p.Namespace, i.name(), "spec", spec)
}
