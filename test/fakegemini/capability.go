package fakegemini

import (
	"regexp"
	"slices"
	"strings"
)

// capability is what the fake knows about a model.
type capability struct {
	base       string // name without preview or date suffix
	preview    bool   // served under -preview names only
	generation int    // 20 for 2.0, 35 for 3.5
	levels     []string
	budget     *budget // nil: no thinking budget
	fixed      bool    // sampling parameters have no effect
	noTrailing bool    // refuses contents that end with a model turn
	output     modality
	predicts   bool     // embeddings by predict at Vertex
	scales     []string // sizes of images, where there is a choice
	banners    bool     // images may be four or eight times as long as wide
}

// budget is the thinkingBudget range; -1 (automatic) always passes.
type budget struct {
	min, max int64
	zero     bool // 0 switches thinking off
}

type modality uint8

const (
	textOut   modality = iota
	imageOut           // no function tools
	audioOut           // speech only
	embedding          // vectors, no answers
)

// maxOutput and maxInput are the token limits of every model in the table; see
// Options.Limits.
const (
	maxOutput = 65_536
	maxInput  = 1_048_576
)

var (
	fourLevels   = []string{"MINIMAL", "LOW", "MEDIUM", "HIGH"}
	threeLevels  = []string{"LOW", "MEDIUM", "HIGH"}
	twoLevels    = []string{"LOW", "HIGH"}
	anyBudget    = &budget{min: 1, max: 24_576, zero: true}
	proBudget    = &budget{min: 128, max: 32_768}
	liteBudget   = &budget{min: 512, max: 24_576, zero: true}
	legacyBudget = &budget{min: 0, max: 32_768, zero: true} // 3.x takes a budget for compatibility
)

// capabilities is the model table, after Google's model pages up to 3.8.
var capabilities = []capability{
	{base: "gemini-1.5-flash", generation: 15},
	{base: "gemini-2.0-flash", generation: 20},
	{base: "gemini-2.0-flash-lite", generation: 20},
	{base: "gemini-2.5-pro", generation: 25, budget: proBudget},
	{base: "gemini-2.5-flash", generation: 25, budget: anyBudget},
	{base: "gemini-2.5-flash-lite", generation: 25, budget: liteBudget},
	{base: "gemini-2.5-flash-image", generation: 25, output: imageOut},
	{base: "gemini-2.5-flash-preview-tts", generation: 25, output: audioOut},
	{base: "gemini-3-pro", preview: true, generation: 30, levels: twoLevels, budget: legacyBudget},
	{base: "gemini-3-pro-image", generation: 30, levels: twoLevels, budget: legacyBudget, output: imageOut, scales: []string{"1K", "2K", "4K"}},
	{base: "gemini-3-flash", preview: true, generation: 30, levels: fourLevels, budget: legacyBudget},
	{base: "gemini-3.1-pro", preview: true, generation: 31, levels: threeLevels, budget: legacyBudget},
	{base: "gemini-3.1-flash-image", generation: 31, levels: twoLevels, budget: legacyBudget, output: imageOut, scales: []string{"512", "1K", "2K", "4K"}, banners: true},
	{base: "gemini-3.1-flash-lite", generation: 31, levels: fourLevels, budget: legacyBudget},
	{base: "gemini-3.5-flash", generation: 35, levels: fourLevels, budget: legacyBudget},
	{base: "gemini-3.5-flash-lite", generation: 35, levels: fourLevels, budget: legacyBudget, fixed: true, noTrailing: true},
	{base: "gemini-3.6-flash", generation: 36, levels: fourLevels, budget: legacyBudget, fixed: true, noTrailing: true},
	{base: "gemini-3.7-flash", generation: 37, levels: threeLevels, budget: legacyBudget, fixed: true, noTrailing: true},
	{base: "gemini-3.8-flash", generation: 38, levels: threeLevels, budget: legacyBudget, fixed: true, noTrailing: true},
	{base: "gemini-embedding-001", generation: 25, output: embedding, predicts: true},
	{base: "gemini-embedding-2", generation: 25, output: embedding},
}

// aliases are names that Google moves from model to model.
var aliases = map[string]string{
	"gemini-flash-latest":      "gemini-3.8-flash",
	"gemini-flash-lite-latest": "gemini-3.5-flash-lite",
	"gemini-pro-latest":        "gemini-3.1-pro-preview",
}

// modelSuffix is what may follow a base name: -preview, -preview-05-20,
// -preview-06-17-2025, -exp, -001, -latest.
var modelSuffix = regexp.MustCompile(`-(preview(-\d{2}-\d{2}|-\d{2}-\d{4})?|exp|latest|\d{3})$`)

// capabilityOf finds a model; extra names (Options.Models) behave as the newest.
func capabilityOf(name string, extra []string) (capability, bool) {
	if to, ok := aliases[name]; ok {
		name = to
	}
	for _, base := range []string{name, modelSuffix.ReplaceAllString(name, "")} {
		i := slices.IndexFunc(capabilities, func(c capability) bool { return c.base == base })
		if i >= 0 && (!capabilities[i].preview || strings.HasPrefix(name, base+"-preview") && name != base) {
			return capabilities[i], true
		}
	}
	if slices.Contains(extra, name) {
		newest, _ := capabilityOf("gemini-3.8-flash", nil)
		newest.base = name
		return newest, true
	}
	return capability{}, false
}

// signs reports that the model issues and checks thought signatures.
func (c capability) signs() bool { return c.generation >= 30 }

// limitsOf are the token limits of a model.
func (o *Options) limitsOf(model string) (input, output int) {
	if own, ok := o.Limits[model]; ok {
		return own[0], own[1]
	}
	return maxInput, maxOutput
}

// does reports whether the model has a method.
func (c capability) does(t target) bool {
	switch t.method {
	case count:
		return true
	case predict:
		return c.predicts
	case embed, batch:
		return c.output == embedding && (!t.vertex || !c.predicts)
	}
	return c.output != embedding
}

// name is what the model list calls it.
func (c capability) name() string {
	if c.preview {
		return c.base + "-preview"
	}
	return c.base
}
