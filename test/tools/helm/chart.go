package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

// versions are the Kubernetes versions whose schemas the manifests must fit: the
// newest, the oldest of the wheel that is not long forgotten, and one between.
var versions = []string{"1.31.0", "1.34.0", "1.37.0"}

func chartDir(root string) string { return filepath.Join(root, "envoy/helm/heald") }

func loadChart(root string) (*v2.Chart, error) { return loader.LoadDir(chartDir(root)) }

// readValues reads a file of values as Helm does.
func readValues(file string) (map[string]any, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return loader.LoadValues(f)
}

// manifest is what one template renders.
type manifest struct{ Template, Text string }

// render is `helm template heald --namespace heald` for a Kubernetes version. It
// also returns the text of NOTES.txt.
func render(c *v2.Chart, values map[string]any, version string) (out []manifest, notes string, err error) {
	kube, err := common.ParseKubeVersion(version)
	if err != nil {
		return nil, "", err
	}
	caps := common.DefaultCapabilities.Copy()
	caps.KubeVersion = *kube
	release := common.ReleaseOptions{Name: "heald", Namespace: "heald", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, values, release, caps)
	if err != nil {
		return nil, "", err
	}
	texts, err := engine.Render(c, all)
	if err != nil {
		return nil, "", err
	}
	for name, text := range texts {
		switch base := path.Base(name); {
		case base == "NOTES.txt":
			notes = text
		case strings.HasPrefix(base, "_") || strings.TrimSpace(text) == "":
		default:
			out = append(out, manifest{path.Base(name), text})
		}
	}
	slices.SortFunc(out, func(a, b manifest) int { return strings.Compare(a.Template, b.Template) })
	return out, notes, nil
}

// join is the manifests as one file.
func join(header string, manifests []manifest) string {
	var b strings.Builder
	b.WriteString(header)
	for _, m := range manifests {
		fmt.Fprintf(&b, "---\n%s\n", strings.Trim(m.Text, "\n"))
	}
	return b.String()
}
