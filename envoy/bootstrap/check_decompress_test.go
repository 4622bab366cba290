package bootstrap

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy"
)

// inflates is a decompressor filter with these directions.
func inflates(library, directions string) string {
	kind := strings.ToUpper(library[:1]) + library[1:]
	return `          - name: inflate
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor, ` + directions +
		`decompressor_library: {name: x, typed_config: {"@type": type.googleapis.com/envoy.extensions.compression.` + library + `.decompressor.v3.` + kind + "}}}\n"
}

// A filter that inflates bodies before heald can is named, with where it is
// and how it is switched off; what is advised there is not named again.
func TestCheckDecompressors(t *testing.T) {
	const (
		off      = "common_config: {enabled: {default_value: false, runtime_key: heald.inflate}}"
		requests = ".http_filters[inflate].typed_config.request_direction_config"
		replies  = ".http_filters[inflate].typed_config.response_direction_config"
	)
	first := func(filter string) string { return filter + outerRouter }
	for _, c := range []struct {
		name  string
		edit  edit
		paths []string
	}{
		{"outer", edit{outerRouter, first(inflates("gzip", ""))}, []string{"OUTER" + requests}},
		{"outer, said so", edit{outerRouter, first(inflates("gzip", "request_direction_config: {common_config: {enabled: {default_value: true, runtime_key: x}}}, "))}, []string{"OUTER" + requests}},
		{"outer, replies only", edit{outerRouter, first(inflates("zstd", "request_direction_config: {"+off+"}, "))}, nil},
		{"outer, the filter disabled", edit{outerRouter, first(strings.Replace(inflates("gzip", ""), "            typed", "            disabled: true\n            typed", 1))}, nil},
		{"inner", edit{healdFilter, inflates("brotli", "") + healdFilter}, []string{"INNER" + requests, "INNER" + replies}},
		{"inner, requests only", edit{healdFilter, inflates("gzip", "response_direction_config: {"+off+"}, ") + healdFilter}, []string{"INNER" + requests}},
		{"inner, off", edit{healdFilter, inflates("gzip", "request_direction_config: {"+off+"}, response_direction_config: {"+off+"}, ") + healdFilter}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var paths []string
			for _, p := range checkText(t, apply(t, string(envoy.Config), []edit{c.edit}), Want{}) {
				paths = append(paths, p.Path)
				if p.Note || p.Problem == "" || p.Consequence == "" || !strings.Contains(p.Fix, off) {
					t.Errorf("incomplete: %s", p)
				}
			}
			if want := short.Replace(strings.Join(c.paths, "\n")); strings.Join(paths, "\n") != want {
				t.Errorf("got %q, want %q", paths, want)
			}
		})
	}
}
