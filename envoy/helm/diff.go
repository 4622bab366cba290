package helm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Diff says what values that somebody has lack of v or have otherwise, one line a
// value: its path, what is there, and what heald.yaml gives. Values of the chart
// that do not follow from a heald.yaml are theirs, and not compared.
func (v *Values) Diff(have []byte) ([]string, error) {
	text, err := v.YAML("heald.yaml")
	if err != nil {
		return nil, err
	}
	want, err := flat(text)
	if err != nil {
		return nil, err
	}
	got, err := flat(have)
	if err != nil {
		return nil, fmt.Errorf("read values: %w", err)
	}
	paths := maps.Clone(want)
	for p := range got {
		if owned(p) {
			paths[p] = ""
		}
	}
	var out []string
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		w, wanted := want[p]
		g, has := got[p]
		switch {
		case !has:
			out = append(out, fmt.Sprintf("%s: missing, should be %s", p, w))
		case !wanted:
			out = append(out, fmt.Sprintf("%s: is %s, and heald.yaml has no such value", p, g))
		case w != g:
			out = append(out, fmt.Sprintf("%s: is %s, should be %s", p, g, w))
		}
	}
	return out, nil
}

// owned says that a value follows from heald.yaml alone.
func owned(path string) bool { return strings.HasPrefix(path, "config.") }

// flat is a YAML text as paths and scalars.
func flat(text []byte) (map[string]string, error) {
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	out := map[string]string{}
	flatten(out, "", doc)
	return out, nil
}

func flatten(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			flatten(out, strings.TrimPrefix(path+"."+k, "."), below)
		}
		if len(v) == 0 && path != "" && path != "config" {
			out[path] = "{}"
		}
	case []any:
		for i, below := range v {
			flatten(out, fmt.Sprintf("%s[%d]", path, i), below)
		}
		if len(v) == 0 {
			out[path] = "[]"
		}
	case nil:
		if path != "" {
			out[path] = "null"
		}
	default:
		out[path] = fmt.Sprint(v)
	}
}
