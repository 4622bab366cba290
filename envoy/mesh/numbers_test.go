package mesh

import (
	"fmt"
	"strings"
	"testing"
)

// Meshes write some of envoy.yaml's numbers in fields of their own. They are the
// same there.
func TestNumbersOfEnvoy(t *testing.T) {
	p := given(GatewayForm)
	c, err := newParts(p.Envoy)
	if err != nil {
		t.Fatal(err)
	}
	const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
	heald, provider := c.cluster("heald"), c.cluster("studio")
	ping := at(provider, "typed_extension_protocol_options", options, "auto_config", "http2_protocol_options", "connection_keepalive")
	healdPing := at(heald, "typed_extension_protocol_options", options, "explicit_http_config", "http2_protocol_options", "connection_keepalive")
	outlier := at(heald, "outlier_detection")
	var (
		connect      = text(provider, "connect_timeout")
		idle         = text(provider, "typed_extension_protocol_options", options, "common_http_protocol_options", "idle_timeout")
		healdConnect = text(heald, "connect_timeout")
		ejected      = "baseEjectionTime: " + text(outlier, "base_ejection_time")
		share        = "maxEjectionPercent: " + text(outlier, "max_ejection_percent")
		requests     = text(heald, "circuit_breakers", "thresholds", "0", "max_requests")
	)
	for form, want := range map[string][]string{
		GatewayForm: {
			"connectTimeout: " + connect, "idleTimeout: " + idle, "connectTimeout: " + healdConnect, ejected, share, "http2MaxRequests: " + requests,
		},
		PortableForm: {
			"{connectTimeout: " + connect + "}", "{connectionIdleTimeout: " + idle + "}", ejected, share, "maxParallelRequests: " + requests,
			fmt.Sprintf("{interval: %s, timeout: %s, idleInterval: %s}", text(ping, "interval"), text(ping, "timeout"), text(ping, "connection_idle_interval")),
			fmt.Sprintf("{interval: %s, timeout: %s}", text(healdPing, "interval"), text(healdPing, "timeout")),
		},
	} {
		rendered, _ := render(t, given(form))
		for _, w := range want {
			if !strings.Contains(rendered, w) {
				t.Errorf("%s: no %q", form, w)
			}
		}
	}
}
