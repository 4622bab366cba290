package chat

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

func TestTables(t *testing.T) { dialecttest.CheckTables(t, Tables()) }

// The request's fields are treated as their table says: what is to be left out
// never fails, with or without a warning, and what is mapped is looked at.
func TestRequestFieldsObeyTheTable(t *testing.T) {
	for _, f := range requestFields.Fields {
		req, err := decode(`"` + f.Name + `":[[]]`) // a value of the wrong type for every field
		switch f.Action {
		case jsonwalk.Map:
			if err == nil {
				t.Errorf("%s is to %v, but is not looked at", f.Name, f.Action)
			}
		case jsonwalk.Refuse:
			if err == nil {
				t.Errorf("%s is to %v, but passes", f.Name, f.Action)
			}
		default:
			if err != nil {
				t.Errorf("%s is to %v: %v", f.Name, f.Action, err)
				continue
			}
			if warned := len(req.Warnings) == 1 && strings.HasPrefix(req.Warnings[0].Field, f.Name); warned != (f.Action == jsonwalk.Warn) {
				t.Errorf("%s is to %v, warnings %v", f.Name, f.Action, req.Warnings)
			}
		}
	}
}
