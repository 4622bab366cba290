package claude

import (
	"testing"

	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// The tables and the code that obeys them must name the same things.
func TestBlockReadersMatchTable(t *testing.T) {
	mapped := 0
	for _, f := range blockTypes.Fields {
		_, ok := blockReaders[f.Name]
		if ok != (f.Action == jsonwalk.Map) {
			t.Errorf("%s is to %v, but has a reader = %v", f.Name, f.Action, ok)
		}
		if ok {
			mapped++
		}
	}
	if mapped != len(blockReaders) {
		t.Errorf("%d types have readers, %d are in the table", len(blockReaders), mapped)
	}
}

func TestTables(t *testing.T) {
	var used []*jsonwalk.Table
	for _, r := range blockReaders {
		used = append(used, r.table)
	}
	dialecttest.CheckTables(t, Tables(), used...)
}

func TestFind(t *testing.T) {
	tests := []struct{ name, want string }{
		{"custom", "custom"},
		{"web_search_20250305", "web_search_*"},
		{"web_search_20991231", "web_search_*"},
		{"tool_search_tool_bm25_20251119", "tool_search_tool_*"},
		{"advisor", "advisor*"},
		{"customs", "*"},
		{"", "*"},
	}
	for _, tt := range tests {
		got := ""
		if f := toolTypes.Find([]byte(tt.name)); f != nil {
			got = f.Name
		}
		if got != tt.want {
			t.Errorf("find(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}
