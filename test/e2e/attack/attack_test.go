package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// attack is one row of the table. play fails the test if the attack works, and
// returns what was seen.
type attack struct {
	name string
	play func(t *testing.T, v *victim) string
}

// groups are the attacks by who makes them. The last one ends the victim.
var groups = []struct {
	who     string
	attacks []attack
}{
	{"a neighbor on the host", neighbor},
	{"a client", client},
	{"a web page in the owner's browser", browser},
	{"a client's deputy: the gateway's own rights", deputy},
	{"a client that wants others to suffer", greedy},
	{"the provider, or who poses as it", provider},
	{"a peer that stops reading", frozen},
}

func TestAttacks(t *testing.T) {
	var rows [][3]string
	for _, set := range []struct {
		name  string
		start func(t *testing.T) *victim
	}{
		{"up", func(t *testing.T) *victim { return startUp(t, stack.PlainBinary(t)) }},
		{"serve", startServe},
	} {
		t.Run(set.name, func(t *testing.T) {
			stack.EnvoyBinary(t, "")
			v := set.start(t)
			v.served(t)
			for _, g := range groups {
				for _, a := range g.attacks {
					var seen string
					held := t.Run(a.name, func(t *testing.T) { seen = a.play(t, v) })
					if seen == notHere {
						continue
					}
					verdict := "held"
					if !held {
						verdict = "BROKE"
					}
					rows = append(rows, [3]string{g.who, v.name + "\t" + a.name, verdict + "\t" + seen})
				}
			}
			if logs := v.logs(); strings.Contains(logs, providerKey) || strings.Contains(logs, clientKey) || strings.Contains(logs, hopSecret) {
				t.Error("a secret stands in the log")
			}
		})
	}
	t.Run("start", func(t *testing.T) {
		for _, a := range operator {
			var seen string
			held := t.Run(a.name, func(t *testing.T) { seen = a.play(t, nil) })
			verdict := "held"
			if !held {
				verdict = "BROKE"
			}
			rows = append(rows, [3]string{"a careless operator", "any\t" + a.name, verdict + "\t" + seen})
		}
	})
	if path := os.Getenv("HEALD_ATTACK_TABLE"); path != "" {
		write(t, path, rows)
	}
}

// notHere is what an attack returns that a set-up gives no occasion for.
const notHere = ""

// write prints the table.
func write(t *testing.T, path string, rows [][3]string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := tabwriter.NewWriter(f, 0, 0, 2, ' ', 0)
	who, broke := "", 0
	for _, r := range rows {
		if r[0] != who {
			who = r[0]
			fmt.Fprintf(w, "\n%s:\n", who)
		}
		fmt.Fprintf(w, "  %s\t%s\n", r[1], r[2])
		if strings.HasPrefix(r[2], "BROKE") {
			broke++
		}
	}
	_ = w.Flush()
	fmt.Fprintf(f, "\n%d attacks, %d held, %d broke\n", len(rows), len(rows)-broke, broke)
}
