package helm

import (
	"slices"
	"strings"
	"testing"
)

// A secret that somebody has written into the values is not printed.
func TestDiffHidesSecrets(t *testing.T) {
	v := valuesOf(t, "accounts: [{id: m, backend: a, secret: {env: KEY}}]\nhop_secret: {env: HOP}\nstate: {redis: {url: \"redis://r:6379\"}}\n", Options{})
	lines, err := v.Diff([]byte(`config:
  client_keys: [hunter2]
  memory_key: hunter2
  hop_secret: {value: hunter2}
  admin: {token: hunter2, tls: {key: /the/file}}
  tenants: [{name: search, keys: [{id: k-1, key: hunter2, hash: "hunter2"}]}]
  backends: [{name: a, proxy: "http://u:hunter2@proxy:3128", proxy_login: hunter2}]
  accounts: [{id: m, backend: other, secret: hunter2}, {id: n, backend: a, credential: {type: x, json: hunter2}}]
  state: {redis: {url: "redis://r:6379?password=hunter2", password: {file: /the/password}}}
`))
	text := strings.Join(lines, "\n")
	if err != nil || strings.Contains(text, "hunter2") {
		t.Errorf("%v\n%s", err, text)
	}
	for _, want := range []string{
		"config.client_keys[0]: is a value that is not shown", "config.hop_secret.value: is a value that is not shown", "config.hop_secret.file: missing, should be /run/secrets/heald/hop",
		"config.admin.tls.key: is /the/file", "config.tenants[0].keys[0].id: is k-1", "config.accounts[0].backend: is other, should be a",
		"config.state.redis.url: is a value that is not shown, as it may be a secret, should be redis://r:6379", "config.state.redis.password.file: is /the/password",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

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
