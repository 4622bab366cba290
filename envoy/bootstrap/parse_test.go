package bootstrap

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/heald-proxy/heald/envoy"
)

func TestParseConfig(t *testing.T) {
	b, err := Parse(envoy.Config)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.GetStaticResources().GetListeners()[1].GetName(); got != "inner" {
		t.Errorf("second listener is %q, want inner", got)
	}
	if found := opaques(b, ""); len(found) > 0 {
		t.Errorf("unread extensions in envoy.yaml: %v", found)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"empty", "", "the file is empty"},
		{"scalar", "hello", "not a mapping"},
		{"not yaml", "a: [", "line 1"},
		{"two documents", "admin: {}\n---\nadmin: {}\n", "line 2: a second document"},
		{"unknown field", "static_resources:\n  clusters:\n  - name: a\n    title: b\n",
			`line 4: static_resources.clusters[a].title: unknown field "title"`},
		{"unknown field in an extension", "bootstrap_extensions:\n- name: x\n  typed_config:\n" +
			"    \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n    oops: 1\n",
			`line 5: bootstrap_extensions[x].typed_config.oops: unknown field "oops"`},
		{"wrong type", "static_resources:\n  clusters:\n  - name: [a]\n", "line 3: static_resources.clusters[0].name"},
		{"number for a string", "node: {id: 7}", "line 1: node.id"},
		{"bad duration", "static_resources: {clusters: [{name: a, connect_timeout: 5}]}", "line 1: static_resources.clusters[a].connect_timeout"},
		{"bad enum", "static_resources: {clusters: [{name: a, type: STATIK}]}", "static_resources.clusters[a].type"},
		{"duplicate key", "node:\n  id: a\n  id: b\n", "node.id: given twice"},
		{"merge key", "node: &n {id: a}\nadmin: {<<: *n}\n", "merge keys"},
		{"alias to itself", "node: &n\n  metadata: {a: *n}\n", "nested deeper than"},
		{"old boolean for a string", "node: {id: on}", "line 1: node.id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// Nine levels of ten aliases are a thousand million values.
func TestParseAliasBomb(t *testing.T) {
	var file strings.Builder
	file.WriteString("node:\n  metadata:\n    a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for _, level := range []string{"01", "12", "23", "34", "45", "56", "67", "78"} {
		from, to := level[:1], level[1:]
		file.WriteString("    a" + to + ": &a" + to + " [" + strings.Repeat("*a"+from+",", 9) + "*a" + from + "]\n")
	}
	_, err := Parse([]byte(file.String()))
	if err == nil || !strings.Contains(err.Error(), "check the aliases") {
		t.Fatalf("got error %v, want one about aliases", err)
	}
}

func TestParseScalars(t *testing.T) {
	b, err := Parse([]byte("node: {id: \"on\", cluster: 'no', metadata: {a: yes, b: 0x10, c: 1.5, d: ~, e: .inf, f: 18446744073709551615, g: 2001-01-01}}"))
	if err != nil {
		t.Fatal(err)
	}
	f := b.GetNode().GetMetadata().GetFields()
	if b.GetNode().GetId() != "on" || b.GetNode().GetCluster() != "no" || !f["a"].GetBoolValue() ||
		f["b"].GetNumberValue() != 16 || f["c"].GetNumberValue() != 1.5 || f["e"].GetStringValue() != ".inf" ||
		f["f"].GetNumberValue() != 1<<64 || f["g"].GetStringValue() != "2001-01-01" {
		t.Errorf("got %v", b.GetNode())
	}
}

func TestParseKeepsUnknownExtensions(t *testing.T) {
	const file = `
static_resources:
  listeners:
  - name: outer
    filter_chains:
    - filters:
      - name: theirs
        typed_config:
          "@type": type.googleapis.com/example.v1.Theirs
          depth: {a: [1, two]}
`
	b, err := Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	found := opaques(b, "")
	want := opaque{"static_resources.listeners[outer].filter_chains[0].filters[theirs].typed_config", "type.googleapis.com/example.v1.Theirs"}
	if len(found) != 1 || found[0] != want {
		t.Fatalf("got %v, want %v", found, want)
	}
	text, err := YAML(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"type.googleapis.com/example.v1.Theirs", "- two"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

// What is written must be read back as the same, whatever was read first.
func FuzzParse(f *testing.F) {
	f.Add(envoy.Config)
	f.Add([]byte("node: {id: \"on\", metadata: {a: yes, b: \"y\", c: \"1\", d: \"a\\nb\"}}"))
	f.Add([]byte("static_resources: {clusters: [{name: \"#x\", connect_timeout: 0.5s}]}"))
	f.Add([]byte("stats_sinks: [{name: x, typed_config: {\"@type\": a/b.C, d: {\"@type\": 1}}}]"))
	f.Add([]byte("stats_sinks: [{name: x, typed_config: {\"@type\": a/b.C, d: {\"@type\": }}}]"))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := Parse(file)
		if err != nil {
			return
		}
		for _, p := range Check(b, Want{Hop: "long secret", Backends: []string{"a"}}) {
			if p.Path == "" || p.Problem == "" || p.Consequence == "" || p.Fix == "" {
				t.Errorf("incomplete: %s", p)
			}
		}
		text, err := YAML(b)
		if err != nil {
			t.Skip() // an Any that cannot be written as JSON
		}
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !proto.Equal(b, again) {
			t.Fatalf("changed by writing:\n%s", text)
		}
	})
}
