// Package manifest reads files of Kubernetes manifests.
package manifest

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// Document is one object.
type Document struct {
	APIVersion, Kind string
	Text             string
}

// Read returns the objects of files, in order, as a cluster has them: Services
// without an address get one, 10.2.1.1 and so on, and ports a protocol. Documents
// that are only comments are left out: kubectl ignores them, egctl does not.
func Read(files ...string) ([]Document, error) {
	var all []Document
	addresses := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for i, doc := range strings.Split("\n"+string(text), "\n---\n") {
			var head struct {
				APIVersion string `json:"apiVersion"`
				Kind       string `json:"kind"`
			}
			if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
				return nil, fmt.Errorf("%s, document %d: %w", file, i+1, err)
			}
			doc = strings.TrimSpace(doc)
			if head.APIVersion == "v1" && head.Kind == "Service" {
				var err error
				if doc, err = applied(doc, fmt.Sprintf("10.2.1.%d", addresses+1)); err != nil {
					return nil, fmt.Errorf("%s, document %d: %w", file, i+1, err)
				}
				addresses++
			}
			if head.APIVersion != "" {
				all = append(all, Document{head.APIVersion, head.Kind, doc})
			}
		}
	}
	return all, nil
}

// applied fills in what a cluster does: an address and the ports' protocol.
func applied(service, address string) (string, error) {
	var o map[string]any
	if err := yaml.Unmarshal([]byte(service), &o); err != nil {
		return "", err
	}
	spec, ok := o["spec"].(map[string]any)
	if !ok {
		return "", errors.New("a Service without spec")
	}
	if spec["clusterIP"] == nil {
		spec["clusterIP"] = address
	}
	ports, _ := spec["ports"].([]any)
	for _, p := range ports {
		if port, ok := p.(map[string]any); ok && port["protocol"] == nil {
			port["protocol"] = "TCP"
		}
	}
	text, err := yaml.Marshal(o)
	return strings.TrimSpace(string(text)), err
}

// Join writes those documents that are wanted as one file; nil wants all.
func Join(all []Document, wanted func(Document) bool) string {
	var texts []string
	for _, d := range all {
		if wanted == nil || wanted(d) {
			texts = append(texts, d.Text)
		}
	}
	return strings.Join(texts, "\n---\n") + "\n"
}
