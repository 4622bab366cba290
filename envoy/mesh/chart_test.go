package mesh

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The manifests find heald as the Helm chart makes it, of which the Kustomize base
// is a rendering: the Service's name and port, and the labels of its pods.
func TestChartIsFound(t *testing.T) {
	chart, err := os.ReadFile("../kustomize/base/heald.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var service, pods *yaml.Node
	for d := yaml.NewDecoder(bytes.NewReader(chart)); ; {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch o := doc.Content[0]; text(o, "kind") + " " + text(o, "metadata", "name") {
		case "Service " + healdName:
			service = o
		case "Deployment " + healdName:
			pods = at(o, "spec", "template")
		}
	}
	if port := text(service, "spec", "ports", "0", "port"); port != strconv.Itoa(healdPort) {
		t.Errorf("the Service's port is %q", port)
	}
	p := given(GatewayForm)
	p.HealdTLS = Mesh
	_, objects := render(t, p)
	rules := 0
	for _, o := range objects {
		labels := at(o, "spec", "selector", "matchLabels")
		if kind := text(o, "kind"); kind != "PeerAuthentication" && kind != "AuthorizationPolicy" {
			continue
		}
		rules++
		for i := 0; i+1 < len(labels.Content); i += 2 {
			if key, value := labels.Content[i].Value, labels.Content[i+1].Value; text(pods, "metadata", "labels", key) != value {
				t.Errorf("%s: pods have no label %s: %s", identity(o), key, value)
			}
		}
	}
	if rules != 2 {
		t.Errorf("%d rules for heald's pods", rules)
	}
}
