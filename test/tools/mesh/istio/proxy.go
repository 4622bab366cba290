package istio

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/bootstrap"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/mesh"
	_ "istio.io/istio/pkg/config/xds" // registers the types of Envoy's extensions
	"istio.io/istio/pkg/test"

	"github.com/heald-proxy/heald/test/tools/mesh/configdump"
)

// proxy is an Envoy that asks the discovery server.
type proxy struct {
	kind      model.NodeType // model.Router is a gateway
	pod       string
	namespace string
	ip        string // of the Pod in testdata, by which Istio finds its Services
	labels    map[string]string
}

// istioVersion is what the proxy says of itself; Istio leaves out what older
// ones do not understand. It is the release that the pinned commit leads to.
const istioVersion = "1.31.0"

func (p proxy) node() *model.Proxy {
	return &model.Proxy{
		Type: p.kind, ID: p.pod + "." + p.namespace, IPAddresses: []string{p.ip}, ConfigNamespace: p.namespace, Labels: p.labels,
		Metadata: &model.NodeMetadata{
			IstioVersion: istioVersion, Namespace: p.namespace, Labels: p.labels, ClusterID: constants.DefaultClusterName,
		},
	}
}

// render returns what Istio tells a proxy, given Kubernetes' and Istio's objects.
func render(t test.Failer, p proxy, kubernetes, istio string) configdump.Config {
	s := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{KubernetesObjectString: kubernetes, ConfigString: istio})
	s.EnsureSynced(t)
	node := s.SetupProxy(p.node())
	out := configdump.Config{Clusters: s.Clusters(node), Listeners: s.Listeners(node), Routes: s.Routes(node), Endpoints: s.Endpoints(node)}
	var err error
	if out.Bootstrap, err = p.bootstrap(); err != nil {
		t.Fatalf("bootstrap: %v", err)
	}
	return out
}

// bootstrap is what istio-agent starts the proxy's Envoy with.
func (p proxy) bootstrap() (*bootstrapv3.Bootstrap, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		return nil, fmt.Errorf("find Istio's sources: %w", err)
	}
	template := filepath.Join(strings.TrimSpace(string(dir)), "tools", "packaging", "common", "envoy_bootstrap.json")
	config := mesh.DefaultProxyConfig()
	node, err := bootstrap.GetNodeMetaData(bootstrap.MetadataOptions{
		ID:          fmt.Sprintf("%s~%s~%s.%s~%s.svc.cluster.local", p.kind, p.ip, p.pod, p.namespace, p.namespace),
		ProxyConfig: config, InstanceIPs: []string{p.ip}, EnvoyStatusPort: 15021, EnvoyPrometheusPort: 15090,
		Envs: []string{"ISTIO_META_ISTIO_VERSION=" + istioVersion, "ISTIO_META_NAMESPACE=" + p.namespace, "ISTIO_META_CLUSTER_ID=" + constants.DefaultClusterName},
	})
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := bootstrap.New(bootstrap.Config{Node: node}).WriteTo(template, &text); err != nil {
		return nil, err
	}
	out := &bootstrapv3.Bootstrap{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text.Bytes(), out); err != nil {
		return nil, err
	}
	return out, nil
}
