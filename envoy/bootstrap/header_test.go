package bootstrap

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
)

func TestTrace(t *testing.T) {
	const (
		overwrite = `{"header":{"key":"X-A","value":"own"},"appendAction":"OVERWRITE_IF_EXISTS_OR_ADD"}`
		existing  = `{"header":{"key":"x-a","value":"own"},"appendAction":"OVERWRITE_IF_EXISTS"}`
		appended  = `{"header":{"key":"x-a","value":"own"}}`
	)
	tests := []struct {
		name        string
		config      string // of routes
		host, route string
		weight      string
		want        outcome
	}{
		{"untouched", "", "", "", "", outcome{passes: true}},
		{"removed", "", `"requestHeadersToRemove":["X-A"]`, "", "", outcome{}},
		{"removed, then set at one level", "", "", `"requestHeadersToRemove":["x-a"],"requestHeadersToAdd":[` + overwrite + `]`, "", outcome{set: true, value: "own"}},
		{"overwritten", "", "", `"requestHeadersToAdd":[` + overwrite + `]`, "", outcome{set: true, value: "own"}},
		{"appended", "", "", `"requestHeadersToAdd":[` + appended + `]`, "", outcome{passes: true, set: true, value: "own"}},
		{"overwritten the older way", "", "", `"requestHeadersToAdd":[{"append":false,"header":{"key":"x-a","value":"own"}}]`, "", outcome{set: true, value: "own"}},
		{"appended the older way", "", "", `"requestHeadersToAdd":[{"append":true,"header":{"key":"x-a","value":"own"}}]`, "", outcome{passes: true, set: true, value: "own"}},
		{"overwritten if there", "", "", `"requestHeadersToAdd":[` + existing + `]`, "", outcome{set: true, value: "own"}},
		{"overwritten if there, but removed", "", "", `"requestHeadersToRemove":["x-a"],"requestHeadersToAdd":[` + existing + `]`, "", outcome{}},
		{"set, then removed above", `"requestHeadersToRemove":["x-a"]`, "", `"requestHeadersToAdd":[` + overwrite + `]`, "", outcome{lostAt: "config"}},
		{"the most specific wins", `"mostSpecificHeaderMutationsWins":true,"requestHeadersToRemove":["x-a"]`, "", `"requestHeadersToAdd":[` + overwrite + `]`, "", outcome{set: true, value: "own"}},
		{"set by the weighted cluster", "", `"requestHeadersToRemove":["x-b"]`, "", `"requestHeadersToAdd":[` + overwrite + `]`, outcome{set: true, value: "own"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &routeRef{
				config: &routev3.RouteConfiguration{}, host: &routev3.VirtualHost{}, route: &routev3.Route{},
				configPath: "config", hostPath: "host", path: "route",
			}
			for _, part := range []struct {
				text string
				err  error
			}{
				{tt.config, protojson.Unmarshal([]byte("{"+tt.config+"}"), r.config)},
				{tt.host, protojson.Unmarshal([]byte("{"+tt.host+"}"), r.host)},
				{tt.route, protojson.Unmarshal([]byte("{"+tt.route+"}"), r.route)},
			} {
				if part.err != nil {
					t.Fatalf("%v in %s", part.err, part.text)
				}
			}
			if tt.weight != "" {
				r.weight = &routev3.WeightedCluster_ClusterWeight{}
				if err := protojson.Unmarshal([]byte("{"+tt.weight+"}"), r.weight); err != nil {
					t.Fatal(err)
				}
			}
			if got := trace(r.requestLevels(), "x-a"); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
