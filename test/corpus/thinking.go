package main

import (
	"strconv"
	"strings"
)

// claudeThinking reads how much to think: a level, "none", "budget N", or ""
// to leave it to the model. Who says nothing gets none, as at the original
// service.
func claudeThinking(body value) string {
	effort := body.get("output_config", "effort").str()
	switch t := body.get("thinking"); {
	case t.get("type").str() == "enabled":
		return "budget " + strconv.Itoa(t.get("budget_tokens").count())
	case t.get("type").str() == "disabled":
		return "none"
	case effort != "":
		return effort
	case t.get("type").str() == "adaptive":
		return "auto"
	}
	return "none"
}

// chatThinking reads the same of a Chat request, also in the form of services
// that speak that API with fields of their own for it.
func chatThinking(body value) string {
	effort := body.get("reasoning_effort").str()
	if effort == "" {
		effort = body.get("reasoning", "effort").str()
	}
	enabled, kind := body.get("enable_thinking"), body.get("thinking", "type").str()
	switch {
	case enabled.there() && !enabled.isTrue(), kind == "disabled":
		return "none"
	case effort != "":
		return effort
	case enabled.there(), kind == "enabled":
		return "auto"
	}
	return ""
}

// geminiThinking reads the same of a Gemini request.
func geminiThinking(config value) string {
	if b := config.get("thinkingBudget"); b.there() {
		return "budget " + strconv.Itoa(b.count())
	}
	return strings.ToLower(config.get("thinkingLevel").str())
}

// smallAnswer is the most tokens of an answer for which thinking may be
// switched off or made shorter, whatever was asked for: it would use them up.
const smallAnswer = 26_000

// thinking compares how much to think, by the table of Google's own
// compatibility layer.
func (c *comparison) thinking() {
	want, got, most := c.want.limits.think, c.got.limits.think, c.want.limits.maxTokens
	small := most > 0 && (c.target.old && most <= smallAnswer || most < 2048)
	if small || got == want { // a Gemini client's own words
		return
	}
	expected := c.target.level(want)
	if c.target.old {
		expected = c.target.budget(want)
	}
	if got != expected {
		c.fault("thinking: %q should be %q, got %q", want, expected, got)
	}
}

// level is the thinking level for the requested effort.
func (t target) level(want string) string {
	if n, ok := strings.CutPrefix(want, "budget "); ok {
		switch tokens, _ := strconv.Atoi(n); {
		case tokens == 0:
			want = "none"
		case tokens <= 2048:
			want = "low"
		case tokens <= 16384:
			want = "medium"
		default:
			want = "high"
		}
	}
	switch want {
	case "none", "minimal":
		return t.lowest
	case "xhigh", "max":
		return "high"
	case "auto", "default": // the latter is Groq's
		return ""
	}
	return want
}

// budget is the thinking budget for the requested effort.
func (t target) budget(want string) string {
	switch want {
	case "none":
		return "budget 0"
	case "minimal", "low":
		return "budget 1024"
	case "medium":
		return "budget 8192"
	case "high", "xhigh", "max":
		return "budget 24576"
	case "auto":
		return "budget -1"
	}
	if n, ok := strings.CutPrefix(want, "budget "); ok {
		tokens, _ := strconv.Atoi(n)
		return "budget " + strconv.Itoa(min(tokens, 24_576))
	}
	return ""
}
