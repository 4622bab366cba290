package observability

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fixture"
)

// grafana.json is what the rows render.
func TestDashboard(t *testing.T) {
	got, err := Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	want, _ := os.ReadFile("grafana.json")
	fixture.Diff(t, "grafana.json", want, got)
}

// No two panels overlap or stick out, each says what it shows, and none is tied to
// one data source.
func TestPanels(t *testing.T) {
	text, err := Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID                       int
			Title, Type, Description string
			GridPos                  struct{ X, Y, W, H int }
			Datasource               struct{ UID string }
			Targets                  []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range board.Panels {
		if p.Title == "" || ids[p.ID] {
			t.Errorf("panel %d %q: no title, or a number that another one has", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q, or sticks out", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("%q: description %q, data source %q, %d queries", p.Title, p.Description, p.Datasource.UID, len(p.Targets))
		}
		for _, q := range p.Targets {
			if strings.Contains(q.Expr, "$here") || strings.Contains(q.Expr, "heald_") && !strings.Contains(q.Expr, `instance=~"$instance"`) {
				t.Errorf("%q does not ask about the replicas that were chosen: %s", p.Title, q.Expr)
			}
		}
	}
	if len(board.Panels) < 50 {
		t.Errorf("%d panels", len(board.Panels))
	}
}
