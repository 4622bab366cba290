package main

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// What `heald envoy --otlp` prints passes `heald check`, and the check says where
// heald's traces and Envoy's do not fit.
func TestCheckOfTraces(t *testing.T) {
	t.Setenv("KEY", "k")
	const exports = minimal + "record: {otlp: {endpoint: \"http://127.0.0.1:4317\", protocol: grpc}}\n"
	for name, c := range map[string]struct {
		text  string
		flags []string
		vars  map[string]string
		want  string // of the notes; "" for none
	}{
		"both":                    {exports, []string{"--otlp", "127.0.0.1:4317"}, nil, ""},
		"heald alone":             {exports, nil, nil, "tracing: is missing"},
		"heald alone, by itself":  {exports, nil, map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_always_on"}, ""},
		"heald, by a variable":    {minimal, nil, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "tracing: is missing"},
		"Envoy alone":             {minimal, []string{"--otlp", "http://127.0.0.1:4318"}, nil, "heald sends none"},
		"switched off everywhere": {exports, nil, map[string]string{"OTEL_SDK_DISABLED": "true"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range c.vars {
				t.Setenv(k, v)
			}
			file := write(t, "heald.yaml", c.text)
			code, out, errs := heald(t, append([]string{"envoy", "--config", file}, c.flags...)...)
			if code != exitOK {
				t.Fatalf("%d: %s", code, errs)
			}
			code, out, errs = heald(t, "check", "--config", file, "--envoy", write(t, "envoy.yaml", out))
			if code != exitOK || c.want != "" && !strings.Contains(out, c.want) || c.want == "" && strings.Contains(out, "tracing") {
				t.Errorf("%d\n%s%s", code, out, errs)
			}
		})
	}
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")
	if code, out, _ := heald(t, "check", "--config", write(t, "heald.yaml", exports)); code == exitOK || !strings.Contains(out, "OTEL_EXPORTER_OTLP_TIMEOUT: is no number of milliseconds") {
		t.Errorf("%d\n%s", code, out)
	}
}

// `heald up` has Envoy send its spans where heald sends its own, if Envoy can.
func TestUpTraces(t *testing.T) {
	for _, c := range []struct {
		otlp *config.OTLP
		vars map[string]string
		want string
	}{
		{nil, nil, ""},
		{&config.OTLP{Endpoint: "http://127.0.0.1:4318"}, nil, "http://127.0.0.1:4318/v1/traces"},
		{&config.OTLP{Endpoint: "http://127.0.0.1:4317", Protocol: "grpc"}, nil, "127.0.0.1:4317"},
		{&config.OTLP{Endpoint: "https://c.example", Protocol: "grpc"}, nil, ""},
		{&config.OTLP{Endpoint: "bad"}, nil, ""},
		{nil, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c.example", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "c.example:4317"},
		{&config.OTLP{Endpoint: "http://127.0.0.1:4318"}, map[string]string{"OTEL_TRACES_EXPORTER": "none"}, ""},
		{&config.OTLP{Endpoint: "http://127.0.0.1:4318"}, map[string]string{"OTEL_TRACES_SAMPLER": "always_on"}, ""},
	} {
		t.Run("", func(t *testing.T) {
			for k, v := range c.vars {
				t.Setenv(k, v)
			}
			if got := collectorFor(&config.Config{Record: config.Record{OTLP: c.otlp}}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
