package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/yannh/kubeconform/pkg/validator"
)

// wheel is the archive with the schemas of Kubernetes; `make kubernetes-schemas`
// puts it there.
const wheel = ".tools/kubernetes-schemas/kubernetes_validate-1.37.0-py3-none-any.whl"

// kinds are those that the chart and the Kustomize example make, by their file in the wheel.
var kinds = []string{
	"configmap-v1", "deployment-apps-v1", "horizontalpodautoscaler-autoscaling-v2", "namespace-v1", "networkpolicy-networking-v1",
	"poddisruptionbudget-policy-v1", "secret-v1", "service-v1", "serviceaccount-v1",
}

// schemas writes the schemas of a version into dir, one file a kind and none that
// refers to another, as kubeconform reads them without asking a network.
func schemas(archive *zip.Reader, version, dir string) error {
	from := "kubernetes_validate/kubernetes-json-schema/v" + version + "-local-strict/"
	definitions, err := readJSON(archive, from+"_definitions.json")
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		schema, err := readJSON(archive, from+kind+".json")
		if err != nil {
			return err
		}
		delete(schema, "$id") // relative to which references are resolved
		schema["$defs"] = reached(schema, definitions["$defs"].(map[string]any))
		text, err := json.Marshal(schema)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte(`"`+file+reference), []byte(`"`+reference))
		if err := os.WriteFile(filepath.Join(dir, kind+".json"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Schemas refer to a definition with both of these, definitions to one another with
// the second alone.
const file, reference = "/api/_definitions.json", "#/$defs/"

// reached is the definitions that a schema refers to, and those that they do.
func reached(schema any, all map[string]any) map[string]any {
	out := map[string]any{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			ref, _ := v["$ref"].(string)
			if name, ok := strings.CutPrefix(strings.TrimPrefix(ref, file), reference); ok && out[name] == nil {
				out[name] = all[name]
				walk(all[name])
			}
			for _, below := range v {
				walk(below)
			}
		case []any:
			for _, below := range v {
				walk(below)
			}
		}
	}
	walk(schema)
	return out
}

func readJSON(files fs.FS, name string) (map[string]any, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// newValidator is kubeconform for the schemas in dir; it finds unknown fields, too.
func newValidator(dir, version string) (validator.Validator, error) {
	return validator.New([]string{filepath.ToSlash(dir) + "/{{.ResourceKind}}{{.KindSuffix}}.json"}, validator.Opts{
		KubernetesVersion: version, Strict: true,
		// Their schemas belong to Prometheus Operator; a test decodes them into its types.
		SkipKinds: map[string]struct{}{"ServiceMonitor": {}, "PrometheusRule": {}},
	})
}

// conform returns what is wrong with a text.
func conform(v validator.Validator, text string) []string {
	var found []string
	for _, r := range v.Validate("manifests", io.NopCloser(strings.NewReader(text))) {
		if r.Status == validator.Invalid || r.Status == validator.Error {
			name := "?"
			if s, err := r.Resource.Signature(); err == nil {
				name = s.Kind + "/" + s.Name
			}
			found = append(found, fmt.Sprintf("%s: %v", name, r.Err))
		}
	}
	return found
}
