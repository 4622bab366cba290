package mesh

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Diff says what differs, and nothing of what a cluster adds.
func TestRenderDiff(t *testing.T) {
	m, err := Istio(given(GatewayForm))
	if err != nil {
		t.Fatal(err)
	}
	yes, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	same := string(yes)
	documents := strings.Split(same, "\n---\n")
	slices.Reverse(documents)
	reversed := strings.Join(documents, "\n---\n")
	edit := func(old, other string) string {
		if !strings.Contains(same, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(same, old, other, 1)
	}
	for _, c := range []struct {
		name, have string
		want       []string // parts of the lines, one each
	}{
		{"same", same, nil},
		{"another order", reversed, nil},
		{"another object beside", same + "---\napiVersion: v1\nkind: Service\nmetadata: {name: other}\n", nil},
		{"as the cluster shows it", edit("  name: studio\n", "  name: studio\n  uid: 1\n  labels: {a: b}\n"), nil},
		{"another version", edit("networking.istio.io/v1\n", "networking.istio.io/v1beta1\n"), []string{`apiVersion: is "networking.istio.io/v1beta1"`}},
		{"a number", edit("attempts: 8", "attempts: 2"), []string{`VirtualService.networking.istio.io ns/heald: spec.http[1 heald-outer].retries.attempts: is "2", should be "8"`}},
		{"a field is missing", edit("        retryOn: retriable-headers,connect-failure,refused-stream,reset\n", ""), []string{"retries.retryOn: is missing"}},
		{"another secret", edit("x-heald-hop: a secret of the tests", "x-heald-hop: an older one"), []string{"is another secret"}},
		{"quoted", edit("number: 18081", `number: "18081"`), []string{`is "18081" as text, should be a number`}},
		{"without its namespace", edit("  name: studio\n  namespace: ns\n", "  name: studio\n"), []string{"metadata.namespace: is missing"}},
		{"nothing", "", slices.Repeat([]string{"is missing"}, len(m.Objects))},
	} {
		got, err := m.Diff([]byte(c.have))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %d lines, want %d\n%s", c.name, len(got), len(c.want), strings.Join(got, "\n"))
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: %s, want %s", c.name, got[i], want)
			}
		}
		if strings.Contains(strings.Join(got, "\n"), "a secret of the tests") {
			t.Errorf("%s: the hop secret is printed", c.name)
		}
	}
	for name, text := range map[string]string{"no YAML": "a: [", "no object": "- a\n", "twice": same + "---\n" + documents[0]} {
		if _, err := m.Diff([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// kubectl get -o yaml prints one List.
func TestRenderDiffList(t *testing.T) {
	m, err := Gateway(given(PortableForm))
	if err != nil {
		t.Fatal(err)
	}
	list := "apiVersion: v1\nkind: List\nitems:\n"
	text, _ := m.YAML()
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		list += "-\n"
		for line := range strings.SplitSeq(document, "\n") {
			list += "  " + line + "\n"
		}
	}
	if got, err := m.Diff([]byte(list)); err != nil || len(got) > 0 {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
}

// No line holds a hop secret, neither that of heald.yaml nor that of the file,
// and an entry that is missing does not have the rest of its list differ.
func TestRenderDiffSecrets(t *testing.T) {
	const inFile, inConfig = "the 100% secret of the file", "the secret of heald.yaml"
	for _, form := range forms {
		p := given(form)
		p.Envoy.Hop = inFile
		old, err := renderer(form)(p)
		if err != nil {
			t.Fatal(err)
		}
		have, err := old.YAML()
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*Params){
			"the same secret, elsewhere": func(p *Params) { p.HopEnv, p.HopSecret = "HOP", "heald-hop" },
			"another secret":             func(p *Params) { p.Envoy.Hop = inConfig },
			"another secret, elsewhere":  func(p *Params) { p.Envoy.Hop, p.HopEnv, p.HopSecret = inConfig, "HOP", "heald-hop" },
		} {
			p := given(form)
			p.Envoy.Hop = inFile
			change(&p)
			now, err := renderer(form)(p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := now.Diff(have)
			if err != nil || len(got) == 0 || len(got) > 5 {
				t.Errorf("%s: %s: %v, %d lines\n%s", form, name, err, len(got), strings.Join(got, "\n"))
			}
			for _, secret := range []string{inFile, escaped(inFile), inConfig} {
				if strings.Contains(strings.Join(got, "\n"), secret) {
					t.Errorf("%s: %s: prints a secret: %s", form, name, strings.Join(got, "\n"))
				}
			}
		}
	}
}

// The secret is hidden wherever it stands, and in lists without unique names.
func TestRenderDiffSecretPlaces(t *testing.T) {
	m := &Manifests{secrets: []string{"hush-hush"}}
	m.add("", "v1", "Example", "ns", "x", "spec", tree("note", "none", "set", list(tree("name", "a", "value", "1"), tree("name", "a", "value", "2"))))
	got, err := m.Diff([]byte(`{apiVersion: v1, kind: Example, metadata: {name: x, namespace: ns}, spec: {note: "so hush-hush", set: [{name: x-heald-hop, value: unknown}, {name: a, value: "2"}]}}`))
	if err != nil || len(got) != 3 {
		t.Error(err, got)
	}
	for _, secret := range []string{"hush-hush", "unknown"} {
		if strings.Contains(strings.Join(got, "\n"), secret) {
			t.Error(got)
		}
	}
}

// A cluster fills in the defaults of the kinds, which is no difference; another
// value is one.
func TestRenderDiffDefaults(t *testing.T) {
	p := given(PortableForm)
	p.HopSecret = "heald-hop"
	m, err := Gateway(p)
	if err != nil {
		t.Fatal(err)
	}
	yes, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	text := string(yes)
	for _, c := range [][2]string{
		{"{name: llm, sectionName: inner}\n  rules", "{group: gateway.networking.k8s.io, kind: Gateway, name: llm, sectionName: inner}\n  rules"},
		{"backendRefs:\n        - {group: gateway.envoyproxy.io, kind: Backend, name: studio}", "backendRefs:\n        - {group: gateway.envoyproxy.io, kind: Backend, name: studio, weight: 1}"},
		{"    - matches:\n        - headers:\n            - {name: x-heald-cluster, value: studio}", "    - matches:\n        - path: {type: PathPrefix, value: /}\n          headers:\n            - {name: x-heald-cluster, type: Exact, value: studio}"},
		{"      statusOnError", "      failOpen: false\n      statusOnError"},
		{"    retryBudget:", "    maxParallelRetries: 1024\n    retryBudget:"},
	} {
		if !strings.Contains(text, c[0]) {
			t.Fatalf("no %q", c[0])
		}
		text = strings.ReplaceAll(text, c[0], c[1])
	}
	if got, err := m.Diff([]byte(text)); err != nil || len(got) > 0 {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
	text = strings.Replace(text, "failOpen: false", "failOpen: true", 1)
	if got, err := m.Diff([]byte(text)); err != nil || len(got) != 1 || !strings.Contains(got[0], `failOpen: is "true", should not be there`) {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
}

// What only the file has is told if it is heald's, and nothing else is.
func TestRenderDiffLeftovers(t *testing.T) {
	istio := func(change func(*Params)) *Manifests {
		p := given(GatewayForm)
		change(&p)
		m, err := Istio(p)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	gateway := func(form string, change func(*Params)) *Manifests {
		p := given(form)
		change(&p)
		m, err := Gateway(p)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	same := func(*Params) {}
	fewer := func(p *Params) { p.Envoy.Backends = p.Envoy.Backends[:1] }
	team := func(p *Params) { p.Team, p.Host = "search", "search.example" }
	for _, c := range []struct {
		name       string
		have, want *Manifests
		more       string // documents of the file, beside have
		left       []string
	}{
		{"a provider less", istio(same), istio(fewer), "", []string{"DestinationRule.networking.istio.io ns/plain", "ServiceEntry.networking.istio.io ns/plain"}},
		{"a provider less, in Envoy Gateway", gateway(PortableForm, same), gateway(PortableForm, fewer), "", []string{
			"Backend.gateway.envoyproxy.io ns/plain", "Backend.gateway.envoyproxy.io ns/second", "BackendTLSPolicy.gateway.networking.k8s.io ns/second"}},
		{"a patch less", gateway(PatchedForm, same), gateway(PortableForm, same), "", []string{"EnvoyPatchPolicy.gateway.envoyproxy.io ns/heald"}},
		{"heald elsewhere", istio(func(p *Params) { p.HealdTLS = Mesh }), istio(same), "", []string{
			"AuthorizationPolicy.security.istio.io ns/heald", "PeerAuthentication.security.istio.io ns/heald"}},
		{"a second filter of heald's", istio(same), istio(same), "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: old}\nspec: {configPatches: [{patch: {value: {initial_metadata: [{key: x-heald-role}]}}}]}\n",
			[]string{"EnvoyFilter.networking.istio.io old"}},
		{"teams beside it", istio(team), istio(same), "", nil},
		{"a team's own", istio(same), istio(team), "", nil},
		{"teams in Envoy Gateway", gateway(PortableForm, team), gateway(PortableForm, same), "", nil},
		{"another site's", istio(same), istio(same), "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: shop, namespace: ns}\nspec: {hosts: [plain.example]}\n", nil},
		{"a way to the admin port", istio(same), istio(same), "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: heald-admin, namespace: ns}\nspec: {hosts: [heald.example]}\n", nil},
		{"another namespace's", istio(same), istio(same), "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: heald-inner, namespace: other}\n", nil},
		{"the chart's", istio(same), istio(same), "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: heald, namespace: ns}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: heald, namespace: ns}\ndata: {heald.yaml: x-heald-hop}\n", nil},
	} {
		have, err := c.have.YAML()
		if err != nil {
			t.Fatal(err)
		}
		text := string(have)
		if c.more != "" {
			text += "---\n" + c.more
		}
		lines, err := c.want.Diff([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var left []string
		for _, line := range lines {
			if id, _, only := strings.Cut(line, ": is only in yours"); only {
				left = append(left, id)
			}
		}
		if !slices.Equal(left, c.left) {
			t.Errorf("%s: %q, want %q", c.name, left, c.left)
		}
	}
}

// Every name of heald's that a form gives is known as one.
func TestOwnNames(t *testing.T) {
	for _, form := range forms {
		p := given(form)
		p.HopSecret = "heald-hop"
		_, objects := render(t, p)
		for _, o := range objects {
			name := text(o, "metadata", "name")
			if strings.HasPrefix(name, healdName) && ofMesh(o) && !slices.Contains(ownNames, name) {
				t.Errorf("%s: %s", form, identity(o))
			}
		}
	}
}

// Each kind of difference says what is there and what should be, on one line.
func TestRenderDiffLines(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, c := range []struct {
		name, have, want string
		lines            []string
	}{
		{"equal", "a: {b: [1, x]}", "a: {b: [1, x]}", nil},
		{"an alias", "x: &n {b: 1}\na: *n", "x: {b: 1}\na: {b: 1}", nil},
		{"a value", "a: {b: x}", "a: {b: y}", []string{`a.b: is "x", should be "y"`}},
		{"text for a boolean", `a: "true"`, "a: true", []string{`a: is "true" as text, should be a boolean`}},
		{"a boolean for text", "a: true", `a: "true"`, []string{`a: is "true" as a boolean, should be text`}},
		{"text for a number", `a: "1"`, "a: 1", []string{`a: is "1" as text, should be a number`}},
		{"text for nothing", `a: "null"`, "a: null", []string{`a: is "null" as text, should be nothing`}},
		{"a value for an object", "a: x", "a: {b: 1, c: 2}", []string{`a: is "x", should be {b, c}`}},
		{"an object for a list", "a: {b: 1}", "a: [1, 2, 3]", []string{"a: is {b}, should be a list of 3"}},
		{"a list for a value", "a: [1]", "a: x", []string{`a: is a list of 1, should be "x"`}},
		{"no object", "b: 1", "a: {b: 1}\nb: 1", []string{"a: is missing, should be {b}"}},
		{"an object too many", "a: {b: {c: 1}}", "a: {}", []string{"a.b: is {c}, should not be there"}},
		{"many keys", "a: x", "a: {k1: 1, k2: 1, k3: 1, k4: 1, k5: 1, k6: 1, k7: 1}", []string{`a: is "x", should be {k1, k2, k3, k4, k5, k6}`}},
		{"long text", "a: " + long, "a: y", []string{`a: is "` + long[:116] + `...", should be "y"`}},
		{"text of 118 letters", "a: " + long[:118], "a: y", []string{`a: is "` + long[:118] + `", should be "y"`}},
		{"text of 119 letters", "a: " + long[:119], "a: y", []string{`a: is "` + long[:116] + `...", should be "y"`}},
		{"a shorter list", "a: [1]", "a: [1, 2, 3]", []string{`a[1]: is missing, should be "2"`, `a[2]: is missing, should be "3"`}},
		{"a longer list", "a: [1, 2, 3]", "a: [1]", []string{`a[1]: is "2", should not be there`, `a[2]: is "3", should not be there`}},
		{"the first of a list", "a: [0, 2]", "a: [1, 2]", []string{`a[0]: is "0", should be "1"`}},
		{"one name is missing", "a: [{name: y, v: 2}]", "a: [{name: x, v: 1}, {name: y, v: 2}]", []string{"a[0 x]: is missing, should be {name, v}"}},
		{"one name too many", "a: [{name: z}, {name: x, v: 1}]", "a: [{name: x, v: 1}]", []string{"a[0 z]: is {name}, should not be there"}},
		{"by name", "a: [{name: x, v: 1}, {name: y, v: 3}]", "a: [{name: x, v: 1}, {name: y, v: 2}]", []string{`a[1 y].v: is "3", should be "2"`}},
		{"another order", "a: [{name: y}, {name: x}]", "a: [{name: x}, {name: y}]", []string{"a: is in another order, should be x, y"}},
		{"names that are there twice", "a: [{name: x, v: 2}, {name: x, v: 1}]", "a: [{name: x, v: 1}, {name: x, v: 2}]", []string{`a[0 x].v: is "2", should be "1"`, `a[1 x].v: is "1", should be "2"`}},
		{"some without names", "a: [{v: 1}, {name: x}]", "a: [{v: 2}, {name: x}]", []string{`a[0].v: is "1", should be "2"`}},
		{"another secret", "a: {x-heald-hop: hush}", "a: {x-heald-hop: hush-hush}", []string{"a.x-heald-hop: is another secret than hop_secret of heald.yaml"}},
		{"a secret too many", "a: {x-heald-hop: hush}", "a: {}", []string{"a.x-heald-hop: is a secret, should not be there"}},
		{"no secret", "a: {}", "a: {x-heald-hop: hush}", []string{"a.x-heald-hop: is missing, should be a secret"}},
		{"a list for a secret", "a: {x-heald-hop: [hush]}", "a: {x-heald-hop: hush}", []string{"a.x-heald-hop: is a secret, should be a secret"}},
		{"a secret of an entry", "a: [{name: x-heald-hop, value: hush}]", "a: [{name: x-heald-hop}]", []string{"a[0 x-heald-hop].value: is a secret, should not be there"}},
		{"what a cluster adds", "metadata: {uid: 1, annotations: {}, finalizers: []}\nstatus: {}", "metadata: {}", nil},
		{"what nobody adds", "metadata: {other: 1, status: 1}\nuid: 1", "metadata: {}", []string{
			`metadata.other: is "1", should not be there`, `metadata.status: is "1", should not be there`, `uid: is "1", should not be there`}},
		{"what a cluster adds, elsewhere", "a: {labels: {}, status: {}}", "a: {}", []string{"a.labels: is {}, should not be there", "a.status: is {}, should not be there"}},
	} {
		var have, want yaml.Node
		if err := errors.Join(yaml.Unmarshal([]byte(c.have), &have), yaml.Unmarshal([]byte(c.want), &want)); err != nil {
			t.Fatal(err)
		}
		got := comparison{id: "it"}
		got.differ("", have.Content[0], want.Content[0])
		for i, line := range got.lines {
			got.lines[i] = strings.TrimPrefix(line, "it: ")
		}
		if !slices.Equal(got.lines, c.lines) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got.lines, "\n"), strings.Join(c.lines, "\n"))
		}
	}
}

// What differs altogether is not listed to the end, and each object by itself.
func TestRenderDiffIsBounded(t *testing.T) {
	for extra, want := range map[int]int{0: maxDifferences, 1: maxDifferences + 1, 9: maxDifferences + 1} {
		m := &Manifests{}
		spec := tree()
		for i := range maxDifferences + extra {
			set(spec, fmt.Sprintf("k%d", i), i)
		}
		m.add("", "v1", "Example", "ns", "x", "spec", spec)
		m.add("", "v1", "Example", "ns", "y", "spec", tree("a", 1))
		got, err := m.Diff([]byte("{apiVersion: v1, kind: Example, metadata: {name: x, namespace: ns}, spec: {}}\n---\n{apiVersion: v1, kind: Example, metadata: {name: y, namespace: ns}, spec: {a: 2}}"))
		if err != nil || len(got) != want+1 || got[want] != `Example ns/y: spec.a: is "2", should be "1"` {
			t.Errorf("%d more: %v, %d lines: %s", extra, err, len(got), got[len(got)-1])
		}
		if extra > 0 && got[maxDifferences] != fmt.Sprintf("Example ns/x: %d more", extra) {
			t.Errorf("%d more: %s", extra, got[maxDifferences])
		}
	}
}

// Objects are told apart by group, kind, namespace and name, not by the version.
func TestRenderDiffIdentity(t *testing.T) {
	for text, want := range map[string]string{
		"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: n}}":                                  "Service n/a",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}":                                        "Deployment a",
		"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a, namespace: n}}":        "Gateway.gateway.networking.k8s.io n/a",
		"{apiVersion: networking.istio.io/v1alpha3, kind: Gateway, metadata: {name: a, namespace: n}, b: {}}": "Gateway.networking.istio.io n/a",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		if got := identity(doc.Content[0]); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// What cannot be read is told with its document and line.
func TestRenderDiffMistakes(t *testing.T) {
	m := &Manifests{}
	for text, want := range map[string]string{
		"a: [":                              "document 1: ",
		"kind: A\n---\n- a\n---\nkind: B\n": "document 2: line 3: no Kubernetes object",
		"kind: A\n---\n---\nnull\n---\nkind: A\n":              "document 4: line 6: A  is there twice",
		"kind: List\nitems: [{kind: A}, 1]\n":                  "document 1: line 2: no Kubernetes object",
		"kind: AList\nitems: [{kind: A}, {kind: A}]\n":         "is there twice",
		"kind: A\nitems: [1]\n---\nkind: List\nitems: [[b]]\n": "document 2: line 5: no Kubernetes object",
	} {
		if _, err := m.Diff([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if got, err := m.Diff([]byte("kind: A\nitems: [1]\n")); err != nil || len(got) > 0 { // items of something else
		t.Error(got, err)
	}
}
