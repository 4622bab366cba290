package gemini

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestResolveThinking(t *testing.T) {
	const (
		pro25, flash25, lite25     = "gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"
		pro3, pro31, flash35, f38x = "gemini-3-pro-preview", "gemini-3.1-pro-preview", "gemini-3.5-flash", "gemini-3.8-flash"
	)
	unset, off, auto := conversation.Thinking{}, conversation.Thinking{Intent: conversation.ThinkOff}, conversation.Thinking{Intent: conversation.ThinkAuto}
	level := func(l string) conversation.Thinking {
		return conversation.Thinking{Intent: conversation.ThinkLevel, Level: l}
	}
	budget := func(n int) conversation.Thinking {
		return conversation.Thinking{Intent: conversation.ThinkBudget, Budget: n}
	}
	for _, c := range []struct {
		name      string
		model     string
		thinking  conversation.Thinking
		maxOutput int
		want      string
	}{
		{"unset", flash25, unset, 0, ``},
		{"unset", flash35, unset, 0, ``},
		{"off", flash25, off, 0, `{"thinkingBudget":0}`},
		{"off", lite25, off, 0, `{"thinkingBudget":0}`},
		{"off", pro25, off, 0, `{"thinkingBudget":128}`},
		{"off", flash35, off, 0, `{"thinkingLevel":"minimal"}`},
		{"off", f38x, off, 0, `{"thinkingLevel":"low"}`},
		{"auto", flash25, auto, 0, `{"thinkingBudget":-1}`},
		{"auto", flash35, auto, 0, ``},
		{"minimal", flash25, level("minimal"), 0, `{"thinkingBudget":1024}`},
		{"minimal", flash35, level("minimal"), 0, `{"thinkingLevel":"minimal"}`},
		{"minimal", f38x, level("minimal"), 0, `{"thinkingLevel":"low"}`},
		{"low", pro25, level("low"), 0, `{"thinkingBudget":1024}`},
		{"medium", pro25, level("medium"), 0, `{"thinkingBudget":8192}`},
		{"medium", pro31, level("medium"), 0, `{"thinkingLevel":"medium"}`},
		{"medium", pro3, level("medium"), 0, `{"thinkingLevel":"high"}`},
		{"high", pro25, level("high"), 0, `{"thinkingBudget":24576}`},
		{"max", pro25, level("max"), 0, `{"thinkingBudget":32768}`},
		{"xhigh", flash25, level("xhigh"), 0, `{"thinkingBudget":24576}`},
		{"max", f38x, level("max"), 0, `{"thinkingLevel":"high"}`},
		{"budget", flash25, budget(31_999), 0, `{"thinkingBudget":24576}`},
		{"budget", lite25, budget(100), 0, `{"thinkingBudget":512}`},
		{"budget", pro25, budget(0), 0, `{"thinkingBudget":128}`},
		{"budget", pro25, budget(-1), 0, `{"thinkingBudget":-1}`},
		{"budget", flash35, budget(0), 0, `{"thinkingLevel":"minimal"}`},
		{"budget", flash35, budget(2048), 0, `{"thinkingLevel":"low"}`},
		{"budget", flash35, budget(2049), 0, `{"thinkingLevel":"medium"}`},
		{"budget", flash35, budget(31_999), 0, `{"thinkingLevel":"high"}`},
		{"budget", flash35, budget(-1), 0, ``},
		{"other model", "gemini-2.0-flash", level("high"), 0, ``},

		{"within the limit", pro25, budget(8000), 8001, `{"thinkingBudget":8000}`},
		{"at the limit", pro25, budget(8000), 8000, `{"thinkingBudget":6976}`},
		{"over a small limit", pro25, budget(8000), 1000, `{"thinkingBudget":128}`},
		{"over a smaller limit", lite25, budget(8000), 500, `{"thinkingBudget":0}`},
		{"tiny limit", flash25, auto, 1, `{"thinkingBudget":0}`},
		{"tiny limit", pro25, unset, 1, `{"thinkingBudget":128}`},
		{"tiny limit", flash35, level("high"), 64, `{"thinkingLevel":"minimal"}`},
		{"not tiny", flash35, level("high"), 65, `{"thinkingLevel":"high"}`},
	} {
		t.Run(c.name+" "+c.model, func(t *testing.T) {
			for _, visible := range []bool{false, true} {
				c.thinking.Visible = visible
				config := resolveThinking(c.thinking, DefaultTable.Capabilities(c.model), c.maxOutput)
				off := c.thinking.Intent == conversation.ThinkOff || c.maxOutput > 0 && c.maxOutput <= tinyOutput
				if want := visible && !off && c.model != "gemini-2.0-flash"; config.include != want {
					t.Errorf("visible %v: include %v", visible, config.include)
				}
				config.include = false
				w := bodyWriter{}
				w.thinking(config)
				want := c.want
				if want != "" {
					want = `"thinkingConfig":` + want
				}
				if got := string(w.buf); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	w := bodyWriter{}
	w.thinking(thinkingConfig{include: true})
	if got := string(w.buf); got != `"thinkingConfig":{"includeThoughts":true}` {
		t.Error(got)
	}
}
