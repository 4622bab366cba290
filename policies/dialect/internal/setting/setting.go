package setting

import (
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// maxSession bounds session keys; those of coding agents are UUIDs.
const maxSession = 256

// Set sets field to the value v of the field called name, decoded by read.
func Set[T any](field **T, name string, v jsontext.Value, read func(string, jsontext.Value) (T, error)) error {
	n, err := read(name, v)
	*field = &n
	return err
}

// Limit reads a limit of tokens. Clients write -1 where they want none.
func Limit(w *jsonwalk.Walker, field **int, name string, v jsontext.Value) error {
	if n, err := w.Number(name, v); err == nil && n == -1 {
		*field = nil
		w.Warn(name, "left out: -1 sets no limit")
		return nil
	}
	return Set(field, name, v, w.Count)
}

// TopK reads how many tokens are chosen from. Below 1 it means all of them, as
// in vLLM and llama.cpp.
func TopK(w *jsonwalk.Walker, field **int, name string, v jsontext.Value) error {
	if n, err := w.Number(name, v); err == nil && n < 0 && n == math.Trunc(n) {
		v = jsontext.Value("0")
	}
	return Set(field, name, v, w.Count)
}

// Model reads the model's name.
func Model(w *jsonwalk.Walker, v jsontext.Value) error {
	name, err := w.Text("model", v)
	if err != nil {
		return err
	}
	if len(name) > conversation.MaxModel {
		return w.Invalid("model", "String should have at most %d characters", conversation.MaxModel)
	}
	w.Req.Model = name.String()
	return nil
}

// Level returns an effort, the value of field, as a thinking level. Unknown
// efforts are read as high: new ones were so far added at the upper end.
func Level(w *jsonwalk.Walker, field, effort string) string {
	switch effort {
	case "minimal", "low", "medium", "high", "xhigh", "max":
		return effort
	}
	w.Warn(field, "unknown effort, read as high")
	return "high"
}

// Session returns a session key, or "" if it is too long to be one.
func Session(key string) string {
	if len(key) > maxSession {
		return ""
	}
	return key
}
