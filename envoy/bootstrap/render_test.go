package bootstrap

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/heald-proxy/heald/envoy"
)

func TestConfigIsAccepted(t *testing.T) { accept(t, envoy.Config) }

func TestRenderNothing(t *testing.T) {
	want, err := Parse(envoy.Config)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Render(Params{AccessLog: true})
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) {
		t.Error("Render without parameters is not envoy.yaml")
	}
}

func TestRender(t *testing.T) {
	tests := []struct {
		name   string
		params Params
		want   []string // parts of the YAML
		not    []string
		check  Want
	}{
		{
			name: "addresses",
			params: Params{
				Listen: "127.0.0.1:0", Admin: "unix:///tmp/admin.sock", Sidecars: []string{"127.0.0.1:9001", "127.0.0.2:9001"},
				Backends: []Backend{{Name: "a", URL: "http://127.0.0.1:8080"}, {Name: "b", URL: "http://provider.localhost:8081/"}},
			},
			want:  []string{"min_retry_concurrency: 200", "port_value: 9001", "path: /tmp/admin.sock", "mode: 384", "name: a\n", "address: provider.localhost", "port_value: 8081"},
			not:   []string{"ai-studio", "generativelanguage", "UpstreamTlsContext", "port_value: 9000", "StdoutAccessLog"},
			check: Want{Backends: []string{"a", "b"}},
		},
		{
			name: "sockets",
			params: Params{
				Listen: "unix:///tmp/outer.sock", Sidecars: []string{"unix:///run/heald-1.sock", "unix:///run/heald-2.sock"},
				Backends: []Backend{{Name: "secure", URL: "https://provider.example"}, {Name: "ip", URL: "https://[::1]:8443"}},
			},
			want:  []string{"path: /run/heald-2.sock", "path: /tmp/outer.sock", "sni: provider.example", "exact: ::1", "port_value: 443", "san_type: IP_ADDRESS", "sni: provider.example"},
			not:   []string{"generativelanguage"},
			check: Want{Backends: []string{"secure", "ip"}},
		},
		{
			name:   "requests whole",
			params: Params{BufferRequests: true},
			want:   []string{"request_body_mode: BUFFERED"},
			not:    []string{"request_trailer_mode", "allow_content_length_header"},
		},
		{
			name: "limits",
			params: Params{
				Sidecars: []string{"heald.localhost:9000"}, Attempts: 8, RetryAfter: 90 * time.Second, Wait: time.Hour, Silence: 2 * time.Hour, MaxBody: 1 << 20, BufferLimit: 32 << 10,
				HeapLimit: 512 << 20, MaxConnections: 777, RequestTimeout: 30 * time.Second,
				CAFile: "/etc/ssl/certs/ca-certificates.crt", AccessLog: true,
				Policy: "gold", Hop: "100%-secret", InitialMetadata: map[string]string{"x-heald-set": "a=b", "x-heald-backends": "c"},
			},
			want: []string{
				"num_retries: 9", "max_interval: 90s", "message_timeout: 3600s", "stream_idle_timeout: 7260s", `request_body_buffer_limit: "1048576"`, "per_connection_buffer_limit_bytes: 32768",
				`max_heap_size_bytes: "536870912"`, `max_active_downstream_connections: "777"`, "request_timeout: 30s",
				"value: gold", "value: 100%%-secret", "key: x-heald-set", "type: STRICT_DNS", "StdoutAccessLog",
			},
			check: Want{Attempts: 8, RetryAfter: 90 * time.Second, Wait: time.Hour, Silence: 2 * time.Hour, MaxBody: 1 << 20, Hop: "100%-secret", Backends: []string{"ai-studio"}},
		},
		{
			name:   "lean",
			params: Params{Lean: true, AccessLog: true, StoreMemory: true},
			want:   []string{"stats_matcher", "inclusion_list", "membership_healthy", "StdoutAccessLog", "response_flag_filter", "heald.close", "heald.allow"},
			not:    []string{"heald.memory", "heald.hedge\n"},
			check:  Want{StoreMemory: true},
		},
		{
			name:   "lean, with memory in headers and hedging",
			params: Params{Lean: true, Hedge: true},
			want:   []string{"stats_matcher", "name: heald.memory", "name: heald.hedge"},
			not:    []string{"StdoutAccessLog"},
			check:  Want{Hedge: true},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Render(tt.params)
			if err != nil {
				t.Fatal(err)
			}
			text, err := YAML(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range tt.want {
				if !strings.Contains(string(text), part) {
					t.Errorf("%q is missing in\n%s", part, text)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(string(text), part) {
					t.Errorf("%q should not be in\n%s", part, text)
				}
			}
			again, err := Parse(text)
			if err != nil || !proto.Equal(b, again) {
				t.Errorf("read back as something else, %v", err)
			}
			if second, _ := YAML(again); !bytes.Equal(text, second) {
				t.Error("written differently the second time")
			}
			for _, p := range Check(b, tt.check) {
				t.Errorf("%s", p)
			}
			accept(t, text)
		})
	}
}

func TestRenderErrors(t *testing.T) {
	tests := []struct {
		name   string
		params Params
		want   string
	}{
		{"listen without port", Params{Listen: "127.0.0.1"}, "listen: \"127.0.0.1\": want host:port"},
		{"listen on a name", Params{Listen: "example.com:80"}, "Envoy listens on IP addresses only"},
		{"port too large", Params{Admin: "127.0.0.1:70000"}, "admin: \"127.0.0.1:70000\": the port"},
		{"sidecar without port", Params{Sidecars: []string{"127.0.0.1:0"}}, "sidecars[0]: \"127.0.0.1:0\" has port 0"},
		{"sidecar on a relative path", Params{Sidecars: []string{"unix://a.sock"}}, "absolute path"},
		{"sidecars mixed", Params{Sidecars: []string{"unix:///a.sock", "h:1"}}, "in one cluster"},
		{"backend without name", Params{Backends: []Backend{{Name: "", URL: "http://a"}}}, "backends[0].name"},
		{"backend with a line end", Params{Backends: []Backend{{Name: "a\n", URL: "http://a"}}}, "backends[0].name"},
		{"backend called inner", Params{Backends: []Backend{{Name: "inner", URL: "http://a"}}}, "a cluster of heald itself"},
		{"backend twice", Params{Backends: []Backend{{Name: "a", URL: "http://a"}, {Name: "a", URL: "http://b"}}}, "given twice"},
		{"backend without scheme", Params{Backends: []Backend{{Name: "a", URL: "a.example:80"}}}, "want https://host"},
		{"backend with a path", Params{Backends: []Backend{{Name: "a", URL: "http://a/v1"}}}, "heald makes the path"},
		{"backend with a key", Params{Backends: []Backend{{Name: "a", URL: "http://me:secret@a"}}}, "credentials belong in heald.yaml"},
		{"backend with a bad host", Params{Backends: []Backend{{Name: "a", URL: "http://a_-!"}}}, "neither an IP address nor a host name"},
		{"backend with a bad port", Params{Backends: []Backend{{Name: "a", URL: "http://a:0"}}}, "the port"},
		{"attempts", Params{Attempts: -1}, "attempts: -1"},
		{"wait", Params{Wait: time.Hour + 1}, "lower max_wait"},
		{"body", Params{MaxBody: -1}, "max body: -1"},
		{"buffer", Params{BufferLimit: 2 << 30}, "buffer limit"},
		{"heap", Params{HeapLimit: 1 << 20}, "heap limit"},
		{"connections", Params{MaxConnections: -1}, "max connections"},
		{"request timeout", Params{RequestTimeout: -1}, "request timeout"},
		{"policy", Params{Policy: "a\r\nb: c"}, "policy:"},
		{"short secret", Params{Hop: "short"}, "at least 8"},
		{"metadata name", Params{InitialMetadata: map[string]string{"A b": ""}}, "is no name"},
		{"metadata value", Params{InitialMetadata: map[string]string{"a": "\n"}}, "initial metadata a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Render(tt.params)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "secret@") {
				t.Error("the error shows the password")
			}
		})
	}
}
