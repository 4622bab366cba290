package e2e

import (
	"cmp"
	"crypto/tls"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/test/e2e/mesh"
	"github.com/heald-proxy/heald/test/stack"
)

// TestMeshFaults plays the rows of TestFaults to each form of heald in a mesh,
// each group through one API and kind of client after the other: what an API
// makes of a fault does not depend on the mesh, and TestFaults has it whole.
// Rows that need what a form's outer hop cannot do are in meshLacks.
func TestMeshFaults(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		table := newFaultTable(version)
		var wg sync.WaitGroup
		for i, f := range mesh.Forms {
			if !plays(version, i) {
				continue
			}
			wg.Go(func() {
				t.Run(f.Name, func(t *testing.T) { playMeshGroups(t, version, f, i, table) })
			})
		}
		wg.Wait()
		if path := os.Getenv("HEALD_MESH_FAULT_TABLE"); path != "" {
			if err := table.append(path); err != nil {
				t.Error(err)
			}
		}
	})
}

func playMeshGroups(t *testing.T, version string, f mesh.Form, turn int, table *faultTable) {
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
					if i := slices.IndexFunc(meshLacks, func(l lack) bool { return l.row == row.name && slices.Contains(l.forms, f.Name) }); i >= 0 {
						t.Skipf("this form lacks it: %s", meshLacks[i].why)
					}
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

// lack is a row that depends on what the outer hop of some forms cannot do.
type lack struct {
	row   string
	forms []string
	why   string
}

var meshLacks = []lack{}
