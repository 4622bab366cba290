package istio

import (
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/analysis"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/diag"
	"istio.io/istio/pkg/config/analysis/local"

	"github.com/heald-proxy/heald/test/tools/mesh/configdump"
	"github.com/heald-proxy/heald/test/tools/mesh/manifest"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	manifests = "../../../../envoy/istio"
	goldens   = "../../../e2e/mesh/testdata"
)

// gateway and client are the Pods of testdata/kubernetes.yaml that have an Envoy.
var (
	gateway = proxy{model.Router, "ingressgateway-1", "heald", "10.1.0.1", map[string]string{"istio": "ingressgateway"}}
	client  = proxy{model.SidecarProxy, "search-1", "search", "10.1.0.2", map[string]string{"app": "search"}}
)

var renderings = []struct {
	golden string
	proxy  proxy
	files  []string // of envoy/istio
}{
	{"istio-gateway", gateway, []string{"gateway.yaml"}},
	{"istio-gateway-team", gateway, []string{"gateway.yaml", "team.yaml"}},
	{"istio-gateway-plain", gateway, []string{"plain.yaml"}},
	{"istio-gateway-tls", gateway, []string{"tls.yaml"}},
	{"istio-sidecar", client, []string{"sidecar.yaml"}},
	{"istio-sidecar", client, []string{"namespace.yaml"}}, // for all Pods of the namespace, this one as well
}

func TestRender(t *testing.T) {
	files := map[string][]string{} // by golden
	for _, r := range renderings {
		for _, f := range r.files {
			if path := filepath.Join(manifests, f); !slices.Contains(files[r.golden], path) {
				files[r.golden] = append(files[r.golden], path)
			}
		}
		t.Run(strings.Join(r.files, "+"), func(t *testing.T) {
			all, err := manifest.Read(paths(r.files)...)
			if err != nil {
				t.Fatal(err)
			}
			istio, kubernetes := manifest.Join(all, ofIstio), manifest.Join(all, func(d manifest.Document) bool { return !ofIstio(d) })
			got, err := render(t, r.proxy, kubernetes, istio).Dump()
			if err != nil {
				t.Fatal(err)
			}
			if err := configdump.Golden(filepath.Join(goldens, r.golden, "config_dump.json"), got, *update); err != nil {
				t.Error(err)
			}
		})
	}
	if *update && !t.Failed() {
		if err := manifest.WriteSums(goldens, files); err != nil {
			t.Error(err)
		}
	}
}

type knownWarning struct{ code, about, why string }

// known are the warnings of `istioctl analyze` that the manifests are meant to
// have.
var known = []knownWarning{
	{"IST0133", "EnvoyFilter", "it warns of every EnvoyFilter"},
	{"IST0151", "EnvoyFilter heald/heald-", "INSERT_BEFORE the router works in any order, since no other filter is named"},
	{"IST0162", "port 18081", "the inner port must not be on the Service"},
	{"IST0128", "DestinationRule heald/heald", "the Secret of credentialName has the CA as well"},
}

// knownAs is the place in known of a message that is no mistake; -1 if it is one.
func knownAs(m diag.Message) int {
	return slices.IndexFunc(known, func(k knownWarning) bool {
		return m.Type.Code() == k.code && strings.Contains(m.String(), k.about) && !m.Type.Level().IsWorseThanOrEqualTo(diag.Error)
	})
}

// What `istioctl analyze` and `istioctl validate` say of the manifests: nothing
// but what is known, and that is about what it is said to be. What is known is
// said of one of them at least.
func TestAnalyze(t *testing.T) {
	said := make([]bool, len(known))
	for _, r := range renderings {
		t.Run(strings.Join(r.files, "+"), func(t *testing.T) {
			var sources []local.ReaderSource
			all, err := manifest.Read(paths(r.files)...)
			if err != nil {
				t.Fatal(err)
			}
			istio, kubernetes := manifest.Join(all, ofIstio), manifest.Join(all, func(d manifest.Document) bool { return !ofIstio(d) })
			for name, text := range map[string]string{"istio": istio, "kubernetes": kubernetes} {
				sources = append(sources, local.ReaderSource{Name: name, Reader: strings.NewReader(text)})
			}
			a := local.NewSourceAnalyzer(analysis.Combine("all", analyzers.All()...), "heald", "istio-system", nil)
			if err := a.AddTestReaderKubeSource(sources); err != nil {
				t.Fatal(err)
			}
			stop := make(chan struct{})
			defer close(stop)
			result, err := a.Analyze(stop)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range result.Messages {
				if i := knownAs(m); i >= 0 {
					said[i] = true
					t.Logf("istioctl analyze: %s\n  known: %s", m.String(), known[i].why)
				} else if m.Type.Level().IsWorseThanOrEqualTo(diag.Warning) {
					t.Errorf("istioctl analyze: %s", m.String())
				} else {
					t.Logf("istioctl analyze: %s", m.String())
				}
			}
		})
	}
	for i, k := range known {
		if !said[i] {
			t.Errorf("istioctl analyze no longer says %s of %s: remove it from known", k.code, k.about)
		}
	}
}

func ofIstio(d manifest.Document) bool { return strings.Contains(d.APIVersion, "istio.io/") }

func paths(files []string) []string {
	out := []string{filepath.Join("testdata", "kubernetes.yaml")}
	for _, f := range files {
		out = append(out, filepath.Join(manifests, f))
	}
	return out
}
