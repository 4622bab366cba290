package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// reasoning reads how much to think. By default the model decides, and its
// thoughts are shown as summaries.
func (d *decoder) reasoning(m jsonwalk.Members) error {
	if err := m.Apply(reasoningFields); err != nil {
		return err
	}
	effort, err := m.Text("effort")
	if err != nil {
		return err
	}
	summary, err := m.Text("summary")
	d.Req.Thinking.Visible = summary.String() != "none"
	d.think("effort", effort.String())
	return err
}

// think sets how much to think, as field name says; "" leaves it as it is.
func (d *decoder) think(name, effort string) {
	t := &d.Req.Thinking
	switch effort {
	case "":
	case "none":
		t.Intent, t.Level = conversation.ThinkOff, ""
	default:
		t.Intent, t.Level = conversation.ThinkLevel, setting.Level(d.Walker, name, effort)
	}
}
