package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// limit reads a sampling setting or limit. Ranges are the upstream's business:
// they differ by model.
func (d *decoder) limit(name string, v jsontext.Value) error {
	l := &d.Req.Limits
	switch name {
	case "max_tokens", "max_completion_tokens":
		return setting.Limit(d.Walker, &l.MaxTokens, name, v)
	case "top_k":
		return setting.TopK(d.Walker, &l.TopK, name, v)
	case "top_p":
		return setting.Set(&l.TopP, name, v, d.Number)
	default: // temperature
		return setting.Set(&l.Temperature, name, v, d.Number)
	}
}

func (d *decoder) stops(v jsontext.Value) (err error) {
	d.Req.Limits.Stop, err = setting.Strings(d.Walker, v, setting.MaxStops, "stop sequences")
	return err
}

func (d *decoder) outputConfig(m jsonwalk.Members) error {
	if err := m.Apply(outputFields); err != nil {
		return err
	}
	effort, err := m.Text("effort")
	if err != nil {
		return err
	}
	d.effort = effort.String()
	v := m.Get("format")
	if v == nil {
		return nil
	}
	return d.Within("format", func() error { return setting.Format(d.Walker, "schema", v) })
}
