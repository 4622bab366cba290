package state_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// A store that cannot be used is noticed without requests: one that is silent,
// and one that answers but refuses to work.
func TestGuardReadsSnapshots(t *testing.T) {
	const refused = "the store refuses the password"
	for name, breaks := range map[string]func(*remote){
		"silent":  func(r *remote) { r.silent.Store(true) },
		"trouble": func(r *remote) { r.data("", refused) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.WarnLevel)
				reg := prometheus.NewRegistry()
				r := &remote{Store: memory.New()}
				breaks(r)
				g := state.NewGuard(r, memory.New(), state.GuardConfig{Log: zap.New(core), Metrics: state.NewGuardMetrics(reg)})
				defer g.Close()
				r.inVain.Store(name == "trouble") // what refuses to work refuses a replica that returns
				time.Sleep(10 * time.Second)
				if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP heald_state_up 1 while the shared store answers, 0 while this replica works without it.
# TYPE heald_state_up gauge
heald_state_up 0
`), "heald_state_up"); err != nil {
					t.Error(err)
				}
				want := ""
				if name == "trouble" {
					want = refused
				}
				s := g.Status()
				if s.Up || s.Why == "" || s.Trouble != want {
					t.Errorf("the status is %+v", s)
				}
				all := logs.All()
				if len(all) != 1 {
					t.Fatalf("%d warnings, want 1", len(all))
				}
				if got, _ := all[0].ContextMap()["trouble"].(string); got != want {
					t.Errorf("the log says %q, want %q", got, want)
				}
				r.silent.Store(false)
				r.data("", "")
				time.Sleep(time.Minute)
				if s := g.Status(); !s.Up || s.Trouble != "" {
					t.Errorf("afterwards: %+v", s)
				}
			})
		})
	}
}

// Single looks that fail are no outage.
func TestGuardSnapshotsFailSeldom(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		for range 5 {
			r.data("", "busy")
			time.Sleep(2 * time.Second)
			r.data("", "")
			time.Sleep(2 * time.Second)
		}
		if !g.Status().Up {
			t.Error("two looks of four that fail are no outage")
		}
	})
}

// A replica that has rejoined stays within its part for a minute, since the store
// does not know what was sent. When the store's data is lost meanwhile its minutes
// begin half used, and that stands for it.
func TestGuardPartEndsWithTheData(t *testing.T) {
	for name, lost := range map[string]bool{"kept": false, "lost": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
				r.count(3)
				r.data("one", "")
				time.Sleep(2 * time.Second)
				goDown(t, g, r)
				r.data("two", "") // lost with the outage: the part stands
				r.silent.Store(false)
				time.Sleep(5 * time.Second)
				place := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Requests: 30}}
				if got := send(t, g, place, 100); got != 10 {
					t.Fatalf("%d were sent, want a third of 30", got)
				}
				if lost {
					r.data("three", "")
				}
				time.Sleep(2 * time.Second)
				if got, want := send(t, g, place, 15), map[bool]int{false: 0, true: 15}[lost]; got != want {
					t.Errorf("%d were sent, want %d", got, want)
				}
			})
		})
	}
}
