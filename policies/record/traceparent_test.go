package record

import (
	"strings"
	"testing"
)

func TestParseTraceparent(t *testing.T) {
	later := strings.Repeat("x", 200)
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for header, want := range map[string][2]any{
		"00-" + trace + "-" + parent + "-01":                    {trace, true},
		"00-" + trace + "-" + parent + "-00":                    {trace, false},
		"00-" + trace + "-" + parent + "-03":                    {trace, true},
		"cc-" + trace + "-" + parent + "-01-later":              {trace, true},
		"00-" + trace + "-" + parent + "-01-later":              {"", false},
		"ff-" + trace + "-" + parent + "-01":                    {"", false},
		"00-" + trace + "-0000000000000000-01":                  {"", false},
		"00-00000000000000000000000000000000-" + parent + "-01": {"", false},
		"00-0AF7651916CD43DD8448EB211C80319C-" + parent + "-01": {"", false},
		"00-" + trace + "-" + parent + "-0g":                    {"", false},
		"cc-" + trace + "-" + parent + "-011":                   {"", false},
		"00-" + trace + "_" + parent + "-01":                    {"", false},
		"00_" + trace + "-" + parent + "-01":                    {"", false},
		"00-" + trace + "-" + parent + "_01":                    {"", false},
		"0g-" + trace + "-" + parent + "-01":                    {"", false},
		"00-" + trace[1:] + "`-" + parent + "-01":               {"", false},
		"00-" + trace[1:] + "/-" + parent + "-01":               {"", false},
		"00-" + trace[1:] + ":-" + parent + "-01":               {"", false},
		"00-" + trace + "-" + parent[1:] + "g-01":               {"", false},
		"00-" + trace[1:] + "9-" + parent[1:] + "f-0b":          {trace[1:] + "9", true},
		"00-" + trace + "-" + parent + "-0e":                    {trace, false},
		"cc-" + trace + "-" + parent + "-01-" + later[:144]:     {trace, true},
		"cc-" + trace + "-" + parent + "-01-" + later[:145]:     {"", false},
		"00-" + trace + "-01":                                   {"", false}, "": {"", false}, "---": {"", false},
	} {
		id, span, sampled := ParseTraceparent(header)
		if id != want[0] || sampled != want[1] || id == "" && span != "" || id != "" && span != header[36:52] {
			t.Errorf("%q: %q, %q, %v", header, id, span, sampled)
		}
	}
}
