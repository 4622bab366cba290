package claude

import "testing"

// The tables and the code that obeys them must name the same things.
func TestBlockReadersMatchTable(t *testing.T) {
	mapped := 0
	for _, f := range blockTypes.Fields {
		_, ok := blockReaders[f.Name]
		if ok != (f.Action == Map) {
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
	names := map[string]bool{}
	for _, table := range Tables() {
		if table.Name == "" || names[table.Name] || len(table.Fields) == 0 {
			t.Errorf("table %q is unnamed, empty, or there twice", table.Name)
		}
		names[table.Name] = true
		fields := map[string]bool{}
		for _, f := range table.Fields {
			if f.Name == "" || fields[f.Name] {
				t.Errorf("%s: field %q is unnamed or there twice", table.Name, f.Name)
			}
			fields[f.Name] = true
			if f.Why == "" && f.Name != "type" {
				t.Errorf("%s: field %q has no reason", table.Name, f.Name)
			}
			if f.Action.String() == "" {
				t.Errorf("%s: field %q has an unnamed action", table.Name, f.Name)
			}
		}
	}
	for kind, r := range blockReaders {
		if !names[r.table.Name] {
			t.Errorf("the table of %s is not among Tables", kind)
		}
	}
}

func TestFind(t *testing.T) {
	tests := []struct{ name, want string }{
		{"custom", "custom"},
		{"web_search_20250305", "web_search_*"},
		{"web_search_20991231", "web_search_*"},
		{"tool_search_tool_bm25_20251119", "tool_search_tool_*"},
		{"advisor", "advisor*"},
		{"customs", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got := ""
		if f := toolTypes.find([]byte(tt.name)); f != nil {
			got = f.Name
		}
		if got != tt.want {
			t.Errorf("find(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}
