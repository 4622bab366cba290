package route

import (
	"strings"
	"testing"
)

// What a route sets is complained of like heald.yaml: with the place, in words
// for operators, and without what may be a credential.
func TestOverrideFaults(t *testing.T) {
	const key = "AIzaSyA1234567890abcdefghijklmnopqrstuv"
	for list, want := range map[string]string{
		"attempts=many":               `x-heald-set: attempts: "many" is not a whole number`,
		"attempts=0":                  "x-heald-set.attempts: 0 is not between 1 and 10",
		"deadline=10":                 `x-heald-set: deadline: "10" is not a duration such as 15s`,
		"deadline=0s":                 "x-heald-set.deadline: 0s is not a positive duration",
		"strict=perhaps":              `x-heald-set: strict: "perhaps" is neither true nor false`,
		"reserved_status=200":         "x-heald-set.reserved_status[0]: 200 is no status of an error",
		"reserved_status=503 600":     "x-heald-set.reserved_status[1]: 600 is no status of an error",
		"reserved_status=429 500 529": "x-heald-set.reserved_status: no status is left for heald's own errors",
		"reserved_status=400 403 422": "x-heald-set.reserved_status: no status is left for heald's own errors",
		"reserved_status=503 x":       `x-heald-set: reserved_status: "503 x" is not a list of whole numbers`,
		"color=red":                   `x-heald-set: "color=red" is no setting`,
		"attempts=" + key:             "not shown",
		key + "=1":                    "not shown",
		"wait=" + key:                 "not shown",
		"repair_prompt,wait=x":        `"repair_prompt" is no setting`,
	} {
		_, err := DefaultSettings().Override(list)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", list, err, want)
			continue
		}
		for _, hidden := range []string{"strconv", "time: ", key[:12]} {
			if strings.Contains(err.Error(), hidden) {
				t.Errorf("%s: tells %q: %v", list, hidden, err)
			}
		}
	}
}
