package claude

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// thinking is the thinking field as the client wrote it.
type thinking struct {
	mode    string // enabled, adaptive, disabled; "" if absent
	budget  int
	display string // summarized, omitted, …; "" if absent
}

func (d *decoder) readThinking(m jsonwalk.Members) error {
	mode, err := m.NeedText("type")
	if err != nil {
		return err
	}
	d.thinking = thinking{mode: mode.String()}
	switch d.thinking.mode {
	case "enabled", "adaptive", "disabled":
	default:
		return d.Invalid("type", "Input should be 'enabled', 'adaptive' or 'disabled'")
	}
	if err := m.Apply(thinkingFields); err != nil {
		return err
	}
	display, err := m.Text("display")
	if err != nil {
		return err
	}
	d.thinking.display = display.String()
	budget := m.Get("budget_tokens")
	if budget == nil {
		if d.thinking.mode == "enabled" {
			return d.Invalid("budget_tokens", "Field required")
		}
		return nil
	}
	d.thinking.budget, err = d.Count("budget_tokens", budget)
	return err
}

// resolveThinking combines thinking and effort. A budget or "disabled" wins
// over the effort, and the request's effort over a message's. Thinking is off
// by default, as at the original service.
func (d *decoder) resolveThinking() conversation.Thinking {
	effort := d.effort
	if effort == "" {
		effort = d.turnEffort
	}
	t := conversation.Thinking{Intent: conversation.ThinkOff}
	switch d.thinking.mode {
	case "enabled":
		t.Intent, t.Budget = conversation.ThinkBudget, d.thinking.budget
	case "adaptive":
		t.Intent = conversation.ThinkAuto
	}
	if effort != "" && (d.thinking.mode == "adaptive" || d.thinking.mode == "") {
		t.Intent, t.Level = conversation.ThinkLevel, setting.Level(d.Walker, "output_config.effort", effort)
	}
	t.Carries = d.thinking.mode == "enabled" || d.thinking.mode == "adaptive"
	t.Visible = t.Carries && d.thinking.display != "omitted"
	return t
}
