package responses

import (
	"testing"

	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// The tables and the code that obeys them must name the same things.
func TestItemReadersMatchTable(t *testing.T) {
	mapped := 0
	for _, f := range itemTypes.Fields {
		_, ok := itemReaders[f.Name]
		if ok != (f.Action == jsonwalk.Map) {
			t.Errorf("%s is to %v, but has a reader = %v", f.Name, f.Action, ok)
		}
		if ok {
			mapped++
		}
	}
	if mapped != len(itemReaders) {
		t.Errorf("%d types have readers, %d are in the table", len(itemReaders), mapped)
	}
}

func TestTypedToolsAreInTheTable(t *testing.T) {
	for _, tool := range typedTools {
		if f := toolTypes.Find([]byte(tool.tool)); f == nil || f.Action != jsonwalk.Map {
			t.Errorf("%s: the table says %v", tool.tool, f)
		}
	}
}

func TestEchoedFieldsAreInTheTable(t *testing.T) {
	for _, e := range echoed {
		if requestFields.Find([]byte(e.name)) == nil {
			t.Errorf("%s is echoed, but not in the table", e.name)
		}
	}
}

func TestTables(t *testing.T) {
	var used []*jsonwalk.Table
	for _, r := range itemReaders {
		used = append(used, r.table)
	}
	dialecttest.CheckTables(t, Tables(), used...)
}
