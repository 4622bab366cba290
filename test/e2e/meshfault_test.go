package e2e

import (
	"cmp"
	"crypto/tls"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/test/e2e/mesh"
	"github.com/heald-proxy/heald/test/stack"
)

// TestMeshFaults plays the rows of TestFaults to each form of heald in a mesh,
// each group through one API and kind of client, in turn: what an API makes of a
// fault does not depend on the mesh, and TestFaults has all of it.
//
// None of these rows depends on what only heald's own envoy.yaml does on its outer
// listener. These tests do, and are not played to meshes: TestMidstream, the other
// half of `make faults`, since resume: text needs a listener that the manifests do
// not make; and those of the retry budget, of /healthz, of Envoy's overload
// manager, of slow uploads and of what gemini-cli needs.
func TestMeshFaults(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		var wg sync.WaitGroup
		for i, f := range mesh.Forms {
			if plays(version, i) {
				wg.Go(func() {
					t.Run(f.Name, func(t *testing.T) { playMeshGroups(t, version, f, i) })
				})
			}
		}
		wg.Wait()
	})
}

func playMeshGroups(t *testing.T, version string, f mesh.Form, turn int) {
	table := newFaultTable(version)
	for i, g := range faultGroups {
		t.Run(g.name, func(t *testing.T) {
			n := i + turn
			a, stream := meshAPI(f, apis[n%len(apis)]), n/len(apis)%2 == 0
			options := g.options
			options.Envoy, options.Policy = version, cmp.Or(options.Policy, shortTimers)
			// The rows are about connections of HTTP/1.1: another provider's stream is
			// not reset with them. TestMesh has HTTP/2.
			options.Fake.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
			p := &player{s: stack.Start(t, f.Options(t, options)), api: a, stream: stream}
			path, body := p.request()
			for range 4 {
				p.s.Post(path, body)
			}
			p.settle(t)
			p.quiet = p.s.Replicas[0].Goroutines()
			for _, row := range g.faults {
				t.Run(row.name, func(t *testing.T) {
					if len(f.Reserved) > 0 && row.want.sees == seesOverload && row.want.retryAfter != "" {
						row.want.sees = seesRate // in the place of 503, since it says when
					}
					p.check(t, g, row, table)
				})
			}
		})
	}
}

// meshAPI is an API as a form's clients see it.
func meshAPI(f mesh.Form, a api) api {
	own := map[string]string{}
	for key := range a.sees {
		own[key] = meshSees(f, a, key)
	}
	a.sees = own
	return a
}
