package openai

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// Seed reads a whole number. The upstream's seeds have 32 bits, those of these
// APIs 64: the lower ones are as good.
func Seed(w *jsonwalk.Walker, name string, v jsontext.Value) (int, error) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if v.Kind() != '0' || err != nil {
		return 0, w.Invalid(name, "Input should be a valid integer")
	}
	return int(int32(n)), nil
}

// Stops reads one stop sequence or a list of them.
func Stops(w *jsonwalk.Walker, v jsontext.Value) error {
	w.Req.Limits.Stop = nil
	if v.Kind() == '"' {
		return addStop(w, "stop", v)
	}
	return w.Within("stop", func() error {
		return w.List(v, func(i int, v jsontext.Value) error {
			if i == setting.MaxStops {
				return w.Invalid("", "at most %d stop sequences are allowed", setting.MaxStops)
			}
			return addStop(w, "", v)
		})
	})
}

func addStop(w *jsonwalk.Walker, name string, v jsontext.Value) error {
	s, err := w.Text(name, v)
	if err == nil && !s.Empty() {
		w.Req.Limits.Stop = append(w.Req.Limits.Stop, s.String())
	}
	return err
}
