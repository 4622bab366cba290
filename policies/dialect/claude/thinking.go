package claude

import "github.com/heald-proxy/heald/policies/conversation"

// thinking is the thinking field as the client wrote it.
type thinking struct {
	mode    string // enabled, adaptive, disabled; "" if absent
	budget  int
	display string // summarized, omitted, …; "" if absent
}

func (d *decoder) readThinking(m members) error {
	mode, err := m.needText("type")
	if err != nil {
		return err
	}
	d.thinking = thinking{mode: mode.String()}
	switch d.thinking.mode {
	case "enabled", "adaptive", "disabled":
	default:
		return d.invalid("type", "Input should be 'enabled', 'adaptive' or 'disabled'")
	}
	if err := m.obey(thinkingFields); err != nil {
		return err
	}
	display, err := m.text("display")
	if err != nil {
		return err
	}
	d.thinking.display = display.String()
	budget := m.get("budget_tokens")
	if budget == nil {
		if d.thinking.mode == "enabled" {
			return d.invalid("budget_tokens", "Field required")
		}
		return nil
	}
	d.thinking.budget, err = d.count("budget_tokens", budget)
	return err
}

// resolveThinking joins thinking and effort: a budget or "disabled" outweighs
// the effort, the request's effort outweighs a message's. Thinking is off
// where the client says nothing, as it is at the original service.
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
		t.Intent, t.Level = conversation.ThinkLevel, d.level(effort)
	}
	t.Carries = d.thinking.mode == "enabled" || d.thinking.mode == "adaptive"
	t.Visible = t.Carries && d.thinking.display != "omitted"
	return t
}

// level returns the effort as a level. Efforts yet to come are read as high:
// they were added at the upper end so far.
func (d *decoder) level(effort string) string {
	switch effort {
	case "minimal", "low", "medium", "high", "xhigh", "max":
		return effort
	}
	d.req.Warn("output_config.effort", "unknown effort, read as high")
	return "high"
}
