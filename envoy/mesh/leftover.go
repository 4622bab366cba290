package mesh

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// meshGroups are the API groups of Istio, Gateway API and Envoy Gateway: only
// their objects change what a mesh's Envoys do. Deployments, Services and
// NetworkPolicies called heald are the Helm chart's.
var meshGroups = []string{"istio.io", gatewayAPI, eg}

// ownNames are the names of heald's in manifests of whatever form, without those of
// teams. Others that begin with heald may be somebody's own, such as a way to the
// page of the admin port.
var ownNames = []string{healdName, "heald-outer", innerName, nowhereName, "heald-hop", "heald-websocket", "heald-unknown-backend"}

// leftovers are the objects of a file which an earlier heald.yaml, another form or
// somebody's hand has made for heald, and which the manifests do not have: a
// provider that is gone, a patch that is no longer needed. An object is heald's
// if it is one of the mesh, in the namespace of the manifests or in none, and
//
//   - has a name that some form gives (ownNames),
//   - or has one of heald's headers (x-heald-) in it,
//   - or is what the file's own inner route leads to: a provider.
//
// Whatever else is in the file is not heald's. Objects of teams are printed by
// renderings of their own, so no rendering takes them for leftovers, and that of
// a team has none.
func (m *Manifests) leftovers(have map[string]*yaml.Node) []string {
	if m.team != "" {
		return nil
	}
	ours := map[string]bool{}
	for _, o := range m.Objects {
		ours[identity(o.node)], ours[identityIn(o.node, "")] = true, true
	}
	led := ledTo(have)
	var out []string
	for _, id := range slices.Sorted(maps.Keys(have)) {
		n := have[id]
		if namespace := text(n, "metadata", "namespace"); ours[id] || !ofMesh(n) || ofTeam(n) || namespace != "" && namespace != m.namespace {
			continue
		}
		if name := text(n, "metadata", "name"); slices.Contains(ownNames, name) || mentions(n, "x-heald-") || led[id] {
			out = append(out, id)
		}
	}
	return out
}

// ofMesh reports whether an object is of one of meshGroups.
func ofMesh(n *yaml.Node) bool {
	group, _, _ := strings.Cut(text(n, "apiVersion"), "/")
	return slices.ContainsFunc(meshGroups, func(g string) bool { return group == g || strings.HasSuffix(group, "."+g) })
}

// ofTeam reports whether an object has a name that manifests of a team have.
func ofTeam(n *yaml.Node) bool {
	name := text(n, "metadata", "name")
	return strings.HasPrefix(name, istioTeam) || strings.HasPrefix(name, gatewayTeam)
}

// mentions reports whether a key or a value has the text in it.
func mentions(n *yaml.Node, s string) bool {
	return strings.Contains(n.Value, s) || slices.ContainsFunc(n.Content, func(x *yaml.Node) bool { return mentions(x, s) })
}

// ledTo finds the objects, by identity, that make what the inner route of a file
// leads to.
func ledTo(have map[string]*yaml.Node) map[string]bool {
	targets := map[string]bool{} // hosts in Istio, names of Backends in Envoy Gateway
	for _, n := range have {
		switch {
		case text(n, "kind") == "VirtualService" && text(n, "metadata", "name") == innerName:
			each(at(n, "spec", "http"), func(route *yaml.Node) {
				each(at(route, "route"), func(to *yaml.Node) { targets[text(to, "destination", "host")] = true })
			})
		case text(n, "kind") == "HTTPRoute" && text(n, "metadata", "name") == "inner":
			each(at(n, "spec", "rules"), func(rule *yaml.Node) {
				each(at(rule, "backendRefs"), func(to *yaml.Node) { targets[text(to, "name")] = true })
			})
		}
	}
	delete(targets, "") // of what has no such field
	led := map[string]bool{}
	for id, n := range have {
		switch text(n, "kind") {
		case "ServiceEntry":
			led[id] = targets[text(n, "spec", "hosts", "0")]
		case "DestinationRule":
			led[id] = targets[text(n, "spec", "host")]
		case "Backend":
			led[id] = targets[text(n, "metadata", "name")]
		case "BackendTLSPolicy":
			led[id] = targets[text(n, "spec", "targetRefs", "0", "name")]
		}
	}
	return led
}

// each visits the entries of a list; nil has none.
func each(list *yaml.Node, visit func(*yaml.Node)) {
	if list != nil && list.Kind == yaml.SequenceNode {
		for _, x := range list.Content {
			visit(x)
		}
	}
}
