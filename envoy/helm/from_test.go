package helm

import (
	"os"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fixture"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func valuesOf(t *testing.T, text string, o Options) *Values {
	t.Helper()
	v, err := From([]byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func written(t *testing.T, v *Values) string {
	t.Helper()
	text, err := v.YAML("heald.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every form of a secret, and everything that the chart sets itself. The values are
// also a case of test/tools/helm.
func TestFrom(t *testing.T) {
	const golden = "testdata/rendered.values.yaml"
	v := valuesOf(t, string(read(t, "testdata/heald.yaml")), Options{})
	fixture.Diff(t, golden, read(t, golden), []byte(written(t, v)))
}

func TestFromForms(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          Options
		has, lacks []string
	}{
		{"no file at all", "", Options{}, []string{"config: {}", "--from-file=gemini-api-key=<(printf %s \"$GEMINI_API_KEY\")", "- heald-secrets"}, []string{"envoy:"}},
		{"with an Envoy", "policies: {default: {resume: text}}\n", Options{Envoy: true}, []string{"envoy:\n  enabled: true"}, []string{"Note"}},
		{"certificates with an Envoy", "listen: {tls: {cert: /a/c.pem, key: /a/k.pem, client_ca: /a/ca.pem}}\n", Options{Envoy: true}, []string{"Note: listen.tls is left out"}, []string{"existingSecret", "heald-tls", "c.pem"}},
		{"without one", "policies: {default: {resume: text}}\n", Options{}, []string{"Note: the listener of resume_via"}, nil},
		{"a socket", "resume_via: unix:///run/resume.sock\n", Options{}, []string{"Note: the listener of resume_via"}, nil},
		{"a port", "resume_via: http://envoy:1\npolicies: {default: {resume: text}}\n", Options{}, nil, []string{"Note"}},
		{"no secrets", "backends: [{name: a, kind: vertex}]\naccounts: [{backend: a, credential: {type: metadata}}]\n", Options{}, []string{"type: metadata"}, []string{"kubectl", "heald-secrets"}},
		{"comments stay", "# why\nmax_body: 1000 # small\n", Options{}, []string{"# why", "max_body: 1000 # small"}, nil},
		{"files that are written", "record: {store: \"sqlite:/x\\ny\"}\n", Options{}, []string{"Note: record.store is sqlite:/x y,"}, nil},
		{"the admin listener's certificate", "admin: {tls: {cert: /a/c.pem, key: /a/k.pem}}\n", Options{}, []string{"cert: /run/secrets/heald/c.pem", "key: /run/secrets/heald/k.pem"}, nil},
		{"a key that is no file", "tenants: [{name: key, keys: [{id: cert, hash: \"sha256:00\"}]}]\n", Options{}, []string{"name: key", "id: cert"}, []string{"/run/secrets/heald/cert"}},
		{"a quote in a name", "hop_secret: {file: \"/a/it's\"}\n", Options{}, []string{`--from-file=it-s='/a/it'\''s'`, "/run/secrets/heald/it-s"}, nil},
	} {
		got := written(t, valuesOf(t, c.text, c.o))
		for _, s := range c.has {
			if !strings.Contains(got, s) {
				t.Errorf("%s: no %q in\n%s", c.name, s, got)
			}
		}
		for _, s := range c.lacks {
			if strings.Contains(got, s) {
				t.Errorf("%s: %q in\n%s", c.name, s, got)
			}
		}
	}
	for _, bad := range []string{"[]", "a: [", "text"} {
		if _, err := From([]byte(bad), Options{}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// The chart mounts secrets where the values say.
func TestSecretDir(t *testing.T) {
	if text := string(read(t, "heald/templates/_config.tpl")); !strings.Contains(text, `{{- define "heald.secrets" -}}`+secretDir+`{{- end -}}`) {
		t.Errorf("the chart does not mount secrets at %s", secretDir)
	}
}

// The chart refuses the URLs that Diff does not show.
func TestLoginOfChart(t *testing.T) {
	if text := string(read(t, "heald/templates/_config.tpl")); !strings.Contains(text, `regexMatch "`+login.String()+`"`) {
		t.Errorf("the chart does not look for %s", login)
	}
}
