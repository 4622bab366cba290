package gemini

import (
	"slices"
	"testing"
)

func TestCapabilities(t *testing.T) {
	for _, c := range []struct {
		model           string
		control         Control
		lowest          string // level
		minBudget       int
		fixed, trailing bool // fixed sampling; trailing model turn refused
		strict          bool
	}{
		{model: "gemini-2.5-pro", control: BudgetControl, minBudget: 128},
		{model: "models/gemini-2.5-pro-preview-06-05", control: BudgetControl, minBudget: 128},
		{model: "gemini-2.5-flash-001", control: BudgetControl, minBudget: 1},
		{model: "gemini-2.5-flash-lite-preview-09-2025", control: BudgetControl, minBudget: 512},
		{model: "gemini-2.5-flash-image", control: NoControl},
		{model: "gemini-3-flash-preview", control: LevelControl, lowest: "minimal", strict: true},
		{model: "gemini-3.1-pro-preview-customtools", control: LevelControl, lowest: "low", strict: true},
		{model: "Gemini-3.5-Flash", control: LevelControl, lowest: "minimal", strict: true},
		{model: "gemini-3.5-flash-lite", control: LevelControl, lowest: "minimal", strict: true, fixed: true, trailing: true},
		{model: "gemini-3.6-flash", control: LevelControl, lowest: "minimal", strict: true, fixed: true, trailing: true},
		{model: "gemini-3.8-flash-preview-001", control: LevelControl, lowest: "low", strict: true, fixed: true, trailing: true},
		{model: "gemini-3.55-flash", control: LevelControl, lowest: "low", strict: true, fixed: true, trailing: true},
		{model: "gemini-4-pro", control: LevelControl, lowest: "low", strict: true, fixed: true, trailing: true},
		{model: "gemini-10-pro", control: LevelControl, lowest: "low", strict: true, fixed: true, trailing: true},
		{model: "gemini-flash-latest", control: LevelControl, lowest: "low", strict: true, fixed: true, trailing: true},
		{model: "gemini-flash-lite-latest", control: LevelControl, lowest: "minimal", strict: true, fixed: true, trailing: true},
		{model: "gemini-2.0-flash", control: NoControl},
		{model: "gemini-1.5-pro-002", control: NoControl},
		{model: "gemma-3-27b-it", control: NoControl},
		{model: "", control: NoControl},
	} {
		t.Run(c.model, func(t *testing.T) {
			got := DefaultTable.Capabilities(c.model)
			lowest := ""
			if len(got.Levels) > 0 {
				lowest = got.Levels[0]
			}
			if got.Thinking != c.control || lowest != c.lowest || got.MinBudget != c.minBudget ||
				got.FixedSampling != c.fixed || got.NoTrailingModel != c.trailing || got.StrictSignatures != c.strict {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTableWith(t *testing.T) {
	table := DefaultTable.With(
		Row{"gemini-3.5-flash", Capability{MaxOutput: 1}},
		Row{"tuned-7", Capability{MaxOutput: 2}},
	)
	for model, want := range map[string]int{"gemini-3.5-flash-001": 1, "tuned-7": 2, "tuned-77": 0, "gemini-3.5-flash-lite": outputLimit} {
		if got := table.Capabilities(model).MaxOutput; got != want {
			t.Errorf("%s: got %d, want %d", model, got, want)
		}
	}
	if DefaultTable.Capabilities("tuned-7").MaxOutput != 0 {
		t.Error("the built-in table changed")
	}
}

func TestTableIsSound(t *testing.T) {
	for _, row := range DefaultTable {
		if row.Thinking == LevelControl && !slices.Contains(row.Levels, "high") {
			t.Errorf("%s: the resolver needs the level high", row.Model)
		}
		if row.Thinking == BudgetControl && (row.MinBudget < 1 || row.MaxBudget < row.MinBudget) {
			t.Errorf("%s: budget range %d to %d", row.Model, row.MinBudget, row.MaxBudget)
		}
	}
}

func TestKnows(t *testing.T) {
	for model, want := range map[string]string{
		"gemini-3.8-flash": "gemini-3.8-flash", "models/Gemini-2.5-pro-preview-06-05": "gemini-2.5-pro",
		"gemini-2.5-flash-image-001": "gemini-2.5-flash-image",
		"gemini-4-pro":               "", "gemma-3": "", "gemini-2.0-flash": "",
	} {
		if got := DefaultTable.Family(model); got != want || DefaultTable.Knows(model) != (want != "") {
			t.Errorf("%s: %q, known: %t", model, got, DefaultTable.Knows(model))
		}
	}
	if m := "gemini-2.5-flash-preview-tts"; DefaultTable.Knows(m) || DefaultTable.Family(m) != "gemini-2.5-flash" {
		t.Errorf("%s has no row of its own", m)
	}
}
