package helm

import (
	"fmt"
	"maps"
	"regexp"
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
		g = shown(p, g)
		switch {
		case !has:
			out = append(out, fmt.Sprintf("%s: missing, should be %s", p, w))
		case !wanted:
			out = append(out, fmt.Sprintf("%s: is %s, and heald.yaml has no such value", p, g))
		case w != got[p]:
			out = append(out, fmt.Sprintf("%s: is %s, should be %s", p, g, w))
		}
	}
	return out, nil
}

var (
	// secretPath ends with a key whose value is a secret, or says where one is.
	secretPath = regexp.MustCompile(`(^|[._-])(client_keys|memory_key|hop_secret|token|secret|password|keys|key|login|proxy_login|credential|hash|headers)(\[\d+\])*(\..*)?$`)
	// secretPlace ends with a key that says where a secret is, or whose it is.
	secretPlace = regexp.MustCompile(`(^|\.)(env|file|id|name|type|backend|tls\.(cert|key|client_ca))$`)
	// login is in a URL that holds one; a test compares it with the chart.
	login = regexp.MustCompile(`(?i)@|[?&](user|username|pass|password|key|token|auth)=`)
)

// shown is what may be printed of a value that somebody has: a secret that was
// written into it by mistake may not. heald.yaml cannot hold one, so it is not
// what should be there.
func shown(path, value string) string {
	if secretPath.MatchString(path) && !secretPlace.MatchString(path) || strings.Contains(value, "://") && login.MatchString(value) {
		return "a value that is not shown, as it may be a secret"
	}
	return value
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
