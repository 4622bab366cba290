package gemini

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

const (
	// tinyOutput is the output limit, in tokens, under which thoughts would
	// leave nothing for the answer (Claude Code probes quotas with 1).
	tinyOutput = 64
	// answerReserve is what a budget leaves of the output limit for the
	// answer, in tokens.
	answerReserve = 1024
	// dynamicBudget lets the model decide.
	dynamicBudget = -1
)

// effortBudgets are Google's own numbers for effort levels, in tokens, from its
// OpenAI compatibility layer; above high it is the model's limit.
var effortBudgets = map[string]int{"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576}

// thinkingConfig is a resolved thinkingConfig; the zero value is none.
type thinkingConfig struct {
	set     bool // budget counts
	budget  int
	level   string // "" leaves it to the model
	include bool   // includeThoughts
	// own is the client's thinkingConfig in the API's own form, which overrides
	// the rest.
	own conversation.Raw
}

// resolveThinking translates the client's thinking settings for a model.
// maxOutput is 0 for no limit: thoughts count against it.
func resolveThinking(t conversation.Thinking, can Capability, maxOutput int) thinkingConfig {
	if can.Thinking == NoControl {
		return thinkingConfig{}
	}
	if maxOutput > 0 && maxOutput <= tinyOutput {
		t.Intent = conversation.ThinkOff
	}
	var c thinkingConfig
	if can.Thinking == LevelControl {
		c.level = resolveLevel(t, can.Levels)
	} else {
		c.budget, c.set = resolveBudget(t, can, maxOutput)
	}
	c.include = t.Visible && t.Intent != conversation.ThinkOff
	return c
}

// resolveBudget returns the budget in tokens, and whether there is one.
func resolveBudget(t conversation.Thinking, can Capability, maxOutput int) (budget int, set bool) {
	switch t.Intent {
	case conversation.ThinkUnset:
		return 0, false
	case conversation.ThinkAuto:
		return dynamicBudget, true
	case conversation.ThinkLevel:
		budget = can.levelBudget(t.Level)
	case conversation.ThinkBudget:
		if budget = t.Budget; budget < 0 {
			return dynamicBudget, true
		}
	}
	if budget = can.NearestBudget(budget); budget == 0 {
		return 0, true
	}
	if maxOutput > 0 && budget >= maxOutput {
		budget = can.clampBudget(maxOutput - answerReserve)
		if budget >= maxOutput && can.ZeroBudget {
			budget = 0
		}
	}
	return budget, true
}

// resolveLevel returns the level; "" for none. levels are the model's, lowest
// first.
func resolveLevel(t conversation.Thinking, levels []string) string {
	want := ""
	switch t.Intent {
	case conversation.ThinkOff:
		want = "minimal"
	case conversation.ThinkLevel:
		want = t.Level
	case conversation.ThinkBudget:
		switch {
		case t.Budget < 0:
		case t.Budget == 0:
			want = "minimal"
		case t.Budget <= 2048:
			want = "low"
		case t.Budget <= 16_384:
			want = "medium"
		default:
			want = "high"
		}
	}
	if want == "" || len(levels) == 0 {
		return ""
	}
	return NearestLevel(want, levels)
}

// clampBudget moves a budget into the model's range.
func (c *Capability) clampBudget(n int) int { return min(max(n, c.MinBudget), c.MaxBudget) }

// NearestBudget returns the budget of thinking, in tokens, that the model takes
// for n. Below 0 the model decides.
func (c *Capability) NearestBudget(n int) int {
	if n < 0 || n == 0 && c.ZeroBudget {
		return n
	}
	return c.clampBudget(n)
}

// levelBudget is the budget for a level.
func (c *Capability) levelBudget(level string) int {
	if budget, ok := effortBudgets[level]; ok {
		return budget
	}
	return c.MaxBudget
}

// LevelBudget is the budget for a level that the model takes.
func (c *Capability) LevelBudget(level string) int { return c.clampBudget(c.levelBudget(level)) }

// NearestLevel returns the model's lowest level that is not below want, or its
// highest one: less thinking would cost quality, more only tokens.
func NearestLevel(want string, levels []string) string {
	for i := max(0, slices.Index(fourLevels, want)); i < len(fourLevels); i++ {
		if want != "xhigh" && want != "max" && slices.Contains(levels, fourLevels[i]) {
			return fourLevels[i]
		}
	}
	return levels[len(levels)-1]
}

// thinking appends the thinkingConfig, if there is something to say.
func (w *bodyWriter) thinking(c thinkingConfig) {
	if c.own == nil && !c.set && c.level == "" && !c.include {
		return
	}
	w.key("thinkingConfig")
	if c.own != nil {
		w.raw(c.own)
		return
	}
	w.open('{')
	if c.set {
		w.key("thinkingBudget")
		w.int(c.budget)
	}
	if c.level != "" {
		w.stringField("thinkingLevel", c.level)
	}
	if c.include {
		w.key("includeThoughts")
		w.raw([]byte("true"))
	}
	w.close('}')
}
