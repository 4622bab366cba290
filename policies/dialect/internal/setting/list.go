package setting

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Limits on lists of which nobody needs more.
const (
	// MaxDomains is how many domains the upstream's search can leave out.
	MaxDomains = 2000
	// MaxStops bounds the stop sequences. The original services take 4 to 16,
	// the upstream five; heald looks for the others itself.
	MaxStops = 1024
)

// Strings reads a list of at most so many strings. what is their name in the
// error for more.
func Strings(w *jsonwalk.Walker, v jsontext.Value, most int, what string) (list []string, err error) {
	err = w.List(v, func(i int, v jsontext.Value) error {
		if i == most {
			return w.Invalid("", "at most %d %s are allowed", most, what)
		}
		s, err := w.Text("", v)
		list = append(list, s.String())
		return err
	})
	return list, err
}
