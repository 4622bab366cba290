package setting

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Limits on the lengths of lists.
const (
	// MaxDomains is how many domains the upstream's search can leave out.
	MaxDomains = 2000
	// MaxStops bounds the stop sequences. The original services take 4 to 16, the
	// upstream five; heald itself looks for the rest.
	MaxStops = 1024
)

// Strings reads a list of at most so many strings. what names them in the error
// for a longer list.
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

// Stops reads one stop sequence or a list of them. Empty ones are ignored.
func Stops(w *jsonwalk.Walker, name string, v jsontext.Value) error {
	var list []string
	if v.Kind() == '"' {
		list = []string{conversation.Text(v).String()}
	} else if err := w.Within(name, func() (err error) {
		list, err = Strings(w, v, MaxStops, "stop sequences")
		return err
	}); err != nil {
		return err
	}
	w.Req.Limits.Stop = nil
	for _, s := range list {
		if s != "" {
			w.Req.Limits.Stop = append(w.Req.Limits.Stop, s)
		}
	}
	return nil
}
