package native

import (
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
)

// setting is a member of the thinkingConfig.
type setting struct {
	item     int    // its index; -1 if absent
	from, to int    // of its value
	text     string // the level, lower case, or the digits of the budget
}

// thinking repairs the thinkingConfig: a level and a budget together are
// refused, and so is either where the model does not know it. A budget for a
// model that has levels is taken, and stays.
func (r *repair) thinking() (outcome, error) {
	if r.refusesThinking() {
		r.req.Warn("generationConfig.thinkingConfig", "left out: the model's thinking cannot be steered")
		return cut, r.skip()
	}
	budget, level := setting{item: -1}, setting{item: -1}
	return keep, r.members(func(i int, name []byte) (outcome, error) {
		var s *setting
		switch string(name) {
		case "thinkingBudget", "thinking_budget":
			s = &budget
		case "thinkingLevel", "thinking_level":
			s = &level
		default:
			return keep, r.skip()
		}
		v, err := r.value()
		if err != nil || v.Kind() == 'n' {
			return keep, err
		}
		*s = setting{item: i, from: r.at() - len(v), to: r.at(), text: strings.ToLower(strings.Trim(string(v), `"`))}
		return keep, nil
	}, func(it items) {
		if level.text == "thinking_level_unspecified" {
			level.item = -1
		}
		if level.item >= 0 && budget.item >= 0 {
			if r.can.Thinking == gemini.BudgetControl {
				it.list[level.item].outcome, level.item = cut, -1
				r.req.Warn("generationConfig.thinkingConfig.thinkingLevel", "a level and a budget exclude each other, and the model has budgets")
			} else {
				it.list[budget.item].outcome, budget.item = cut, -1
				r.req.Warn("generationConfig.thinkingConfig.thinkingBudget", "a level and a budget exclude each other, and the model has levels")
			}
		}
		if level.item >= 0 {
			r.level(level, it.list[level.item])
		}
		if budget.item >= 0 {
			r.budget(budget)
		}
	})
}

// refusesThinking reports whether the model is known to refuse the whole
// thinkingConfig: those before 2.5 do, and a model may have done so before. For
// image models too little is known.
func (r *repair) refusesThinking() bool {
	return r.can.Thinking == gemini.NoControl && (r.can.ProtoSchema || r.can.MaxBudget > 0 || len(r.can.Levels) > 0)
}

// level repairs a level that the model does not have.
func (r *repair) level(s setting, member item) {
	const field = "generationConfig.thinkingConfig.thinkingLevel"
	switch {
	case r.can.Thinking == gemini.LevelControl && len(r.can.Levels) > 0 && !slices.Contains(r.can.Levels, s.text):
		near := gemini.NearestLevel(s.text, r.can.Levels)
		r.replace(s.from, s.to, quoted(near))
		r.req.Warn(field, "the model has no such level; "+near+" was taken")
	case r.can.Thinking == gemini.BudgetControl:
		budget := strconv.Itoa(r.can.LevelBudget(s.text))
		r.replace(member.from, member.to, `"thinkingBudget":`+budget)
		r.req.Warn(field, "the model has budgets; "+budget+" tokens were taken")
	}
}

// budget moves a budget into the model's range.
func (r *repair) budget(s setting) {
	n, err := strconv.Atoi(s.text)
	if err != nil || r.can.Thinking != gemini.BudgetControl {
		return
	}
	if right := r.can.NearestBudget(n); right != n {
		r.replace(s.from, s.to, strconv.Itoa(right))
		r.req.Warn("generationConfig.thinkingConfig.thinkingBudget", "the model takes "+strconv.Itoa(r.can.MinBudget)+
			" to "+strconv.Itoa(r.can.MaxBudget)+" tokens; "+strconv.Itoa(right)+" was taken")
	}
}
