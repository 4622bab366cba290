package bootstrap

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
)

type goodDump struct {
	name string
	want Want
}

func (g goodDump) file() string { return "testdata/dump/" + g.name + ".yaml" }

var goodDumps = []goodDump{
	{"istio-gateway", Want{Backends: []string{"vertex", "ai-studio"}, RouteAuthority: true, GRPC: []string{":9000"}}},
	{"gateway-portable", Want{
		Backends: []string{"vertex", "ai-studio"}, RouteAuthority: true, GRPC: []string{":9000"},
		StoreMemory: true, OwnWait: true, Hop: "s3cret-of-the-hop", Reserved: []int{502, 503, 504, 507},
	}},
}

// TestGoodDumps finds nothing wrong in what Istio and Envoy Gateway make of
// resources that fit heald, whatever else these Envoys serve.
func TestGoodDumps(t *testing.T) {
	for _, c := range goodDumps {
		t.Run(c.name, func(t *testing.T) {
			for _, p := range checkDump(t, c.file(), c.want) {
				if !p.Note {
					t.Error(p)
				}
			}
			for range 3 {
				if first, again := fmt.Sprint(checkDump(t, c.file(), Want{})), fmt.Sprint(checkDump(t, c.file(), Want{})); first != again {
					t.Errorf("says different things of the same dump:\n%s\n%s", first, again)
				}
			}
		})
	}
}

// rendered are the dumps that the meshes' own tools render of the manifests of
// heald.
const rendered = "../../test/e2e/mesh/testdata"

// expected is what Check says of them for a reason; what it no longer says is to
// be removed here.
var expected = map[string][]string{
	// Examples with heald in another pod and no TLS to it: what is on the way can
	// be read, and that is what they are told.
	"gateway-portable":      {"is reached in plain text"},
	"gateway-portable-team": {"is reached in plain text"},
	"gateway-patched":       {"is reached in plain text"},
	"istio-gateway-plain":   {"is reached in plain text"},
}

// TestRenderedDumps is TestGoodDumps with those. Whatever they are called, no
// listener, route or cluster is looked up by its name.
func TestRenderedDumps(t *testing.T) {
	files, err := filepath.Glob(rendered + "/*/config_dump.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no rendered dumps: ", err)
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			want := wantOfRendered(name)
			left := slices.Clone(expected[name])
			for _, p := range checkDump(t, file, want) {
				said := slices.IndexFunc(left, func(part string) bool { return strings.Contains(p.Problem, part) })
				if said >= 0 {
					left = slices.Delete(left, said, said+1)
				} else if !p.Note {
					t.Error(p)
				}
			}
			if len(left) > 0 {
				t.Errorf("no longer says %q", left)
			}
		})
	}
}

// wantOfRendered is what the examples' heald.yaml needs.
func wantOfRendered(name string) Want {
	want := Want{Backends: []string{"vertex", "ai-studio"}, RouteAuthority: true, Hop: "hop-secret-of-the-examples"}
	if strings.HasPrefix(name, "gateway-") {
		want.StoreMemory, want.OwnWait, want.Reserved = true, true, []int{502, 503, 504, 507}
	}
	return want
}

func checkDump(t *testing.T, path string, want Want) []Problem {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dumps, err := ParseDump(file)
	if err != nil || len(dumps) == 0 {
		t.Fatalf("%d dumps: %v", len(dumps), err)
	}
	return CheckDumps(dumps, want)
}

// tree is a good dump as a tree.
func tree(t testing.TB, good goodDump) any {
	t.Helper()
	file, err := os.ReadFile(good.file())
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	return unfold(t, v)
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Tools put a dump into others, or show its parts one by one.
func TestDumpShapes(t *testing.T) {
	istio := tree(t, goodDumps[0]).(map[string]any)
	kinds := map[string]any{}
	for _, part := range istio["configs"].([]any) {
		url := part.(map[string]any)["@type"].(string)
		kinds[url[strings.LastIndexByte(url, '.')+1:]] = part
	}
	for name, c := range map[string]struct {
		v     any
		names []string
	}{
		"as Envoy shows it":     {istio, []string{""}},
		"parts by kind":         {kinds, []string{""}},
		"a list of parts":       {istio["configs"], []string{""}},
		"two in a list":         {[]any{istio, istio}, []string{"Envoy 1", "Envoy 2"}},
		"by namespace and pod":  {map[string]any{"ns": map[string]any{"pod-a": istio, "pod-b": istio}}, []string{"ns/pod-a", "ns/pod-b"}},
		"egctl translate":       {map[string]any{"xds": map[string]any{"heald/llm": map[string]any{"@type": "type.googleapis.com/envoy.admin.v3.ConfigDump", "configs": istio["configs"]}}}, []string{"heald/llm"}},
		"with the type of all":  {map[string]any{"@type": "type.googleapis.com/envoy.admin.v3.ConfigDump", "configs": istio["configs"]}, []string{""}},
		"an Envoy's own file":   {map[string]any{"static_resources": map[string]any{}}, nil},
		"a file without a part": {map[string]any{"a": []any{1.0}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dumps, err := ParseDump(asJSON(t, c.v))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, d := range dumps {
				names = append(names, d.Name)
			}
			if !slices.Equal(names, c.names) {
				t.Fatalf("got %q, want %q", names, c.names)
			}
			if len(dumps) == 0 {
				return
			}
			for _, p := range CheckDumps(dumps, goodDumps[0].want) {
				if !p.Note {
					t.Error(p)
				}
				if len(dumps) > 1 && !strings.HasPrefix(p.Path, strings.Join(c.names, ", ")+": ") {
					t.Errorf("said of %q", p.Path)
				}
			}
		})
	}
}

// PowerShell writes what a tool prints in UTF-16, others put a byte order mark
// before UTF-8.
func TestDumpEncodings(t *testing.T) {
	file := asJSON(t, tree(t, goodDumps[0]))
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(file))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, text := range map[string][]byte{"UTF-16": wide, "UTF-8 with a mark": append([]byte("\ufeff"), file...)} {
		dumps, err := ParseDump(text)
		if err != nil || len(dumps) != 1 || len(dumps[0].Check(goodDumps[0].want)) == 0 {
			t.Errorf("%s: %d dumps: %v", name, len(dumps), err)
		}
	}
}

// A dump without listeners, routes and clusters is none that Envoy could start
// with either.
func TestDumpOfNothing(t *testing.T) {
	for _, file := range []string{`{"configs": []}`, `{"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.Other"}]}`} {
		if dumps, err := ParseDump([]byte(file)); err == nil || !strings.Contains(err.Error(), "include_eds") {
			t.Errorf("%s: %d dumps, %v", file, len(dumps), err)
		}
	}
}

// Without endpoints a route that asks for heald's retries is taken for the way
// to heald, and that is said.
func TestDumpWithoutEndpoints(t *testing.T) {
	istio := tree(t, goodDumps[0]).(map[string]any)
	istio["configs"] = slices.DeleteFunc(istio["configs"].([]any), func(part any) bool {
		return strings.HasSuffix(part.(map[string]any)["@type"].(string), "EndpointsConfigDump")
	})
	dumps, err := ParseDump(asJSON(t, istio))
	if err != nil {
		t.Fatal(err)
	}
	said := false
	for _, p := range CheckDumps(dumps, goodDumps[0].want) {
		if !p.Note {
			t.Error(p)
		}
		said = said || p.Note && strings.Contains(p.Fix, "include_eds") && p.Path == "cluster outbound|18081||inner.heald"
	}
	if !said {
		t.Error("does not say that endpoints are missing")
	}
}

// apart are the dumps of two gateways, one for each hop.
func apart(t *testing.T) (outer, inner any) {
	t.Helper()
	without := func(listener string) any {
		v := tree(t, goodDumps[1])
		part := nearest(v, "ListenersConfigDump").(map[string]any)
		part["dynamicListeners"] = slices.DeleteFunc(part["dynamicListeners"].([]any), func(x any) bool { return x.(map[string]any)["name"] == listener })
		return nearest(v, "envoy-gateway-system").(map[string]any)["envoy-heald-llm-6f5d8c9b7-xyz12"]
	}
	outer, inner = without("heald/llm/inner"), without("heald/llm/outer")
	set("dynamic_active_clusters > httproute/heald/outer/rule/0 > socket_address > address", "inner.heald.svc.cluster.local").apply(t, outer)
	return outer, inner
}

// Each hop may have a gateway of its own, with a dump of its own.
func TestDumpsOfTwoGateways(t *testing.T) {
	outer, inner := apart(t)
	dumps, err := ParseDump(asJSON(t, map[string]any{"heald": map[string]any{
		"llm": outer, "inner": inner, "shop": map[string]any{"configs": []any{map[string]any{"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump"}}},
	}}))
	if err != nil || len(dumps) != 3 {
		t.Fatalf("%d dumps: %v", len(dumps), err)
	}
	said := false
	for _, p := range CheckDumps(dumps, goodDumps[1].want) {
		if !p.Note {
			t.Error(p)
		}
		said = said || strings.Contains(p.Problem, "leads to another Envoy")
	}
	if !said {
		t.Error("does not say that the way between the two was not seen")
	}
}

// Each of the two gateways may have several replicas, whose dumps come together.
func TestDumpsOfReplicas(t *testing.T) {
	outer, inner := apart(t)
	dumps, err := ParseDump(asJSON(t, map[string]any{"heald": map[string]any{"outer-1": outer, "outer-2": outer, "inner-1": inner, "inner-2": inner}}))
	if err != nil || len(dumps) != 4 {
		t.Fatalf("%d dumps: %v", len(dumps), err)
	}
	all := CheckDumps(dumps, goodDumps[1].want)
	for _, p := range all {
		if !p.Note {
			t.Error(p)
		}
	}
	for _, name := range []string{"outer-1", "outer-2", "inner-1", "inner-2"} {
		if !strings.Contains(fmt.Sprint(all), "heald/"+name) {
			t.Errorf("%s was not checked", name)
		}
	}
}

// A resource that cannot be read hides no other, and its values are not shown.
func TestDumpUnread(t *testing.T) {
	v := tree(t, goodDumps[0])
	set("0.0.0.0_8443 > socket_address > port_value", "a secret text").apply(t, v)
	set("outbound|443||generativelanguage.googleapis.com > type", map[string]any{"a secret text": 1}).apply(t, nearest(v, "ClustersConfigDump"))
	dumps, err := ParseDump(asJSON(t, v))
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprint(CheckDumps(dumps, Want{RouteAuthority: true}))
	if strings.Contains(all, "a secret text") {
		t.Errorf("shows a value: %s", all)
	}
	if len(dumps[0].unread) != 2 {
		t.Errorf("unread: %q", dumps[0].unread)
	}
}

// large is a dump of a gateway with many sites, of 5 MB.
func large(t testing.TB) []byte {
	v := tree(t, goodDumps[0])
	shop := string(asJSON(t, nearest(v, "0.0.0.0_8443")))
	site := string(asJSON(t, nearest(v, "https.443.shop")))
	cluster := string(asJSON(t, nearest(nearest(v, "ClustersConfigDump"), "outbound|9000||heald.heald.svc.cluster.local")))
	var listeners, routes, clusters strings.Builder
	for i := range 1500 {
		name := strings.NewReplacer("https.443.shop", fmt.Sprint("site-", i), "0.0.0.0_8443", fmt.Sprint("listener-", i), "heald.heald", fmt.Sprint("service-", i))
		fmt.Fprintf(&listeners, ",%s", name.Replace(shop))
		fmt.Fprintf(&routes, `,{"route_config":%s}`, name.Replace(site))
		fmt.Fprintf(&clusters, `,{"cluster":%s}`, name.Replace(cluster))
	}
	for part, more := range map[string]string{"dynamic_listeners": listeners.String(), "dynamic_route_configs": routes.String(), "dynamic_active_clusters": clusters.String()} {
		all := nearest(v, part).([]any)
		var added []any
		if err := json.Unmarshal([]byte("["+more[1:]+"]"), &added); err != nil {
			t.Fatal(err)
		}
		for _, kind := range nearest(v, "configs").([]any) {
			if m := kind.(map[string]any); m[part] != nil {
				m[part] = append(all, added...)
			}
		}
	}
	file := asJSON(t, v)
	if len(file) < 5_000_000 {
		t.Fatalf("only %d bytes", len(file))
	}
	return file
}

// What else an Envoy serves says nothing about heald.
func TestLargeDump(t *testing.T) {
	dumps, err := ParseDump(large(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range CheckDumps(dumps, goodDumps[0].want) {
		if !p.Note {
			t.Error(p)
		}
	}
}

func BenchmarkDump(b *testing.B) {
	file := large(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		dumps, err := ParseDump(file)
		if err != nil {
			b.Fatal(err)
		}
		CheckDumps(dumps, goodDumps[0].want)
	}
}

// smallDump has two hops and little else: what fuzzing changes.
const smallDump = `{"configs":[
{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump","dynamicActiveClusters":[{"cluster":{"name":"in","load_assignment":{"endpoints":[{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"inner.localhost","port_value":81}}}}]}]}}},{"cluster":{"name":"heald","type":"EDS","transport_socket_matches":[{"name":"x","match":{"a":"b"}}]}}]},
{"@type":"type.googleapis.com/envoy.admin.v3.ListenersConfigDump","dynamic_listeners":[
{"name":"o","error_state":{"details":"no"},"active_state":{"listener":{"name":"o","address":{"socket_address":{"address":"0.0.0.0","port_value":80}},"filter_chains":[{"filters":[{"name":"h","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager","rds":{"route_config_name":"o"},"http_filters":[{"name":"c","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.custom_response.v3.CustomResponse","custom_response_matcher":{"matcher_list":{"matchers":[{"predicate":{"single_predicate":{"input":{"name":"s","typed_config":{"@type":"type.googleapis.com/envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput"}},"value_match":{"exact":"429"}}}}]}}}}]}}]}]}}},
{"name":"i","active_state":{"listener":{"name":"i","address":{"socket_address":{"address":"127.0.0.1","port_value":81}},"default_filter_chain":{"filters":[{"name":"h","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager","route_config":{"name":"i","virtual_hosts":[{"name":"v","domains":["a.example"],"routes":[{"match":{"prefix":"/","headers":[{"name":"x-heald-hop","string_match":{"exact":"s"}}]},"route":{"cluster_header":"x-heald-cluster"}}]}]},"http_filters":[{"name":"e","disabled":true,"typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor","grpc_service":{"envoy_grpc":{"cluster_name":"heald"}}}}]}}]}}}}]},
{"@type":"type.googleapis.com/envoy.admin.v3.RoutesConfigDump","dynamic_route_configs":[{"route_config":{"name":"o","virtual_hosts":[{"name":"v","domains":["*"],"routes":[{"match":{"path":"/x"},"request_headers_to_add":[{"header":{"key":"x-heald-hop","value":"t"}}],"route":{"cluster":"in","retry_policy":{"retry_on":"5xx"}}}]}]}}]}]}`

func FuzzDump(f *testing.F) {
	f.Add([]byte(smallDump))
	f.Add([]byte("a:\n  b:\n    configs:\n    - {\"@type\": envoy.admin.v3.RoutesConfigDump, static_route_configs: [{route_config: {name: a}}]}\n"))
	f.Add([]byte(`{"configs":[{"@type":"type.googleapis.com/envoy.admin.v3.ListenersConfigDump","dynamic_listeners":[{"name":"a","error_state":{}}]}]}`))
	f.Add([]byte(`[{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump","staticClusters":[null,{"cluster":[]}]}]`))
	want := Want{Hop: "the secret of the hop", Backends: []string{"vertex"}, GRPC: []string{":9000"}}
	f.Fuzz(func(t *testing.T, file []byte) {
		dumps, err := ParseDump(file)
		if err != nil {
			return
		}
		for _, p := range CheckDumps(dumps, want) {
			if p.Path == "" || p.Problem == "" || p.Consequence == "" || p.Fix == "" {
				t.Errorf("incomplete: %s", p)
			}
			if strings.Contains(p.String(), want.Hop) && !strings.Contains(string(file), want.Hop) {
				t.Errorf("shows the secret: %s", p)
			}
		}
	})
}
