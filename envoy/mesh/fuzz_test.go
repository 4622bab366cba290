package mesh

import (
	"strings"
	"testing"
)

// Whatever is in a file, it is compared or refused, and no line holds the secret of
// heald.yaml.
func FuzzDiff(f *testing.F) {
	var all []*Manifests
	for _, form := range []string{GatewayForm, PortableForm} {
		m, err := renderer(form)(given(form))
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, m)
	}
	for _, seed := range []string{
		"apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: heald-inner, namespace: ns}\nspec: {http: [{route: [{destination: {host: x}}]}]}\n---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: x}\nspec: {hosts: [x]}\n",
		"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: inner}\nspec: {rules: [{backendRefs: [{name: b}, &a {name: x-heald-hop, value: a secret of the tests}, *a]}]}\n",
		"kind: List\nitems: [{apiVersion: v1, kind: Service, metadata: {name: [], namespace: {}}}]\n",
		"a: &x {<<: *x}\n", "- 1\n", "? {a: b}\n: c\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		for _, m := range all {
			lines, err := m.Diff([]byte(file))
			if err == nil && len(lines) == 0 {
				t.Error("it is what the manifests are")
			}
			if strings.Contains(strings.Join(lines, "\n"), "a secret of the tests") {
				t.Errorf("prints the secret: %q", lines)
			}
		}
	})
}
