package chat

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// thinking is what the fields about it said.
type thinking struct {
	effort  string // reasoning_effort, or reasoning.effort; "" if absent
	budget  *int   // reasoning.max_tokens
	off     bool   // reasoning.enabled is false
	exclude bool   // reasoning.exclude
}

// reasoning reads the object in which routers of models, and clients made for
// them, put what they want of thinking.
func (d *decoder) reasoning(m jsonwalk.Members) error {
	if err := m.Obey(reasoningFields); err != nil {
		return err
	}
	effort, err := m.Text("effort")
	if err != nil {
		return err
	}
	if !effort.Empty() && d.thinking.effort == "" {
		d.thinking.effort = effort.String()
	}
	if v := m.Get("max_tokens"); v != nil {
		if err := setting.Set(&d.thinking.budget, "max_tokens", v, d.Count); err != nil {
			return err
		}
	}
	if v := m.Get("enabled"); v != nil {
		enabled, err := d.Flag("enabled", v)
		if err != nil {
			return err
		}
		d.thinking.off = !enabled
	}
	d.thinking.exclude, err = m.Flag("exclude")
	return err
}

// resolveThinking joins what was said. Without a word the model thinks as it
// does by itself, and its thoughts are shown: clients that know none of them
// skip a field that they do not know.
func (d *decoder) resolveThinking() error {
	t := &d.Req.Thinking
	t.Visible = !d.thinking.exclude
	if d.Req.Upstream.ThinkingConfig != nil && d.thinking.effort != "" {
		return d.Invalid("reasoning_effort", "set either this or extra_body.google.thinking_config, not both")
	}
	switch effort := d.thinking.effort; {
	case d.thinking.off || effort == "none":
		t.Intent = conversation.ThinkOff
	case d.thinking.budget != nil:
		t.Intent, t.Budget = conversation.ThinkBudget, *d.thinking.budget
	case effort == "" || effort == "default" || effort == "auto":
	default:
		t.Intent, t.Level = conversation.ThinkLevel, setting.Level(&d.Walker, "reasoning_effort", effort)
	}
	return nil
}
