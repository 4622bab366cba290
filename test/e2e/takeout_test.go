package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// byRDS has the routes of the outer listener come from a file, which it returns
// with them.
func byRDS(t *testing.T, config, path string) (edited string, routes object) {
	t.Helper()
	var all object
	if err := yaml.Unmarshal([]byte(config), &all); err != nil {
		t.Fatal(err)
	}
	all["node"] = object{"id": "envoy", "cluster": "test"}
	hcm := at(item(t, at(all, "static_resources", "listeners"), "outer"), "filter_chains", 0, "filters", 0, "typed_config").(object)
	routes = hcm["route_config"].(object)
	delete(hcm, "route_config")
	hcm["rds"] = object{
		"route_config_name": routes["name"],
		"config_source": object{
			"resource_api_version": "V3",
			"path_config_source":   object{"path": path, "watched_directory": object{"path": filepath.Dir(path)}},
		},
	}
	return text(t, all), routes
}

// publish writes routes where Envoy reads them, at once as a whole.
func publish(t *testing.T, path string, routes object) {
	t.Helper()
	resource := object{"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"}
	for k, v := range routes {
		resource[k] = v
	}
	data, err := json.Marshal(object{"resources": []any{resource}})
	if err == nil {
		err = os.WriteFile(path+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// heald's virtual host is taken away by RDS, as envoy/README.md says. What had
// begun goes on, retries too; nothing new begins.
func TestTakeOut(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		path := filepath.Join(t.TempDir(), "routes.json")
		var routes object
		s := stack.Start(t, stack.Options{Envoy: version, Edit: func(config string) (edited string) {
			edited, routes = byRDS(t, config, path)
			publish(t, path, routes)
			return edited
		}})
		gate := make(chan struct{})
		s.Fake().Enqueue(
			fakegemini.Gate(gate).Then(fakegemini.Status(503)),
			fakegemini.Text("one ").NoFinish().Then(fakegemini.Gate(gate)).Then(fakegemini.Text("two")),
			fakegemini.Text("one two"),
		)
		answers := make(chan stack.Answer, 2)
		for n := range 2 {
			client := stack.NewClient(t, stack.Protocols[n%len(stack.Protocols)])
			go func() { answers <- s.PostAs(patient(t), client, messages, strings.NewReader(streamed)) }() // ends with its answer
			eventually(t, "the provider has the request", func() bool { return s.Fake().Active() == n+1 })
		}

		publish(t, path, object{"name": routes["name"], "virtual_hosts": []any{}})
		eventually(t, "new requests are refused", func() bool {
			return s.Post("/v1/models", "").Status == http.StatusNotFound
		})
		before := len(s.Fake().Requests())
		close(gate)
		for range 2 {
			if text, err := answerText(<-answers, true); err != nil || text != "one two" {
				t.Errorf("a request that had begun: %q, %v", text, err)
			}
		}
		if n := len(s.Fake().Requests()); before != 2 || n != 3 {
			t.Errorf("the provider had %d requests, then %d, want 2 and the retry", before, n)
		}
		s.Settle()
	})
}
