package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A record that somebody else has written has no more attempts than can be told.
func TestEntriesAreBoundedAsTheyAreRead(t *testing.T) {
	list := make([]string, 40)
	for i := range list {
		list[i] = fmt.Sprintf(`{"attempt":%d}`, i+1)
	}
	many := "[" + strings.Join(list, ",") + "]"
	for _, c := range []struct {
		text               string
		tried, kept, first int
	}{
		{`{"v":1,"record":"request","tried":300000000}`, 1000, 0, 0},
		{`{"v":1,"record":"request","tried":-3}`, 0, 0, 0},
		{`{"v":1,"record":"request","tried":2,"attempts":[{"attempt":300000000},{"attempt":2}]}`, 2, 2, 1000},
		{`{"v":1,"record":"request","tried":1,"attempts":` + many + `}`, 40, 32, 9},
		{`{"v":1,"record":"request","tried":40,"attempts":` + many + `}`, 40, 32, 9},
	} {
		var e Entry
		if err := json.Unmarshal([]byte(c.text), &e); err != nil {
			t.Fatal(err)
		}
		r := e.Request
		if r.Tried != c.tried || len(r.Attempts) != c.kept || c.kept > 0 && r.Attempts[0].Number != c.first {
			t.Errorf("%.60s: tried %d, %d attempts", c.text, r.Tried, len(r.Attempts))
		}
	}
	for text, want := range map[string]int{"300000000": 1000, "-1": 0, "3": 3} {
		var e Entry
		if err := json.Unmarshal([]byte(`{"v":1,"record":"attempt","attempt":`+text+`}`), &e); err != nil || e.Attempt.Number != want {
			t.Errorf("attempt %s: %+v, %v", text, e.Attempt, err)
		}
	}
}
