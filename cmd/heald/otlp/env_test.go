package otlp

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/test/otlpreceiver"
)

// What heald.yaml says wins; what it leaves out, the variables say; and they can
// switch traces off.
func TestResolve(t *testing.T) {
	type vars = map[string]string
	file := func(endpoint string) *Settings { return &Settings{Endpoint: endpoint} }
	for name, c := range map[string]struct {
		file *Settings
		vars vars
		want string // endpoint and protocol; "" for no traces
	}{
		"nothing":                        {nil, nil, ""},
		"file":                           {file("http://c:4318"), nil, "http://c:4318/v1/traces http/protobuf"},
		"file with a path":               {file("https://c/otlp"), nil, "https://c/otlp http/protobuf"},
		"file, gRPC":                     {&Settings{Endpoint: "http://c:4317", Protocol: GRPC}, nil, "http://c:4317 grpc"},
		"variable":                       {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4318"}, "http://e:4318/v1/traces http/protobuf"},
		"variable with a path":           {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4318/otlp/"}, "http://e:4318/otlp/v1/traces http/protobuf"},
		"variable of traces":             {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x"}, "http://t/x http/protobuf"},
		"variable, gRPC":                 {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http://e:4317 grpc"},
		"protocol of traces":             {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, "http://e:4317 grpc"},
		"gRPC without a scheme":          {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "e:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "https://e:4317 grpc"},
		"gRPC without a scheme, no TLS":  {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "e:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_INSECURE": "true"}, "http://e:4317 grpc"},
		"file and variable":              {file("http://c:4318"), vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http://c:4318 grpc"},
		"file completed by variables":    {&Settings{Protocol: GRPC}, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "http://e:4317 grpc"},
		"gRPC without a port":            {nil, vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://e", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "https://e:4317 grpc"},
		"asked for by a variable":        {nil, vars{"OTEL_TRACES_EXPORTER": "otlp"}, "http://localhost:4318/v1/traces http/protobuf"},
		"asked for by the file":          {&Settings{Protocol: GRPC}, nil, "http://localhost:4317 grpc"},
		"disabled":                       {file("http://c:4318"), vars{"OTEL_SDK_DISABLED": "TRUE"}, ""},
		"disabled is not":                {file("http://c:4318"), vars{"OTEL_SDK_DISABLED": "false"}, "http://c:4318/v1/traces http/protobuf"},
		"no exporter":                    {file("http://c:4318"), vars{"OTEL_TRACES_EXPORTER": "none"}, ""},
		"no exporter in spite of errors": {file("bad"), vars{"OTEL_TRACES_EXPORTER": "none"}, ""},
	} {
		o, err := Resolve(c.file, environ(c.vars))
		got := ""
		if o != nil {
			got = o.Endpoint + " " + o.Protocol
		}
		if err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, c.want)
		}
	}
	o, err := Resolve(&Settings{Headers: map[string]string{"Authorization": "file"}}, environ(vars{
		"OTEL_EXPORTER_OTLP_HEADERS": "authorization=variable,x-org = a%20b%2Cc ,", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2500", "OTEL_EXPORTER_OTLP_COMPRESSION": "none"}))
	if err != nil || o.Timeout != 2500*time.Millisecond || o.Gzip {
		t.Fatalf("%+v, %v", o, err)
	}
	if diff := cmp.Diff(map[string]string{"authorization": "file", "x-org": "a b,c"}, o.Headers); diff != "" {
		t.Error(diff)
	}
	if o, err := Resolve(&Settings{Timeout: time.Second}, environ(vars{"OTEL_EXPORTER_OTLP_TIMEOUT": "2500"})); err != nil || o.Timeout != time.Second || !o.Gzip {
		t.Errorf("%+v, %v", o, err)
	}
}

// Each problem names its place, says what to write, and shows no credential.
func TestResolveFaults(t *testing.T) {
	const secret = "s3cr3t"
	for _, c := range []struct {
		file        Settings
		name, value string // of a variable
		path        string
	}{
		{Settings{Endpoint: "127.0.0.1:4317"}, "", "", "record.otlp.endpoint"},
		{Settings{Endpoint: "127.0.0.1:4317", Protocol: GRPC}, "", "", "record.otlp.endpoint"},
		{Settings{Endpoint: "http://user:" + secret + "@c:4318"}, "", "", "record.otlp.endpoint"},
		{Settings{Endpoint: "http://c:4318?key=" + secret}, "", "", "record.otlp.endpoint"},
		{Settings{Endpoint: "http://c:4318", Protocol: "udp"}, "", "", "record.otlp.protocol"},
		{Settings{Endpoint: "https://c", CA: "/none/such"}, "", "", "record.otlp.ca"},
		{Settings{Endpoint: "https://c", Cert: "/none/such"}, "", "", "record.otlp.cert"},
		{Settings{Endpoint: "https://c", Key: "/none/such"}, "", "", "record.otlp.key"},
		{Settings{Endpoint: "http://c:4318", CA: "/none/such"}, "", "", "record.otlp.endpoint"},
		{Settings{}, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:" + secret + "@c", "OTEL_EXPORTER_OTLP_ENDPOINT"},
		{Settings{}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "e:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"},
		{Settings{}, "OTEL_EXPORTER_OTLP_PROTOCOL", "http", "OTEL_EXPORTER_OTLP_PROTOCOL"},
		{Settings{}, "OTEL_EXPORTER_OTLP_HEADERS", secret, "OTEL_EXPORTER_OTLP_HEADERS"},
		{Settings{}, "OTEL_EXPORTER_OTLP_HEADERS", "a=" + secret + "%0d%0ab: c", "OTEL_EXPORTER_OTLP_HEADERS"},
		{Settings{}, "OTEL_EXPORTER_OTLP_HEADERS", "a b=" + secret, "OTEL_EXPORTER_OTLP_HEADERS"},
		{Settings{}, "OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TIMEOUT"},
		{Settings{}, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"},
		{Settings{}, "OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "OTEL_EXPORTER_OTLP_COMPRESSION"},
		{Settings{Endpoint: "https://c"}, "OTEL_EXPORTER_OTLP_CERTIFICATE", "/none/such", "OTEL_EXPORTER_OTLP_CERTIFICATE"},
		{Settings{}, "OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER"},
		{Settings{}, "OTEL_TRACES_SAMPLER", "sometimes", "OTEL_TRACES_SAMPLER"},
		{Settings{}, "OTEL_RESOURCE_ATTRIBUTES", "nonsense", "OTEL_RESOURCE_ATTRIBUTES"},
	} {
		_, err := Resolve(&c.file, environ(map[string]string{c.name: c.value}))
		problems := setting.Problems(err)
		if len(problems) != 1 || problems[0].Path != c.path || problems[0].Fix == "" || strings.Contains(err.Error(), secret) {
			t.Errorf("%+v %s=%s: got %v", c.file, c.name, c.value, err)
		}
	}
	if _, err := Resolve(nil, environ(map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"})); err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER_ARG: ") {
		t.Errorf("got %v", err)
	}
}

// Variables that the SDK's exporters read by themselves do not override heald.yaml.
func TestFileWinsOverTheSDK(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
		"OTEL_EXPORTER_OTLP_CERTIFICATE": "/none/such", "OTEL_EXPORTER_OTLP_INSECURE": "false", "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
		"OTEL_SERVICE_NAME": "gateway", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.version=9",
	} {
		t.Setenv(name, value)
	}
	for _, protocol := range protocols {
		r := otlpreceiver.Start(t, otlpreceiver.Options{})
		s := newSink(t, &Settings{Endpoint: at(r, "http", protocol), Protocol: protocol, Timeout: 20 * time.Second}, nil)
		if err := s.Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{Origin: sampledOrigin}}}); err != nil || len(r.Spans()) != 1 {
			t.Fatalf("%s: %v, %d spans", protocol, err, len(r.Spans()))
		}
		if got := r.Spans()[0].Resource; got["service.name"] != "gateway" || got["deployment.environment.name"] != "test" || got["service.version"] != "9" || got["telemetry.sdk.language"] != "go" {
			t.Errorf("%s: of %v", protocol, got)
		}
	}
}
