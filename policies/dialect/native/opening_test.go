package native

import (
	"fmt"
	"testing"
)

// The opening is the same however its fields are spelled and ordered, and whatever
// follows. A broken body has the opening that stands before the fault.
func TestOpening(t *testing.T) {
	const want = `[[{"a":1}] {"parts":[]} {"role":"user"}]`
	for body, want := range map[string]string{
		`{"tools":[{"a":1}],"systemInstruction":{"parts":[]},"contents":[{"role":"user"}]}`:                                want,
		`{"contents": [ {"role":"user"} , {"role":"model"}],"x":1,"system_instruction": {"parts":[]} ,"tools": [{"a":1}]}`: want,
		`{"tools":[{"a":1}],"systemInstruction":{"parts":[]},"contents":{"role":"user"}}`:                                  want,
		`{"tools":[{"a":1}],"systemInstruction":{"parts":[]},"contents":[{"role":"user"},`:                                 want,
		`{"contents":[]}`: `[  ]`,
		`{`:               `[  ]`,
		`[]`:              `[  ]`,
		``:                `[  ]`,
	} {
		if got := fmt.Sprintf("%s", New().Opening([]byte(body))); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}
