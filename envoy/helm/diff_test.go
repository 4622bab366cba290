package helm

import (
	"slices"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	v := valuesOf(t, "max_body: 1000\nbackends:\n- {name: a, kind: ai_studio}\naccounts: [{id: m, backend: a, secret: {env: KEY}}]\n", Options{Envoy: true})
	same := written(t, v)
	for _, c := range []struct {
		name, have string
		want       []string
	}{
		{"the same", same, nil},
		{"own values beside them", same + "replicas: 5\nredis: {url: \"redis://r:6379\"}\n", nil},
		{"another value", strings.Replace(same, "max_body: 1000", "max_body: 2000", 1), []string{"config.max_body: is 2000, should be 1000"}},
		{"a value more", strings.Replace(same, "max_body: 1000", "max_body: 1000\n  auth: none", 1), []string{"config.auth: is none, and heald.yaml has no such value"}},
		{"a value less", strings.Replace(same, "enabled: true", "{}", 1), []string{"envoy.enabled: missing, should be true"}},
		{"another Secret", strings.Replace(same, "heald-secrets\nenvoy", "others\nenvoy", 1), []string{"secrets.existing[0]: is others, should be heald-secrets"}},
		{"nothing", "", []string{
			"config.accounts[0].backend: missing, should be a", "config.accounts[0].id: missing, should be m",
			"config.accounts[0].secret.file: missing, should be /run/secrets/heald/key", "config.backends[0].kind: missing, should be ai_studio",
			"config.backends[0].name: missing, should be a", "config.max_body: missing, should be 1000", "envoy.enabled: missing, should be true",
			"secrets.existing[0]: missing, should be heald-secrets",
		}},
	} {
		got, err := v.Diff([]byte(c.have))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q %v", c.name, got, err)
		}
	}
	if _, err := v.Diff([]byte("a: [")); err == nil {
		t.Error("broken YAML is compared")
	}
}
