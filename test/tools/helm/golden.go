package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2"
)

// goldenVersion is the Kubernetes version that goldens are rendered for. The chart
// renders the same for all, which a test compares.
const goldenVersion = "1.34.0"

// copies are files of envoy/observability that the chart has to hold itself: Helm
// reads nothing outside a chart.
var copies = []string{"rules.yaml", "grafana.json"}

// helmLabels are labels that only objects which Helm manages may have.
var helmLabels = regexp.MustCompile(`(?m)^ +(app\.kubernetes\.io/managed-by: Helm|helm\.sh/chart: .*)\n`)

// made is everything that is made from the chart, by its path below root.
func made(root string) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range copies {
		text, err := os.ReadFile(filepath.Join(root, "envoy/observability", name))
		if err != nil {
			return nil, err
		}
		out["envoy/helm/heald/files/"+name] = string(text)
	}
	c, err := loadChart(root)
	if err != nil {
		return nil, err
	}
	for _, f := range c.Files { // their copies are compared above; goldens need not repeat 5,000 lines
		f.Data = []byte("left-out: true")
	}
	cases, err := filepath.Glob(filepath.Join(root, "envoy/helm/testdata/*.values.yaml"))
	if err != nil || len(cases) == 0 {
		return nil, fmt.Errorf("no testdata/*.values.yaml: %w", err)
	}
	for _, file := range cases {
		text, err := golden(c, file, fmt.Sprintf("# helm template heald envoy/helm/heald --namespace heald -f %s\n", filepath.Base(file)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out["envoy/helm/testdata/"+strings.TrimSuffix(filepath.Base(file), ".values.yaml")+".yaml"] = text
	}
	base, err := golden(c, filepath.Join(root, "envoy/kustomize/values.yaml"), "# Rendered from the chart envoy/helm/heald with ../values.yaml; `make helm-render` makes it anew.\n")
	if err != nil {
		return nil, err
	}
	out["envoy/kustomize/base/heald.yaml"] = helmLabels.ReplaceAllString(base, "")
	readme, err := withTable(root)
	out["envoy/helm/README.md"] = readme
	return out, err
}

func golden(c *v2.Chart, file, header string) (string, error) {
	values, err := readValues(file)
	if err != nil {
		return "", err
	}
	manifests, _, err := render(c, values, goldenVersion)
	return withoutChance(join(header, manifests)), err
}

// random are the values that the chart makes anew each time: 48 letters and digits.
var random = regexp.MustCompile(`(?m)^(  (?:memory-key|hop-secret|admin-token|client-key|redis-password): )[A-Za-z0-9+/]{64}$`)

// withoutChance writes "random" in their place.
func withoutChance(text string) string { return random.ReplaceAllString(text, "${1}cmFuZG9t") }

// renderAll writes everything that is made from the chart.
func renderAll(root string) error {
	files, err := made(root)
	if err != nil {
		return err
	}
	for path, text := range files {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
