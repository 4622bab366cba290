package istio

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/analysis"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/diag"
	"istio.io/istio/pkg/config/analysis/local"

	"github.com/heald-proxy/heald/test/tools/mesh/configdump"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	manifests = "../../../../envoy/istio"
	goldens   = "../../../e2e/mesh/testdata"
)

// gateway and client are the Pods of testdata/kubernetes.yaml that have an Envoy.
var (
	gateway = proxy{model.Router, "llm-gateway", "heald", "10.1.0.1", map[string]string{"istio": "llm"}}
	client  = proxy{model.SidecarProxy, "agent", "agents", "10.1.0.2", map[string]string{"app": "agent"}}
)

var renderings = []struct {
	golden string
	proxy  proxy
	files  []string // of envoy/istio
}{
	{"istio-gateway", gateway, []string{"gateway.yaml"}},
	{"istio-sidecar", client, []string{"sidecar.yaml"}},
}

func TestRender(t *testing.T) {
	for _, r := range renderings {
		t.Run(r.golden, func(t *testing.T) {
			istio, kubernetes, err := read(paths(r.files)...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := render(t, r.proxy, kubernetes, istio).Dump()
			if err != nil {
				t.Fatal(err)
			}
			if err := configdump.Golden(filepath.Join(goldens, r.golden, "config_dump.json"), got, *update); err != nil {
				t.Error(err)
			}
		})
	}
}

// What `istioctl analyze` and `istioctl validate` say of the manifests: nothing
// that is worse than a hint.
func TestAnalyze(t *testing.T) {
	for _, r := range renderings {
		t.Run(r.golden, func(t *testing.T) {
			var sources []local.ReaderSource
			istio, kubernetes, err := read(paths(r.files)...)
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"istio": istio, "kubernetes": kubernetes} {
				sources = append(sources, local.ReaderSource{Name: name, Reader: strings.NewReader(text)})
			}
			a := local.NewSourceAnalyzer(analysis.Combine("all", analyzers.All()...), "heald", "istio-system", nil)
			if err := a.AddReaderKubeSource(sources); err != nil {
				t.Fatal(err)
			}
			stop := make(chan struct{})
			defer close(stop)
			result, err := a.Analyze(stop)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range result.Messages {
				if m.Type.Level().IsWorseThanOrEqualTo(diag.Warning) {
					t.Errorf("istioctl analyze: %s", m.String())
				} else {
					t.Logf("istioctl analyze: %s", m.String())
				}
			}
		})
	}
}

func paths(files []string) []string {
	out := []string{filepath.Join("testdata", "kubernetes.yaml")}
	for _, f := range files {
		out = append(out, filepath.Join(manifests, f))
	}
	return out
}
