package mesh

import (
	"slices"
	"strings"
	"testing"
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
