package main

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/yannh/kubeconform/pkg/validator"
	"helm.sh/helm/v4/pkg/chart/common"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	k8syaml "sigs.k8s.io/yaml"
)

// existing are the Secrets that the cases say the user has.
var existing = []string{"heald-secrets", "more-secrets", "heald-tenants", "heald-tls"}

func load(t *testing.T) *v2.Chart {
	t.Helper()
	c, err := loadChart(root)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cases are the combinations of values that have a golden file, and the base's.
func cases(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "envoy/helm/testdata/*.values.yaml"))
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	out := map[string]map[string]any{}
	for _, f := range append(files, filepath.Join(root, "envoy/kustomize/values.yaml")) {
		values, err := readValues(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".values.yaml")] = values
	}
	return out
}

// valuesOf reads values as somebody writes them.
func valuesOf(t *testing.T, yaml string) map[string]any {
	t.Helper()
	var values map[string]any
	if err := k8syaml.Unmarshal([]byte(yaml), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

func text(t *testing.T, values map[string]any, version string) string {
	t.Helper()
	manifests, _, err := render(load(t), values, version)
	if err != nil {
		t.Fatal(err)
	}
	return withoutChance(join("", manifests))
}

// Goldens, the Kustomize base, the chart's copies and the README's table are what
// the chart gives now.
func TestMade(t *testing.T) {
	files, err := made(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the chart gives now: run `make helm-render` and read the difference (%v)", path, err)
		}
	}
}

func TestLint(t *testing.T) {
	for name, values := range cases(t) {
		for _, version := range versions {
			kube, err := common.ParseKubeVersion(version)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range lint.RunAll(chartDir(root), values, "heald", lint.WithKubeVersion(kube)).Messages {
				if m.Severity > support.InfoSev { // it suggests an icon
					t.Errorf("%s, Kubernetes %s: %v", name, version, m)
				}
			}
		}
	}
}

// validators are one for each version of Kubernetes.
func validators(t *testing.T) map[string]validator.Validator {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(root, wheel))
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skip("no schemas of Kubernetes: `make kubernetes-schemas` fetches them")
	} else if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]validator.Validator{}
	for _, version := range versions {
		dir := t.TempDir()
		if err = schemas(&z.Reader, version, dir); err == nil {
			out[version], err = newValidator(dir, version)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestSchemas(t *testing.T) {
	for version, v := range validators(t) {
		for name, values := range cases(t) {
			if found := conform(v, text(t, values, version)); len(found) > 0 {
				t.Errorf("%s, Kubernetes %s: %q", name, version, found)
			}
		}
		// The check can fail: a field that does not exist, a number that is a text, and no schema.
		good := text(t, cases(t)["default"], version)
		for _, bad := range []struct{ old, new string }{
			{"readOnlyRootFilesystem:", "readOnlyRootFiles:"}, {"replicas: 2", "replicas: two"}, {"kind: PodDisruptionBudget", "kind: PodDisruption"},
		} {
			spoilt := strings.Replace(good, bad.old, bad.new, 1)
			if found := conform(v, spoilt); spoilt == good || len(found) != 1 {
				t.Errorf("Kubernetes %s, %s: found %q", version, bad.new, found)
			}
		}
	}
}

// Objects of Prometheus Operator have its fields and no others.
func TestMonitors(t *testing.T) {
	objects, err := decode(text(t, cases(t)["everything"], goldenVersion))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, o := range objects {
		var into any
		switch o.kind() {
		case "ServiceMonitor":
			into = &monitoringv1.ServiceMonitor{}
		case "PrometheusRule":
			into = &monitoringv1.PrometheusRule{}
		default:
			continue
		}
		n++
		data, err := k8syaml.Marshal(map[string]any(o))
		if err == nil {
			err = k8syaml.UnmarshalStrict(data, into)
		}
		if err != nil {
			t.Errorf("%s: %v", o.id(), err)
		}
	}
	if n != 2 {
		t.Errorf("%d monitors", n)
	}
}

func TestRules(t *testing.T) {
	for name, values := range cases(t) {
		objects, err := decode(text(t, values, goldenVersion))
		if err != nil {
			t.Fatal(err)
		}
		for rule, found := range judge(&release{objects, existing, secretValues(values)}) {
			t.Errorf("%s: %s: %q", name, rule, found)
		}
	}
}

func judge(r *release) map[string][]string {
	out := map[string][]string{}
	for name, rule := range rules {
		if found := rule(r); len(found) > 0 {
			out[name] = found
		}
	}
	return out
}

// Each rule finds what it is there for.
func TestRulesFind(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range []struct{ rule, of, old, new string }{
		{"confined", "default", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"},
		{"confined", "gateway", "drop: [ALL]", "drop: []"},
		{"confined", "default", "runAsUser: 65532", "runAsUser: 0"},
		{"confined", "everything", "drop: [ALL]}\n          seccompProfile: {type: RuntimeDefault}", "drop: [ALL]}\n          seccompProfile: {type: Unconfined}"},
		{"limits", "gateway", "memory: 1Gi", "cpu: 1"},
		{"ports", "default", "port: admin, protocol: TCP", "port: page, protocol: TCP"},
		{"ports", "default", "path: /livez, port: admin", "path: /livez, port: 9002"},
		{"ports", "default", "targetPort: grpc", "targetPort: h2"},
		{"selectors", "default", "app.kubernetes.io/component: gateway\n  ports:", "app.kubernetes.io/component: proxy\n  ports:"},
		{"selectors", "everything", "kind: Deployment, name: heald", "kind: Deployment, name: other"},
		{"selectors", "everything", "app.kubernetes.io/component: admin\n  endpoints:", "app.kubernetes.io/component: page\n  endpoints:"},
		{"grace", "default", "terminationGracePeriodSeconds: 620", "terminationGracePeriodSeconds: 600"},
		{"mounts", "default", "{name: secrets, mountPath: /run/secrets/heald, readOnly: true}", "{name: secret, mountPath: /run/secrets/heald, readOnly: true}"},
		{"mounts", "default", "mountPath: /etc/heald, readOnly: true}", "mountPath: /etc/heald/heald.yaml, subPath: heald.yaml}"},
		{"mounts", "istio", "secret: {name: heald-secrets}", "secret: {name: none}"},
		{"secrets", "everything", "file: /run/secrets/heald/admin-token", "file: example-admin-token-of-24-bytes"},
		{"collector", "default", `"483183820"`, `"536870912"`},
		{"collector", "gateway", "--heap-limit=", "--heap="},
		{"door", "default", "hop_secret:", "hop:"},
		{"door", "gateway", "client_keys:", "keys:"},
	} {
		seen[c.rule] = true
		values := cases(t)[c.of]
		good := text(t, values, goldenVersion)
		spoilt := strings.Replace(good, c.old, c.new, 1)
		if spoilt == good {
			t.Errorf("%s: %s has no %q", c.rule, c.of, c.old)
			continue
		}
		objects, err := decode(spoilt)
		if err != nil {
			t.Fatal(err)
		}
		if found := judge(&release{objects, existing, secretValues(values)}); len(found[c.rule]) == 0 {
			t.Errorf("%s does not find %q", c.rule, c.new)
		}
	}
	for rule := range rules {
		if !seen[rule] {
			t.Errorf("no case for %s", rule)
		}
	}
}

// All versions of Kubernetes get the same manifests, so goldens of one will do.
func TestVersionsAlike(t *testing.T) {
	for name, values := range cases(t) {
		want := text(t, values, goldenVersion)
		for _, v := range versions {
			if text(t, values, v) != want {
				t.Errorf("%s differs for Kubernetes %s", name, v)
			}
		}
	}
	c := load(t)
	for version, fits := range map[string]bool{"v1.29.14": false, "v1.30.0": true, "v1.37.0": true, "v1.31.4-eks-123": true} {
		if chartutil.IsCompatibleRange(c.Metadata.KubeVersion, version) != fits {
			t.Errorf("kubeVersion %s, Kubernetes %s: not %v", c.Metadata.KubeVersion, version, fits)
		}
	}
}

// Everybody may connect to the chart's Envoy only if a key is asked for there.
func TestClientsOfPolicy(t *testing.T) {
	for values, want := range map[string]string{
		"{geminiApiKey: x, envoy: {enabled: true}}":                                                                            "",
		"{geminiApiKey: x, envoy: {enabled: true}, config: {auth: none}}":                                                      "[map[podSelector:map[]]]",
		"{geminiApiKey: x, envoy: {enabled: true}, config: {auth: none}, networkPolicy: {clients: [{namespaceSelector: {}}]}}": "[map[namespaceSelector:map[]]]",
		"{geminiApiKey: x}": "[map[podSelector:map[]]]",
	} {
		objects, err := decode(text(t, valuesOf(t, values), goldenVersion))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if o.kind() == "NetworkPolicy" {
				if got := str(o.list("spec", "ingress")[0]["from"]); got != want {
					t.Errorf("%s: %q may connect", values, got)
				}
			}
		}
	}
}

// Envoy and Redis are the versions that other tests run, and there is one of Kubernetes.
func TestImages(t *testing.T) {
	pins, err := os.ReadFile("../versions.mk")
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := readValues(filepath.Join(chartDir(root), "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for variable, image := range map[string]string{
		"ENVOY_VERSION": str(object(defaults).at("envoy", "image", "tag")), "REDIS_VERSION": str(object(defaults).at("redis", "image")),
	} {
		pin := regexp.MustCompile(`(?m)^` + variable + ` *:= *(\S+)`).FindSubmatch(pins)
		if pin == nil || !strings.HasSuffix(image, string(pin[1])) {
			t.Errorf("%s: the chart has %s, the tests %s", variable, image, pin)
		}
	}
	module, err := os.ReadFile("../kubernetes/go.mod")
	if pin := regexp.MustCompile(`(?m)^KUBERNETES_VERSION *:= *(\S+)`).FindSubmatch(pins); err != nil || pin == nil || !strings.Contains(string(module), "k8s.io/kubernetes v"+string(pin[1])+"\n") {
		t.Errorf("versions.mk and test/tools/kubernetes/go.mod have different versions of Kubernetes: %s, %v", pin, err)
	}
}

// Every value is explained, and the schema knows it.
func TestValuesExplained(t *testing.T) {
	values, err := chartValues(root)
	if err != nil || len(values) < 60 {
		t.Fatal(len(values), err)
	}
	schema, err := readValues(filepath.Join(chartDir(root), "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if v.About == "" {
			t.Errorf("%s has no comment", v.Path)
		}
		keys := []string{}
		for _, k := range strings.Split(v.Path, ".") {
			keys = append(keys, "properties", k)
		}
		if object(schema).at(keys...) == nil {
			t.Errorf("%s is not in values.schema.json", v.Path)
		}
	}
}

// The package holds what the chart needs and nothing else.
func TestPackage(t *testing.T) {
	var names []string
	for _, f := range load(t).Raw {
		names = append(names, f.Name)
	}
	for _, want := range []string{"Chart.yaml", "values.yaml", "values.schema.json", "templates/NOTES.txt", "files/rules.yaml", "files/grafana.json"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, n := range names {
		if !strings.HasPrefix(n, "templates/") && !strings.HasPrefix(n, "files/") && strings.Contains(n, "/") {
			t.Errorf("%s does not belong there", n)
		}
	}
}
