package openai

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Seed reads a whole number. The upstream's seeds have 32 bits, those of these
// APIs 64: the lower 32 bits are used.
func Seed(w *jsonwalk.Walker, name string, v jsontext.Value) (int, error) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if v.Kind() != '0' || err != nil {
		return 0, w.Invalid(name, "Input should be a valid integer")
	}
	return int(int32(n)), nil
}
