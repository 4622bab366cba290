package responses

import (
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// text reads how the answer's text should look, also as Anthropic's
// output_config says it.
func (d *decoder) text(m jsonwalk.Members) error {
	d.Req.Format = nil
	if err := m.Apply(textFields); err != nil {
		return err
	}
	if v := m.Get("verbosity"); v != nil {
		if err := openai.Verbosity(d.Walker, v); err != nil {
			return err
		}
	}
	d.think("effort", string(jsonwalk.Chars(m.Get("effort"))))
	v := m.Get("format")
	if v == nil {
		return nil
	}
	return d.Within("format", func() error { return setting.Format(d.Walker, "schema", v) })
}
