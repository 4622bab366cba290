package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/filesys"
	"sigs.k8s.io/kustomize/api/krusty"
)

// overlay builds one.
func overlay(t *testing.T, name string) (text string, objects []object) {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(root, "envoy/kustomize", name))
	if err != nil {
		t.Fatal(err)
	}
	out, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	if objects, err = decode(string(out)); err != nil {
		t.Fatal(err)
	}
	return string(out), objects
}

// The one for Istio gives pods what the chart gives them with istio.inject, and
// changes nothing else.
func TestKustomizeIstio(t *testing.T) {
	example, _ := overlay(t, "example")
	built, objects := overlay(t, "istio")
	for version, v := range validators(t) {
		if found := conform(v, built); len(found) > 0 {
			t.Errorf("Kubernetes %s: %q", version, found)
		}
	}
	metadata := func(objects []object) object {
		for _, o := range objects {
			if o.kind() == "Deployment" {
				m, _ := asMap(o.at("spec", "template", "metadata"))
				return m
			}
		}
		return nil
	}
	chart, err := decode(text(t, cases(t)["istio"], goldenVersion))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][]string{{"labels", "sidecar.istio.io/inject"}, {"annotations", "proxy.istio.io/config"}} {
		got, want := str(metadata(objects).at(at...)), str(metadata(chart).at(at...))
		if got != want || got == "" {
			t.Errorf("%s: %q, the chart has %q", at, got, want)
		}
	}
	without := regexp.MustCompile(`(?m)^ +(sidecar\.istio\.io/inject|proxy\.istio\.io/config): .*\n`).ReplaceAllString(built, "")
	if without != example {
		t.Error("something else differs from the example")
	}
}

// The example of an overlay builds: the base with its own heald.yaml, Secret and namespace.
func TestKustomize(t *testing.T) {
	out, objects := overlay(t, "example")
	for rule, found := range judge(&release{objects, nil, nil}) {
		t.Errorf("%s: %q", rule, found)
	}
	for _, want := range []string{"attempts: 4", "image: registry.example/heald:0.1.0", "replicas: 3", "name: heald-secrets", "kind: Namespace\nmetadata:\n  name: heald\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, o := range objects {
		if o.kind() == "Namespace" && o.name() == "heald" {
			continue
		}
		if str(o.at("metadata", "namespace")) != "heald" {
			t.Errorf("%s is in no namespace", o.id())
		}
	}
	if strings.Contains(out, "helm.sh/chart") {
		t.Error("labels of Helm")
	}
	for version, v := range validators(t) {
		if found := conform(v, out); len(found) > 0 {
			t.Errorf("Kubernetes %s: %q", version, found)
		}
	}
}
