package route

import "github.com/heald-proxy/heald/policies/gemini"

// Codex asks for models?client_version=… and wants a field "models" beside
// OpenAI's list. It is all or nothing: an entry that lacks a field, or has a
// value that Codex does not know, invalidates the list. The names, and what may
// be left out, are those of Codex 0.169; test/e2e/clients asks it.

// codexModel is what Codex wants to know of a model.
type codexModel struct {
	Slug        string  `json:"slug"`
	DisplayName string  `json:"display_name"`
	Description *string `json:"description"`
	// Levels are offered to the user. There is no default among them: without
	// one Codex asks for none, and the model decides.
	Levels []codexLevel `json:"supported_reasoning_levels"`
	Shell  string       `json:"shell_type"`
	// Visibility is list for what the user may pick from.
	Visibility string `json:"visibility"`
	InAPI      bool   `json:"supported_in_api"`
	// Priority orders the models; the first one is asked where none is named.
	Priority int `json:"priority"`
	// Instructions become the system prompt, whatever they say: Codex has one of
	// its own only for models that are in no list.
	Instructions      string          `json:"base_instructions"`
	Summaries         bool            `json:"supports_reasoning_summaries"`
	SummaryParameter  bool            `json:"supports_reasoning_summary_parameter"`
	Verbosity         bool            `json:"support_verbosity"`
	DefaultVerbosity  *string         `json:"default_verbosity"`
	ApplyPatch        *string         `json:"apply_patch_tool_type"`
	Truncation        codexTruncation `json:"truncation_policy"`
	ParallelCalls     bool            `json:"supports_parallel_tool_calls"`
	Context           int             `json:"context_window,omitempty"`
	MaxContext        int             `json:"max_context_window,omitempty"`
	MaxOutput         int             `json:"max_output_tokens,omitempty"` // Codex does not read it yet
	ExperimentalTools []string        `json:"experimental_supported_tools"`
	Input             []string        `json:"input_modalities"`
	AvailabilityNux   *string         `json:"availability_nux"`
	Upgrade           *string         `json:"upgrade"`
}

type codexLevel struct {
	Effort      string `json:"effort"`
	Description string `json:"description"`
}

// codexTruncation says how much of a tool's output Codex passes on.
type codexTruncation struct {
	Mode  string `json:"mode"`
	Limit int    `json:"limit"`
}

// codexOutput is what Codex itself has for its models, in tokens.
const codexOutput = 10_000

// codexName is a name that the aliases for Codex's own models match; it leads
// to the model of users who choose none.
const codexName = "codex-default"

// codexInstructions are sent as the system prompt of a model, unless the user's
// model_instructions_file says otherwise. Without any, the model would not know
// what it is for.
const codexInstructions = `You are a coding agent. You run in a terminal on the user's machine and work with the user on the files of one working directory, with the tools that you are given.

Before you change something, look: search and read the files that matter, and find out how the project is built and tested. Follow the instructions of the user first, then those of AGENTS.md files, which hold for the folder they are in and all below it.

Go on until the task is done. Do not stop at a plan or a question that the files can answer; ask only where a wrong guess would cost more than the question. Before a group of tool calls, say in a sentence what comes next.

Make changes that are small, in the style of the code around them, and about the cause of a problem rather than its symptom. Leave alone what the task does not concern, also changes that you did not make. Do not commit, push, or create branches unless you are asked to. Never run commands that destroy work, such as git reset --hard, without being told to.

Run the narrowest test that covers your change, then wider ones. Say so if you could not run them; never claim what you have not seen.

End with a short answer: what you did, where (file and line), how it was checked, and what is left. Write plainly, and do not paste whole files that you have written.`

// CodexList is Codex's list of the models that can call tools, which an agent
// needs.
func CodexList(all []Listed, aliases Models) any {
	first := aliases.Resolve(codexName)[0].Model
	models := make([]codexModel, 0, len(all))
	for _, listed := range all {
		can := listed.Can
		if can.NoFunctions {
			continue
		}
		m := codexModel{
			Slug: listed.Name, DisplayName: listed.display(), Levels: codexLevels(&can), Shell: "default", Visibility: "list", InAPI: true,
			Priority: len(models) + 1, Instructions: codexInstructions,
			Summaries: can.Thinking != gemini.NoControl, SummaryParameter: can.Thinking != gemini.NoControl,
			Truncation: codexTruncation{"tokens", codexOutput}, ParallelCalls: true,
			Context: can.Context, MaxContext: can.Context, MaxOutput: can.MaxOutput,
			ExperimentalTools: []string{}, Input: []string{"text", "image"},
		}
		if m.Slug == first {
			m.Priority = 0
		}
		models = append(models, m)
	}
	return models
}

// codexLevels are the distinct levels of thinking. For a model with budgets
// there are three.
func codexLevels(can *gemini.Capability) []codexLevel {
	names := can.Levels
	switch can.Thinking {
	case gemini.NoControl:
		names = nil
	case gemini.BudgetControl:
		names = []string{"low", "medium", "high"}
	}
	levels := make([]codexLevel, 0, len(names))
	for _, n := range names {
		levels = append(levels, codexLevel{n, codexLevelTexts[n]})
	}
	return levels
}

var codexLevelTexts = map[string]string{
	"minimal": "hardly thinks, for the fastest answers",
	"low":     "thinks a little, for simple tasks",
	"medium":  "thinks as most tasks need",
	"high":    "thinks long, for hard problems",
}
