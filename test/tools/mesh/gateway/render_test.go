package gateway

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/tools/mesh/configdump"
	"github.com/heald-proxy/heald/test/tools/mesh/manifest"
)

var (
	update = flag.Bool("update", false, "write the golden files")
	egctl  = flag.String("egctl", "", "path of egctl; make mesh-render installs and names it")
)

const (
	manifests = "../../../../envoy/gateway"
	goldens   = "../../../e2e/mesh/testdata"
)

var renderings = []struct {
	files []string // of envoy/gateway
	// envoys are the golden files by the Gateway whose Envoy they are for.
	envoys map[string]string
}{
	{[]string{"portable.yaml"}, map[string]string{"heald/llm": "gateway-portable"}},
	{[]string{"patched.yaml"}, map[string]string{"heald/llm": "gateway-patched"}},
	{[]string{"portable.yaml", "team.yaml"}, map[string]string{"heald/llm": "gateway-portable-team"}},
	{[]string{"tls.yaml"}, map[string]string{"heald/llm": "gateway-tls"}},
}

func TestRender(t *testing.T) {
	if *egctl == "" {
		t.Skip("egctl is missing: make mesh-render installs it and runs this")
	}
	files := map[string][]string{} // by golden
	for _, r := range renderings {
		for _, golden := range r.envoys {
			for _, f := range r.files {
				files[golden] = append(files[golden], filepath.Join(manifests, f))
			}
		}
		t.Run(strings.Join(r.files, "+"), func(t *testing.T) {
			paths := []string{"testdata/kubernetes.yaml"}
			for _, f := range r.files {
				paths = append(paths, filepath.Join(manifests, f))
			}
			all, err := manifest.Read(paths...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := translate(*egctl, manifest.Join(all, nil)+"---\n"+certificates(t))
			if err != nil {
				t.Fatal(err)
			}
			conditions := got.conditions()
			if len(conditions) == 0 {
				t.Error("egctl wrote no status at all")
			}
			for _, c := range conditions {
				// No Pods and no load balancer are here to make it programmed.
				if c.Type != "Programmed" && (c.Status == "True") == bad[c.Type] {
					t.Errorf("%s: %s is %s (%s): %s", c.where, c.Type, c.Status, c.Reason, c.Message)
				}
			}
			for key := range got.XDS {
				if r.envoys[key] == "" {
					t.Errorf("an Envoy for Gateway %s, which no golden file is for", key)
				}
			}
			for key, golden := range r.envoys {
				c, err := config(got.XDS[key])
				if err != nil {
					t.Errorf("Envoy of Gateway %s: %v", key, err)
					continue
				}
				dump, err := c.Dump()
				if err == nil {
					err = configdump.Golden(filepath.Join(goldens, golden, "config_dump.json"), dump, *update)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	if *update && !t.Failed() {
		if err := manifest.WriteSums(goldens, files); err != nil {
			t.Error(err)
		}
	}
}

// bad are the types of conditions that are true when something is wrong.
var bad = map[string]bool{"Conflicted": true, "OverlappingTLSConfig": true, "Overridden": true, "Warning": true, "DeprecatedField": true}
