package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// reasoning reads how much to think. Without a word the model thinks as it
// does by itself, and its thoughts are shown as summaries.
func (d *decoder) reasoning(m jsonwalk.Members) error {
	if err := m.Obey(reasoningFields); err != nil {
		return err
	}
	effort, err := m.Text("effort")
	if err != nil {
		return err
	}
	summary, err := m.Text("summary")
	t := conversation.Thinking{Carries: true, Visible: summary.String() != "none"}
	switch effort := effort.String(); effort {
	case "":
	case "none":
		t.Intent = conversation.ThinkOff
	default:
		t.Intent, t.Level = conversation.ThinkLevel, d.level(effort)
	}
	d.Req.Thinking = t
	return err
}

// level returns the effort as a level. Efforts yet to come are read as high:
// they were added at the upper end so far.
func (d *decoder) level(effort string) string {
	switch effort {
	case "minimal", "low", "medium", "high", "xhigh", "max":
		return effort
	}
	d.Warn("effort", "unknown effort, read as high")
	return "high"
}
