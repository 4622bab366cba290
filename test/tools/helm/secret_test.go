package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	k8syaml "sigs.k8s.io/yaml"
)

// secretValues are what the values put into a Secret.
func secretValues(values map[string]any) []string {
	out := []string{}
	if key := str(values["geminiApiKey"]); key != "" {
		out = append(out, key)
	}
	given, _ := asMap(object(values).at("secrets", "values"))
	for _, v := range given {
		out = append(out, str(v))
	}
	return out
}

// A mistake in values is told with its place.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, values, want string }{
		{"no account", "{}", "geminiApiKey"},
		{"unknown value", "{geminiApiKey: x, replica: 3}", "replica"},
		{"address", "{geminiApiKey: x, config: {listen: {grpc: [\"0.0.0.0:9000\"]}}}", "config.listen.grpc"},
		{"password in a URL", "{geminiApiKey: x, redis: {url: \"redis://user:password@redis:6379\"}}", "redis.passwordKey"},
		{"password in heald.yaml's URL", "{geminiApiKey: x, config: {state: {redis: {url: \"redis://u:hunter2@r:6379\"}}}}", "config.state.redis.url"},
		{"password in the query", "{geminiApiKey: x, redis: {url: \"redis://r:6379?password=hunter2\"}}", "redis.passwordKey"},
		{"password in capitals", "{geminiApiKey: x, redis: {url: \"redis://r:6379?PASSWORD=hunter2\"}}", "redis.passwordKey"},
		{"one hop with an Envoy", "{geminiApiKey: x, envoy: {enabled: true}, config: {mode: one_hop}}", "config.mode"},
		{"password of a proxy", "{config: {backends: [{name: a, kind: ai_studio}, {name: b, kind: ai_studio, proxy: \"http://u:p@proxy:3128\"}]}}", "config.backends[1].proxy"},
		{"TLS with an Envoy", "{geminiApiKey: x, envoy: {enabled: true}, tls: {existingSecret: s}}", "tls.existingSecret: with envoy.enabled"},
		{"TLS of heald.yaml with an Envoy", "{geminiApiKey: x, envoy: {enabled: true}, config: {listen: {tls: {cert: c, key: k, client_ca: a}}}}", "config.listen.tls: with envoy.enabled"},
		{"two Redis", "{geminiApiKey: x, redis: {url: \"redis://redis:6379\", deploy: true}}", "redis.deploy"},
		{"no Secret", "{config: {backends: [{name: a, kind: ai_studio}]}, secrets: {create: false}}", "secrets.existing"},
		{"key without a Secret", "{geminiApiKey: x, secrets: {create: false, existing: [s]}}", "secrets.create"},
		{"quantity", "{geminiApiKey: x, resources: {limits: {memory: 512MB}}}", "memory"},
		{"no limit", "{geminiApiKey: x, resources: {limits: null}}", "limits"},
		{"scaling by nothing", "{geminiApiKey: x, autoscaling: {enabled: true, cpu: 0}}", "autoscaling"},
		{"port in use", "{geminiApiKey: x, envoy: {enabled: true, port: 9001}}", "port"},
		{"foreign token", "{geminiApiKey: x, metrics: {serviceMonitor: {enabled: true}}, config: {admin: {token: {file: /other/token}}}}", "admin.token"},
	} {
		var values map[string]any
		if err := k8syaml.Unmarshal([]byte(c.values), &values); err != nil {
			t.Fatal(err)
		}
		if _, _, err := render(load(t), values, goldenVersion); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Secrets that are made are random, long enough, and not made where the user has them.
func TestSecretsMade(t *testing.T) {
	secret := func(values map[string]any) object {
		manifests, _, err := render(load(t), values, goldenVersion)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := decode(join("", manifests))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if o.kind() == "Secret" {
				data, _ := asMap(o["data"])
				return data
			}
		}
		return nil
	}
	values := map[string]any{"geminiApiKey": "k", "envoy": map[string]any{"enabled": true}, "redis": map[string]any{"deploy": true}}
	one, two := secret(values), secret(values)
	if got, want := slices.Sorted(maps.Keys(one)), []string{"admin-token", "client-key", "gemini-api-key", "hop-secret", "memory-key", "redis-password"}; !slices.Equal(got, want) {
		t.Errorf("keys %q", got)
	}
	for k, v := range one {
		if k != "gemini-api-key" && (len(str(v)) < 64 || v == two[k]) {
			t.Errorf("%s: %v", k, v)
		}
	}
	// None is made for what heald.yaml has from elsewhere.
	for config, want := range map[string][]string{
		"{hop_secret: {file: /run/secrets/heald/hop}, memory_key: [{env: M}]}":                              {"admin-token"},
		"{hop_secret: {file: /run/secrets/heald/hop-secret-2}, memory_key: {env: M}, admin: {open: true}}":  {},
		"{memory_key: [{env: M}, {file: /run/secrets/heald/memory-key}], hop_secret: {env: H}, auth: none}": {"admin-token", "memory-key"},
	} {
		got := secret(map[string]any{"geminiApiKey": "k", "config": valuesOf(t, config)})
		delete(got, "gemini-api-key")
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
			t.Errorf("%s: keys %q", config, keys)
		}
	}
	if s := secret(cases(t)["istio"]); s != nil {
		t.Errorf("a Secret although secrets.create is false: %v", s)
	}
}

// Prometheus gets the token from the Secret that has it.
func TestTokenOfMonitor(t *testing.T) {
	for values, want := range map[string]string{
		"{geminiApiKey: x, secrets: {existing: [s]}}":                                                                           "heald",
		"{geminiApiKey: x, secrets: {existing: [s]}, config: {admin: {token: {file: /run/secrets/heald/mine}}}}":                "s",
		"{geminiApiKey: x, secrets: {values: {mine: a-long-token}}, config: {admin: {token: {file: /run/secrets/heald/mine}}}}": "heald",
	} {
		v := valuesOf(t, values)
		v["metrics"] = map[string]any{"serviceMonitor": map[string]any{"enabled": true}}
		objects, err := decode(text(t, v, goldenVersion))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if o.kind() == "ServiceMonitor" {
				if got := str(o.list("spec", "endpoints")[0].at("authorization", "credentials", "name")); got != want {
					t.Errorf("%s: the token is read from %s, not %s", values, got, want)
				}
			}
		}
	}
}

// A change of heald.yaml replaces pods only if a running heald cannot take it; with
// an Envoy in the pods it always does, since Envoy's configuration follows.
func TestRestart(t *testing.T) {
	stamp := regexp.MustCompile(`heald/restart: (\w+)`)
	of := func(values string) string {
		var v map[string]any
		if err := k8syaml.Unmarshal([]byte(values), &v); err != nil {
			t.Fatal(err)
		}
		return stamp.FindStringSubmatch(text(t, v, goldenVersion))[1]
	}
	for _, c := range []struct {
		name, before, after string
		restarts            bool
	}{
		{"policies", "{geminiApiKey: x}", "{geminiApiKey: x, config: {policies: {default: {attempts: 4}}}}", false},
		{"size of bodies", "{geminiApiKey: x}", "{geminiApiKey: x, config: {max_body: 67108864}}", true},
		{"Redis", "{geminiApiKey: x}", "{geminiApiKey: x, redis: {url: \"redis://r:6379\"}}", true},
		{"TLS", "{geminiApiKey: x}", "{geminiApiKey: x, tls: {existingSecret: s}}", true},
		{"peers", "{geminiApiKey: x, tls: {existingSecret: s}}", "{geminiApiKey: x, tls: {existingSecret: s, allow: [a]}}", false},
		{"the hop secret with an Envoy", "{geminiApiKey: x, envoy: {enabled: true}}", "{geminiApiKey: x, envoy: {enabled: true}, secrets: {values: {hop-secret: other-hop-secret}}}", true},
		{"annotations of one's own", "{geminiApiKey: x}", "{geminiApiKey: x, podAnnotations: {a: b}}", false},
		{"policies with an Envoy", "{geminiApiKey: x, envoy: {enabled: true}}", "{geminiApiKey: x, envoy: {enabled: true}, config: {policies: {default: {attempts: 4}}}}", true},
	} {
		if got := of(c.before) != of(c.after); got != c.restarts {
			t.Errorf("%s: restarts %v", c.name, got)
		}
	}
}

// NOTES.txt ends with what to do, for each form.
func TestNotes(t *testing.T) {
	for name, wants := range map[string][]string{
		"gateway": {"port-forward service/heald 10000:80", "jsonpath='{.data.client-key}'", "ANTHROPIC_BASE_URL="},
		"default": {"its token is the key admin-token of the Secret heald", "Keep a copy of memory-key", "WARNING: the gRPC port speaks plain text", "heald-headless.heald.svc:9000", "jsonpath='{.data.hop-secret}'", "heald envoy --config"},
		"istio":   {"heald.heald.svc:9000", "get secret heald-secrets -o jsonpath='{.data.hop-secret}'"},
		// Whose hop secret it is follows from heald.yaml.
		"{geminiApiKey: x, secrets: {existing: [s, more]}, config: {hop_secret: {file: /run/secrets/heald/hop.txt}}}":      {`get secret s -o jsonpath='{.data.hop\.txt}'`},
		"{geminiApiKey: x, secrets: {existing: [s]}, config: {hop_secret: {file: /run/secrets/heald/hop-secret}}}":         {`get secret heald -o jsonpath='{.data.hop-secret}'`},
		"{geminiApiKey: x, secrets: {values: {hop: a-long-secret}}, config: {hop_secret: {file: /run/secrets/heald/hop}}}": {`get secret heald -o jsonpath='{.data.hop}'`},
		"{geminiApiKey: x, secrets: {existing: [s]}, config: {admin: {token: {file: /run/secrets/heald/mine}}}}":           {"its token is the key mine of the Secret s"},
		"{geminiApiKey: x, config: {hop_secret: {env: HOP}}}":                                                              {"the variable HOP of the container heald"},
		"{geminiApiKey: x, config: {hop_secret: {file: /vault/hop}}}":                                                      {"the file /vault/hop of the container heald"},
		"{geminiApiKey: x, envoy: {enabled: true}, config: {auth: none}}":                                                  {"NO KEY IS ASKED FOR"},
	} {
		values, ok := cases(t)[name]
		if !ok {
			values = valuesOf(t, name)
		}
		_, notes, err := render(load(t), values, goldenVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(notes, want) {
				t.Errorf("%s: no %q in\n%s", name, want, notes)
			}
		}
	}
}
