package main

import (
	"strings"
	"testing"
)

func TestRatio(t *testing.T) {
	r := sorted([]cell{
		measured(nameNoop, 0, 1000, 100), measured(nameHeald, 0, 500, 100),
		measured(nameHeald, 1, 400, 120), measured(nameNoop, 1, 1000, 100),
		measured(nameNoop, 2, 2000, 100), measured(nameHeald, 2, 500, 100),
		measured(nameHeald, 3, 1, 1), // a round that lacks the other one
		measured(nameHops, 0, 1000, 0),
	})
	of := ratio{nameHeald, nameNoop}
	// 0.2/0.1, 0.3/0.1, 0.2/0.05: of each round, not of the medians.
	checkSpread(t, "sidecar", r.ratio("sse-10", of, sidecarCPU), spread{3, 2, 4})
	checkSpread(t, "Envoy", r.ratio("sse-10", of, envoyCPU), spread{2.5, 2, 4})
	checkSpread(t, "no sidecar", r.ratio("sse-10", ratio{nameHeald, nameHops}, sidecarCPU), spread{})
	checkSpread(t, "not measured", r.ratio("sse-10", ratio{nameHeald, nameBase}, bothCPU), spread{})
	var b strings.Builder
	if err := printRatios(&b, []scenario{{name: "sse-10"}}, []string{nameHops, nameNoop, nameHeald}, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"heald / no-op  2.50 (2.00-4.00)  3.00 (2.00-4.00)", "heald / hops              2.00                 -"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &b)
		}
	}
	if strings.Contains(b.String(), nameBase) {
		t.Errorf("what was not measured stands in the table:\n%s", &b)
	}
}

func TestAims(t *testing.T) {
	small := func(variant string, round int, sidecar, envoy float64) cell {
		return cell{Scenario: "json-small", Variant: variant, Round: round, Requests: 1, Seconds: 1, SidecarCPU: sidecar, EnvoyCPU: envoy}
	}
	r := sorted([]cell{
		small(nameNoop, 0, 1, 1), small(nameHeald, 0, 1.5, 1), small(nameBase, 0, 2, 2),
		small(nameNoop, 1, 1, 1), small(nameHeald, 1, 1.4, 1), small(nameBase, 1, 2, 2),
	})
	var b strings.Builder
	if err := printAims(&b, r); err != nil {
		t.Fatal(err)
	}
	const want = `aim: json-small  heald / base   both CPU     at most 0.80  0.61 (0.60-0.62)  reached
aim: json-small  heald / no-op  sidecar CPU  at most 1.40  1.45 (1.40-1.50)  missed
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

func TestRanged(t *testing.T) {
	for want, s := range map[string]spread{
		"-": {}, "1.50": {1.5, 1.5, 1.5}, "0.80 (0.78-0.85)": {0.8, 0.78, 0.85},
		"9.99 (9.99-10.0)": {9.991, 9.99, 9.996}, "99.9 (12.3-100)": {99.94, 12.34, 99.96},
	} {
		if got := s.ranged(); got != want {
			t.Errorf("%v: got %q, want %q", s, got, want)
		}
	}
}
