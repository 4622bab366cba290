package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// thinking holds the fields about thinking.
type thinking struct {
	effort string // reasoning_effort, or reasoning.effort; "" if absent
	budget *int   // reasoning.max_tokens
	// on is reasoning.enabled, thinking.type or enable_thinking; nil if absent.
	on      *bool
	exclude bool // reasoning.exclude, or its synonyms
}

// thinkingField reads the fields for thinking of other services that speak this
// API, since their clients use this one too.
func (d *decoder) thinkingField(name string, v jsontext.Value) error {
	if name == "enable_thinking" {
		return setting.Set(&d.thinking.on, name, v, d.Flag)
	}
	if name == "include_reasoning" {
		include, err := d.Flag(name, v)
		d.thinking.exclude = d.thinking.exclude || !include
		return err
	}
	format, err := d.Text(name, v) // reasoning_format
	switch format.String() {
	case "hidden":
		d.thinking.exclude = true
	case "", "parsed", "auto":
	default:
		d.Warn(name, "thoughts come in a field of their own")
	}
	return err
}

// thinkingObject reads thinking, the object that another service's API has.
func (d *decoder) thinkingObject(m jsonwalk.Members) error {
	if err := m.Apply(thinkingFields); err != nil {
		return err
	}
	mode, err := m.Text("type")
	if err != nil {
		return err
	}
	on := mode.String() != "disabled"
	switch mode.String() {
	case "":
	case "enabled", "adaptive", "auto", "disabled":
		d.thinking.on = &on
	default:
		return d.Invalid("type", "Input should be 'enabled', 'adaptive', 'auto' or 'disabled'")
	}
	if v := m.Get("budget_tokens"); v != nil {
		return setting.Set(&d.thinking.budget, "budget_tokens", v, d.Count)
	}
	return nil
}

// template reads chat_template_kwargs, the arguments of a chat template, which
// servers of open models take.
func (d *decoder) template(m jsonwalk.Members) error {
	if err := m.Apply(templateFields); err != nil {
		return err
	}
	for _, name := range []string{"enable_thinking", "thinking"} {
		if v := m.Get(name); v != nil {
			if err := setting.Set(&d.thinking.on, name, v, d.Flag); err != nil {
				return err
			}
		}
	}
	return nil
}

// reasoning reads the object for thinking of model routers such as OpenRouter,
// and of clients made for them.
func (d *decoder) reasoning(m jsonwalk.Members) error {
	if err := m.Apply(reasoningFields); err != nil {
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
		if err := setting.Set(&d.thinking.on, "enabled", v, d.Flag); err != nil {
			return err
		}
	}
	exclude, err := m.Flag("exclude")
	d.thinking.exclude = d.thinking.exclude || exclude
	return err
}

// resolveThinking combines these fields. Without any of them the model uses its
// default, and its thoughts are shown, since clients ignore unknown fields.
func (d *decoder) resolveThinking() error {
	t := &d.Req.Thinking
	t.Visible = !d.thinking.exclude
	if d.Req.Upstream.ThinkingConfig != nil && d.thinking.effort != "" {
		return d.Invalid("reasoning_effort", "set either this or extra_body.google.thinking_config, not both")
	}
	switch effort := d.thinking.effort; {
	case d.thinking.on != nil && !*d.thinking.on || effort == "none":
		t.Intent = conversation.ThinkOff
	case d.thinking.budget != nil:
		t.Intent, t.Budget = conversation.ThinkBudget, *d.thinking.budget
	case effort == "" || effort == "default" || effort == "auto":
		if d.thinking.on != nil {
			t.Intent = conversation.ThinkAuto
		}
	default:
		t.Intent, t.Level = conversation.ThinkLevel, setting.Level(d.Walker, "reasoning_effort", effort)
	}
	return nil
}
