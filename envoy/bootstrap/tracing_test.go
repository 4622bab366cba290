package bootstrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy"
)

func TestRenderTracing(t *testing.T) {
	for otlp, want := range map[string][]string{
		"127.0.0.1:4317":                  {"address: 127.0.0.1", "port_value: 4317", "type: STATIC", "cluster_name: otlp", "value: 25\n"},
		"collector.example:4317":          {"address: collector.example", "type: STRICT_DNS"},
		"unix:///run/otel.sock":           {"path: /run/otel.sock"},
		"http://127.0.0.1:4318":           {"uri: http://127.0.0.1:4318/v1/traces", "cluster: otlp", "value: 25\n"},
		"http://collector.example/traces": {"uri: http://collector.example:80/traces", "port_value: 80"},
	} {
		b, err := Render(Params{OTLP: otlp, Sampling: 25})
		if err != nil {
			t.Fatal(err)
		}
		text, err := YAML(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s: no %q in\n%s", otlp, part, text)
			}
		}
		if strings.Contains(string(text), "http_service") != strings.HasPrefix(otlp, "http://") {
			t.Errorf("%s: the wrong protocol", otlp)
		}
		if got := Check(b, Want{Backends: []string{"ai-studio"}, Traces: true}); len(got) > 0 {
			t.Errorf("%s: %v", otlp, got)
		}
	}
	for _, p := range []Params{{OTLP: "collector"}, {OTLP: "127.0.0.1:0"}, {OTLP: "https://c:4317"}, {OTLP: "http://u:p@c:4318"}, {OTLP: "http://"},
		{OTLP: "127.0.0.1:4317", Sampling: 101}, {OTLP: "127.0.0.1:4317", Sampling: -1}} {
		if _, err := Render(p); err == nil {
			t.Errorf("%+v was taken", p)
		} else if strings.Contains(err.Error(), "u:p@") {
			t.Errorf("%v shows a password", err)
		}
	}
	b, err := Render(Params{})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := YAML(b); strings.Contains(string(text), "otlp") || strings.Contains(string(text), "traceparent") {
		t.Error("traces that nobody asked for")
	}
}

func TestCheckTracing(t *testing.T) {
	const (
		sampling = "            random_sampling: {value: 10}\n"
		kept     = "            no_context_propagation: true  # trace ids are not the provider's business\n"
		key      = "key: x-heald-traceparent,"
	)
	for name, c := range map[string]struct {
		text   string
		edits  []edit
		traces bool
		paths  []string
		notes  bool // and no problem
	}{
		"as it is, heald sends":       {string(envoy.Config), nil, true, []string{"OUTER.tracing"}, true},
		"as it is":                    {string(envoy.Config), nil, false, nil, true},
		"on, heald sends":             {string(envoy.Traced()), nil, true, nil, true},
		"on":                          {string(envoy.Traced()), nil, false, []string{"INNER.early_header_mutation_extensions"}, true},
		"all":                         {string(envoy.Traced()), []edit{{sampling, ""}}, true, []string{"OUTER.tracing.random_sampling"}, true},
		"all, by number":              {string(envoy.Traced()), []edit{{sampling, strings.Replace(sampling, "10", "100", 1)}}, true, []string{"OUTER.tracing.random_sampling"}, true},
		"a span for each attempt":     {string(envoy.Traced()), []edit{{sampling, sampling + "            spawn_upstream_span: true\n"}}, true, []string{"OUTER.tracing.spawn_upstream_span"}, true},
		"nobody names heald's span":   {string(envoy.Traced()), []edit{{key, "key: x-other,"}}, true, []string{"INNER.early_header_mutation_extensions"}, true},
		"the collector gets queries":  {strings.ReplaceAll(string(envoy.Traced()), "tag: http.url", "tag: other"), nil, true, []string{"OUTER.tracing.custom_tags", "INNER.tracing.custom_tags"}, true},
		"the collector gets no path":  {strings.ReplaceAll(string(envoy.Traced()), "custom_tags: [{tag: http.url, value: \"%PATH(NQ)%\"}]", "max_path_tag_length: 0"), nil, true, nil, true},
		"the provider gets trace ids": {string(envoy.Traced()), []edit{{kept, ""}}, true, []string{"INNER.tracing.no_context_propagation"}, false},
	} {
		got := checkText(t, apply(t, c.text, c.edits), Want{Backends: []string{"ai-studio"}, Traces: c.traces})
		var want []string
		for _, p := range c.paths {
			want = append(want, short.Replace(p))
		}
		if paths := pathsOf(got); !slices.Equal(paths, want) && len(paths)+len(want) > 0 {
			t.Errorf("%s: got %q, want %q", name, paths, want)
		}
		if c.notes != !slices.ContainsFunc(got, func(p Problem) bool { return !p.Note }) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
