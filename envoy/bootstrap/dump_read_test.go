package bootstrap

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

// adminType is how the types of a dump's parts begin.
const adminType = "type.googleapis.com/envoy.admin.v3."

// read parses the parts of one dump.
func read(t *testing.T, parts ...string) *Dump {
	t.Helper()
	dumps, err := ParseDump([]byte(`{"configs":[` + strings.Join(parts, ",") + `]}`))
	if err != nil || len(dumps) != 1 {
		t.Fatalf("%d dumps: %v", len(dumps), err)
	}
	return dumps[0]
}

func part(kind, fields string) string {
	return fmt.Sprintf(`{"@type":"%s%sConfigDump",%s}`, adminType, kind, fields)
}

// What is no dump is none, and what ought to be one is told.
func TestParseDumpOfOtherFiles(t *testing.T) {
	none := part("Secrets", `"dynamic_active_secrets":[]`)
	for name, c := range map[string]struct {
		file  string
		dumps int
		err   string
	}{
		"nothing":                    {"", 0, ""},
		"blanks":                     {" \n\t", 0, ""},
		"JSON that ends too early":   {`{"a":`, 0, ""},
		"a dump that ends too early": {`{"configs":[` + part("Routes", `"static_route_configs":[`), 0, "parse the dump: "},
		"a list that ends too early": {`[` + part("Routes", `"static_route_configs":[`), 0, "parse the dump: "},
		"only secrets":               {`{"configs":[` + none + `]}`, 1, ""},
		"the words alone":            {`{"a":"envoy.admin.v3."}`, 0, "no configuration of listeners, routes or clusters"},
		"no part of it":              {`{"configs":[{"@type":"` + adminType + `ServerInfo"}]}`, 0, "no configuration of listeners, routes or clusters"},
		"YAML":                       {"configs:\n- \"@type\": " + adminType + "RoutesConfigDump\n  static_route_configs: []\n", 1, ""},
		"YAML, indented":             {"a:\n  configs:\n  - \"@type\": " + adminType + "RoutesConfigDump\n", 1, ""},
		"YAML of something else":     {"configs:\n- a: b\n", 0, ""},
		"YAML without configs":       {"configuration:\n- " + adminType + "\n", 0, ""},
		"YAML that ends too early":   {"configs:\n- \"@type\": \"" + adminType + "RoutesConfigDump\n", 0, "parse the dump: "},
		"as deep as it may be":       {strings.Repeat(`{"a":`, dumpDepth+1) + part("Routes", `"a":1`) + strings.Repeat("}", dumpDepth+1), 1, ""},
		"too deep":                   {strings.Repeat(`{"a":`, dumpDepth+2) + part("Routes", `"a":1`) + strings.Repeat("}", dumpDepth+2), 0, "no configuration"},
	} {
		dumps, err := ParseDump([]byte(c.file))
		if len(dumps) != c.dumps || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d dumps, %v", name, len(dumps), err)
		}
	}
	if _, err := ParseDump(make([]byte, maxDump+1)); err == nil || !strings.Contains(err.Error(), "at most 134217728 are read") {
		t.Error(err)
	}
}

func namesOf[T interface{ GetName() string }](all []T) string {
	var names []string
	for _, x := range all {
		names = append(names, x.GetName())
	}
	return strings.Join(names, " ")
}

// What runs is read: static parts and those by xDS, of a listener that was changed
// its active form. What the dump has no part for is taken from Envoy's own file.
func TestDumpReadsWhatRuns(t *testing.T) {
	file := part("Bootstrap", `"bootstrap":{"node":{"id":"n"},"static_resources":{"listeners":[{"name":"file"}],"clusters":[{"name":"own"}]}}`)
	listeners := part("Listeners", `"static_listeners":[{"listener":{"@type":"type.googleapis.com/envoy.config.listener.v3.Listener","name":"static"}}],
		"dynamic_listeners":[{"name":"both","active_state":{"listener":{"name":"active"}},"warming_state":{"listener":{"name":"not yet"}}},
			{"name":"warming","warming_state":{"listener":{"name":"warming"}}},
			{"name":"gone","draining_state":{"listener":{"name":"gone"}}},
			{"name":"refused","error_state":{"details":"bad","failed_configuration":{"name":"other"}}}]`)
	clusters := part("Clusters", `"staticClusters":[{"cluster":{"name":"s"}}],"dynamicActiveClusters":[{"cluster":{"name":"d"}}],"dynamicWarmingClusters":[{"cluster":{"name":"w"}}]`)
	for name, c := range map[string]struct {
		parts               []string
		listeners, clusters string
	}{
		"all":           {[]string{file, listeners, clusters}, "static active warming", "s d"},
		"the file":      {[]string{file}, "file", "own"},
		"no clusters":   {[]string{listeners, file}, "static active warming", "own"},
		"no listeners":  {[]string{file, clusters}, "file", "s d"},
		"without file":  {[]string{listeners}, "static active warming", ""},
		"in two pieces": {[]string{listeners, part("Listeners", `"static_listeners":[{"listener":{"name":"more"}}]`)}, "static active warming more", ""},
	} {
		d := read(t, c.parts...)
		got := d.all.GetStaticResources()
		if namesOf(got.GetListeners()) != c.listeners || namesOf(got.GetClusters()) != c.clusters || len(d.unread) > 0 {
			t.Errorf("%s: listeners %s, clusters %s, unread %q", name, namesOf(got.GetListeners()), namesOf(got.GetClusters()), d.unread)
		}
		if node := d.all.GetNode().GetId(); (node == "n") != slices.Contains(c.parts, file) {
			t.Errorf("%s: the node is %q", name, node)
		}
	}
}

// An update that Envoy refused has the name of the resource, also if it never ran.
func TestDumpReadsRefusedUpdates(t *testing.T) {
	d := read(t,
		part("Listeners", `"dynamic_listeners":[{"name":"l1","error_state":{"details":"why","failed_configuration":{"name":"x"}},"active_state":{"listener":{"name":"l1"}}},{"name":"l2"},
			{"error_state":{"failed_configuration":{"name":"l3"}}}]`),
		part("Clusters", `"dynamic_active_clusters":[{"cluster":{"name":"c1"},"error_state":{"details":"no"}},{"errorState":{"failedConfiguration":{"name":"c2"},"details":"never"}}]`),
		part("Routes", `"dynamic_route_configs":[{"route_config":{"name":"r1"},"error_state":{}}]`))
	want := []faulty{{"listener", "l1", "why"}, {"listener", "l3", ""}, {"cluster", "c1", "no"}, {"cluster", "c2", "never"}, {"route configuration", "r1", ""}}
	if !slices.Equal(d.rejected, want) {
		t.Errorf("%q", d.rejected)
	}
}

// Endpoints belong to the cluster that asks for them by name, unless it has its own.
func TestDumpReadsEndpoints(t *testing.T) {
	at := func(name string, port int) string {
		return fmt.Sprintf(`{"endpoint_config":{"cluster_name":%q,"endpoints":[{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"10.0.0.1","port_value":%d}}}}]}]}}`, name, port)
	}
	d := read(t,
		part("Clusters", `"dynamic_active_clusters":[{"cluster":{"name":"a"}},{"cluster":{"name":"b","eds_cluster_config":{"service_name":"b-service"}}},
			{"cluster":{"name":"c","load_assignment":{"cluster_name":"own"}}},{"cluster":{"name":"d"}},{"cluster":{"name":"e","eds_cluster_config":{"service_name":"none"}}}]`),
		part("Endpoints", `"static_endpoint_configs":[`+at("a", 1)+`],"dynamic_endpoint_configs":[`+at("b", 2)+","+at("b-service", 3)+","+at("c", 4)+","+at("e", 5)+`]`))
	got := map[string]uint32{}
	for _, cl := range d.all.GetStaticResources().GetClusters() {
		for _, e := range cl.GetLoadAssignment().GetEndpoints() {
			got[cl.GetName()] = e.GetLbEndpoints()[0].GetEndpoint().GetAddress().GetSocketAddress().GetPortValue()
		}
	}
	if fmt.Sprint(got) != "map[a:1 b:3 e:5]" || !d.endpoints {
		t.Errorf("%v", got)
	}
	if read(t, part("Clusters", `"a":1`)).endpoints {
		t.Error("has endpoints")
	}
}

const managerOf = `"active_state":{"listener":{"name":"l","filter_chains":[{"filters":[{"name":"h","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",%s}}]}]}}`

// Routes and filters that come by xDS are put into their place; others stay.
func TestDumpFillsIn(t *testing.T) {
	routes := part("Routes", `"static_route_configs":[{"route_config":{"name":"s"}}],"dynamic_route_configs":[{"route_config":{"name":"r"}}]`)
	filters := part("Ecds", `"ecds_filters":[{"ecds_filter":{"@type":"type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig","name":"f","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}}]`)
	for name, c := range map[string]struct {
		manager, routes string
		filter          bool
	}{
		"by RDS":          {`"rds":{"route_config_name":"r"}`, "r", false},
		"static":          {`"rds":{"route_config_name":"s"}`, "s", false},
		"unknown":         {`"rds":{"route_config_name":"x"}`, "", false},
		"its own":         {`"route_config":{"name":"own"}`, "own", false},
		"by ECDS":         {`"route_config":{"name":"own"},"http_filters":[{"name":"f","config_discovery":{}}]`, "own", true},
		"another by ECDS": {`"http_filters":[{"name":"g","config_discovery":{}}]`, "", false},
		"of that name":    {`"http_filters":[{"name":"f","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors"}}]`, "", false},
	} {
		d := read(t, part("Listeners", `"dynamic_listeners":[{"name":"l",`+fmt.Sprintf(managerOf, c.manager)+`}]`), routes, filters)
		all := newView(d.all).chains
		if len(all) != 1 || len(d.unread) > 0 {
			t.Fatalf("%s: %d filter chains, %q", name, len(all), d.unread)
		}
		if got := all[0].hcm.GetRouteConfig().GetName(); got != c.routes {
			t.Errorf("%s: routes %q", name, got)
		}
		router := slices.ContainsFunc(all[0].hcm.GetHttpFilters(), func(f *hcmv3.HttpFilter) bool {
			_, ok := decode[*routerv3.Router](f.GetTypedConfig())
			return ok
		})
		if router != c.filter {
			t.Errorf("%s: the filter %v", name, all[0].hcm.GetHttpFilters())
		}
	}
	if d := read(t, routes, filters); d.filters["f"].GetTypedConfig() == nil || len(d.configs) != 2 {
		t.Errorf("%v %v", d.filters, d.configs)
	}
}

// Resources that cannot be read are told by kind and name.
func TestDumpReadsWhatItCan(t *testing.T) {
	d := read(t, part("Clusters", `"dynamic_active_clusters":[{"cluster":7},{"cluster":{"name":"c","type":[]}},{"cluster":{"@type":"type.googleapis.com/example.Other","name":"o"}},
		{"cluster":{"name":"good","field_of_later_times":{"a":1}}},{"other":{}}]`))
	want := []faulty{{"cluster", "", "not an object"}, {"cluster", "c", "invalid value for enum field type: ["}, {"cluster", "o", "its type is not known"}}
	if !slices.Equal(d.unread, want) {
		t.Errorf("%q", d.unread)
	}
	if got := namesOf(d.all.GetStaticResources().GetClusters()); got != "good" {
		t.Errorf("read %s", got)
	}
}

// Fields are written as Envoy does, or in camel case.
func TestMember(t *testing.T) {
	v := map[string]any{"a_b": 1, "cD": 2, "eFG": 3, "both_of": 4, "bothOf": 5}
	for name, want := range map[string]any{"a_b": 1, "c_d": 2, "e_f_g": 3, "both_of": 4, "x_y": nil, "c__d": 2} {
		if got := member(v, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if member("text", "a") != nil || member(nil, "a") != nil {
		t.Error("a member of no object")
	}
}

// A route is heald's if it asks for retries by the mark or without the stamp, or tells
// heald a policy or the hop secret. What hops a dump has follows from that and from
// the filter.
func TestDumpHops(t *testing.T) {
	const headers, retry = `"request_headers_to_add":[{"header":{"key":"x-heald-hop","value":"t"}}],`, `"retry_policy":{"retry_on":"5xx"}`
	if !strings.Contains(smallDump, headers) || !strings.Contains(smallDump, retry) {
		t.Fatal("the dump was changed")
	}
	header := func(key string) string {
		return fmt.Sprintf(`"request_headers_to_add":[{"header":{"key":%q,"value":"t"}}],`, key)
	}
	matched := func(match string) string {
		return `"retry_policy":{"retry_on":"retriable-headers","retriable_headers":[` + match + `]}`
	}
	for name, c := range map[string]struct {
		headers, retry string
		asks           bool
	}{
		"nothing":        {"", retry, false},
		"another header": {header("x-other"), retry, false},
		"the hop secret": {header("x-heald-hop"), retry, true},
		"a policy":       {header("x-heald-policy"), retry, true},
		"the mark":       {"", matched(`{"name":"x-heald-retry","string_match":{"exact":"1"}}`), true},
		"no stamp":       {"", matched(`{"name":"x-heald-verdict","present_match":true,"invert_match":true}`), true},
		"another mark":   {"", matched(`{"name":"x-other","string_match":{"exact":"1"}}`), false},
		"the mark alone": {"", strings.Replace(matched(`{"name":"x-heald-retry","string_match":{"exact":"1"}}`), "retriable-headers", "5xx", 1), true},
	} {
		text := strings.Replace(strings.Replace(smallDump, headers, c.headers, 1), retry, c.retry, 1)
		for _, on := range []bool{true, false} {
			text := text
			if !on {
				text = strings.Replace(text, "ext_proc.v3.ExternalProcessor", "other.v3.Other", 1)
			}
			dumps, err := ParseDump([]byte(text))
			if err != nil || len(dumps) != 1 {
				t.Fatalf("%s: %v", name, err)
			}
			filter, asks := dumps[0].hops()
			if filter != on || asks != c.asks {
				t.Errorf("%s, with heald's filter %v: filter %v, asks %v", name, on, filter, asks)
			}
			if got := dumps[0].Heald(); (got == "heald") != on || got != "" && !on {
				t.Errorf("%s: heald's cluster is %q", name, got)
			}
		}
	}
}

// A route that answers by itself, or leads where a header says, is no way to heald,
// whatever headers it sets.
func TestDumpWithoutAWay(t *testing.T) {
	const route = `"route":{"cluster":"in","retry_policy":{"retry_on":"5xx"}}`
	if !strings.Contains(smallDump, route) {
		t.Fatal("the dump was changed")
	}
	for _, other := range []string{`"direct_response":{"status":426}`, `"route":{"cluster_header":"x-to"}`} {
		dumps, err := ParseDump([]byte(strings.Replace(smallDump, route, other, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if all := CheckDumps(dumps, Want{}); !slices.ContainsFunc(all, func(p Problem) bool { return strings.Contains(p.Problem, "no route leads to heald's listener") }) {
			t.Errorf("%s: said only %v", other, all)
		}
	}
}

// What could not be read of the two hops is noted, but for what meshes add and is
// known to do no harm.
func TestDumpNotesUnknownTypes(t *testing.T) {
	const filters = `"http_filters":[{"name":"c",`
	if strings.Count(smallDump, filters) != 1 {
		t.Fatal("the dump was changed")
	}
	for url, noted := range map[string]bool{
		"example.Other":                                         true,
		"istio.envoy.config.filter.http.Alpn":                   false,
		"io.istio.http.peer_metadata.Config":                    false,
		"stats.PluginConfig":                                    false,
		"envoy.extensions.filters.http.peer_metadata.v3.Config": false,
		"envoy.extensions.filters.http.own.v3.Own":              true,
		"other.istio.Filter":                                    true,
	} {
		text := strings.Replace(smallDump, filters, `"http_filters":[{"name":"new","typed_config":{"@type":"type.googleapis.com/`+url+`","a":1}},{"name":"c",`, 1)
		dumps, err := ParseDump([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, p := range CheckDumps(dumps, Want{}) {
			if strings.Contains(p.Problem, "is not known to heald") {
				found++
				if !p.Note || p.Problem != "the type type.googleapis.com/"+url+" is not known to heald" || !strings.HasPrefix(p.Path, "listener o: http_filters[new]") {
					t.Errorf("%s: %s", url, p)
				}
			}
		}
		if found != map[bool]int{true: 1, false: 0}[noted] {
			t.Errorf("%s: noted %d times", url, found)
		}
	}
}

// Of what could not be read, and of updates that Envoy refused, that of the two hops is
// told, also if it is their routes or clusters, which then are missing.
func TestDumpTellsOfTheHopsAlone(t *testing.T) {
	refused := func(list, field, name string) func(map[string]any) {
		return func(part map[string]any) {
			for key, items := range part {
				if snake(key) == list {
					kept := slices.DeleteFunc(items.([]any), func(x any) bool { return text(member(x, field), "name") == name })
					part[key] = append(kept, map[string]any{"error_state": map[string]any{"details": "bad", "failed_configuration": map[string]any{"name": name}}})
				}
			}
		}
	}
	unread := func(path string) func(map[string]any) {
		return func(part map[string]any) { set(path, map[string]any{"nonsense": 1}).apply(t, part) }
	}
	const routes, clusters = "RoutesConfigDump", "ClustersConfigDump"
	for name, c := range map[string]struct {
		part string
		edit func(map[string]any)
		says string // "" for nothing
		note bool
	}{
		"inner's routes, unread":    {routes, unread("http.18081 > virtual_hosts"), "route configuration http.18081: could not be read: ", true},
		"outer's routes, unread":    {routes, unread("http.8080 > virtual_hosts"), "route configuration http.8080: could not be read: ", true},
		"another site's, unread":    {routes, unread("https.443.shop > virtual_hosts"), "", false},
		"inner's routes, refused":   {routes, refused("dynamic_route_configs", "route_config", "http.18081"), "route configuration http.18081: Envoy has refused its last update: bad", false},
		"another site's, refused":   {routes, refused("dynamic_route_configs", "route_config", "https.443.shop"), "", false},
		"inner's cluster, unread":   {clusters, unread("outbound|18081||inner.heald > type"), "cluster outbound|18081||inner.heald: could not be read: ", true},
		"heald's cluster, refused":  {clusters, refused("dynamic_active_clusters", "cluster", "outbound|9000||heald.heald.svc.cluster.local"), "cluster outbound|9000||heald.heald.svc.cluster.local: Envoy has refused", false},
		"a provider's, unread":      {clusters, unread("outbound|443||generativelanguage.googleapis.com > type"), "cluster outbound|443||generativelanguage.googleapis.com: could not be read: ", true},
		"another cluster, unread":   {clusters, unread("outbound|80||shop.default.svc.cluster.local > type"), "", false},
		"another cluster, refused":  {clusters, refused("dynamic_active_clusters", "cluster", "outbound|80||shop.default.svc.cluster.local"), "", false},
		"nothing but another's own": {routes, func(map[string]any) {}, "", false},
	} {
		v := tree(t, goodDumps[0])
		c.edit(nearest(v, c.part).(map[string]any))
		dumps, err := ParseDump(asJSON(t, v))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, p := range CheckDumps(dumps, goodDumps[0].want) {
			line := p.Path + ": " + p.Problem
			switch {
			case !strings.Contains(line, "could not be read") && !strings.Contains(line, "refused its last update"):
			case c.says != "" && strings.HasPrefix(line, c.says) && p.Note == c.note:
				found++
			case !strings.HasPrefix(line, "listener 0.0.0.0_9999: "): // in the dump, and told if a hop was not found
				t.Errorf("%s: %s", name, p)
			}
		}
		if (found == 1) != (c.says != "") {
			t.Errorf("%s: told %d times", name, found)
		}
	}
}

// Of several Envoys, those are looked at that have a hop; two that have one each are
// looked at together, and all if none has any. Names are told where several are left.
func TestDumpsOfSeveralEnvoys(t *testing.T) {
	parse := func(name, text string) *Dump {
		found, err := ParseDump([]byte(text))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		found[0].Name = name
		return found[0]
	}
	both := parse("both", smallDump)
	inner := parse("inner", strings.Replace(strings.Replace(smallDump, `"key":"x-heald-hop"`, `"key":"x-other"`, 1), `"cluster":"in","retry_policy"`, `"cluster":"elsewhere","retry_policy"`, 1))
	outer := parse("outer", strings.Replace(smallDump, "ext_proc.v3.ExternalProcessor", "other.v3.Other", 1))
	other := parse("other", `{"configs":[`+part("Listeners", `"dynamic_listeners":[{"name":"x","error_state":{"details":"no"}}]`)+`]}`)
	for i, c := range []struct{ envoys, looked []*Dump }{
		{[]*Dump{both}, []*Dump{both}},
		{[]*Dump{other, both}, []*Dump{both}},
		{[]*Dump{inner, other}, []*Dump{inner}},
		{[]*Dump{other, outer}, []*Dump{outer}},
		{[]*Dump{other}, []*Dump{other}},
		{[]*Dump{inner, outer}, []*Dump{outer.with(inner)}},
		{[]*Dump{outer, other, inner}, []*Dump{outer.with(inner)}},
		{[]*Dump{inner, both}, []*Dump{both, inner}},
		{[]*Dump{outer, both, other}, []*Dump{both, outer}},
		{[]*Dump{inner, outer, inner}, []*Dump{outer.with(inner), outer.with(inner)}}, // two replicas of inner
	} {
		var want []string
		for _, d := range c.looked {
			for _, p := range d.Check(Want{}) {
				name := ""
				if len(c.looked) > 1 {
					name = d.Name + " "
				}
				want = append(want, name+strings.TrimPrefix(p.Path, d.Name+": ")+p.Problem)
			}
		}
		var got []string
		for _, p := range CheckDumps(c.envoys, Want{}) {
			names, path, _ := strings.Cut(p.Path, ": ")
			if len(c.looked) == 1 {
				names, path = "", p.Path
			}
			for name := range strings.SplitSeq(names, ", ") {
				got = append(got, strings.TrimPrefix(name+" ", " ")+path+p.Problem)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%d: told\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
