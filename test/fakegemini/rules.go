package fakegemini

import (
	"fmt"
	"slices"
	"strings"
)

// Rule names one thing the fake objects to beyond the field table. A rule in
// Options.Tolerate leaves a mark on the recorded request and refuses nothing.
type Rule string

// The rules. Those in markedByDefault only leave a mark unless Options.Refuse
// lists them.
const (
	RuleContents        Rule = "contents"          // contents are there, and every content has parts
	RuleRole            Rule = "role"              // user or model
	RuleFirstTurn       Rule = "first_turn"        // the first content is the user's
	RuleTrailingModel   Rule = "trailing_model"    // models that refuse an unfinished model turn
	RuleEmptyPart       Rule = "empty_part"        // every part has data
	RuleEmptyText       Rule = "empty_text"        // no empty text, save under a signature; the real API is lax
	RulePairing         Rule = "pairing"           // as many answers as calls, right after them
	RuleAnswerName      Rule = "answer_name"       // answers bear the names of their calls
	RuleAnswerID        Rule = "answer_id"         // and their ids; Gemini 3 at Vertex answers with nothing instead
	RuleMissingID       Rule = "missing_id"        // 3.5 and later on AI Studio want ids on both
	RuleSplitAnswers    Rule = "split_answers"     // the answers to one turn stand in one content
	RuleMixedAnswers    Rule = "mixed_answers"     // nothing else stands in it (3.5 and later answer with nothing)
	RuleOldMixedAnswers Rule = "old_mixed_answers" // the same on earlier models, which took it in recordings
	RuleResponseRef     Rule = "response_ref"      // a $ref in an answer is a part reference
	RuleMedia           Rule = "media"             // part kinds that a surface or model does not take
	RuleMediaType       Rule = "media_type"        // files are of a type that Google documents
	RuleFunctions       Rule = "functions"         // declarations: unique, at most 512, well named
	RuleFunctionMode    Rule = "function_mode"     // toolConfig fits the declarations
	RuleBuiltIn         Rule = "built_in"          // built-in tools beside functions
	RuleBuiltInMode     Rule = "built_in_mode"     // and then mode VALIDATED is the documented one
	RuleSchema          Rule = "schema"            // Schema messages make sense
	RuleSchemaKeyword   Rule = "schema_keyword"    // *JsonSchema holds documented or recorded keywords only; the real API is laxer
	RuleSchemaRef       Rule = "schema_ref"        // $ref stands alone and resolves
	RuleThinking        Rule = "thinking"          // level and budget fit the model
	RuleThinkingBudget  Rule = "thinking_budget"   // a budget on a model with levels
	RuleSampling        Rule = "sampling"          // ranges of temperature and the like
	RuleFixedSampling   Rule = "fixed_sampling"    // sampling parameters that the model ignores
	RulePenalty         Rule = "penalty"           // presence and frequency penalties, gone since 2.5
	RuleCandidates      Rule = "candidates"        // candidateCount, one on 3.x
	RuleLimits          Rule = "limits"            // output limit, stop sequences, labels
	RuleFormat          Rule = "format"            // response type and schema
	RuleOutput          Rule = "output"            // kinds of answer, and what images are like
	RuleCache           Rule = "cache"             // cachedContent carries system, tools and toolConfig itself
	RuleSafety          Rule = "safety"            // one setting a category; not with Model Armor
	RuleBodyModel       Rule = "body_model"        // a model in the body is the path's
	RuleSignature       Rule = "signature"         // thought signatures: there, and genuine
)

// markedByDefault are accepted by the real API today, but a proxy should not
// send them.
var markedByDefault = []Rule{RuleFixedSampling, RuleThinkingBudget, RuleBuiltInMode, RuleOldMixedAnswers}

// fault is one broken rule.
type fault struct {
	rule Rule
	err  apiError
}

// validator checks one request.
type validator struct {
	opts   *Options
	signer *signer
	target target
	cap    capability
	body   *node // GenerateContentRequest
	faults []fault
	// lost says that the model cannot tell which answer belongs to which call:
	// Vertex AI does not refuse that, Gemini 3 answers it with nothing.
	lost bool
}

// verdict examines a well-formed request: the first fault that is not
// tolerated, and a mark for each that is.
func (j *validator) verdict() (*apiError, []string) {
	j.contents()
	j.pairing()
	j.tools()
	j.toolConfig()
	j.generation()
	j.outputs()
	j.whole()
	j.signatures()
	var marks []string
	var first *apiError
	if j.lost {
		marks = append(marks, "lost: calls and answers do not match by id")
	}
	for _, f := range j.faults {
		switch {
		case j.tolerates(f.rule):
			marks = append(marks, string(f.rule)+": "+f.err.Message)
		case first == nil:
			first = &f.err
		}
	}
	return first, marks
}

func (j *validator) tolerates(r Rule) bool {
	if slices.Contains(j.opts.Refuse, r) {
		return false
	}
	return slices.Contains(j.opts.Tolerate, r) || slices.Contains(markedByDefault, r)
}

// fault notes a broken rule.
func (j *validator) fault(r Rule, format string, args ...any) {
	j.faults = append(j.faults, fault{r, newError(400, fmt.Sprintf(format, args...))})
}

// field notes a broken rule the way AI Studio lists field faults.
func (j *validator) field(r Rule, path, format string, args ...any) {
	j.fault(r, "* GenerateContentRequest.%s: %s\n", path, fmt.Sprintf(format, args...))
}

// config is a member of generationConfig; nil when absent.
func (j *validator) config(name string) *node { return j.body.get("generationConfig").get(name) }

// whole checks what concerns the request as one.
func (j *validator) whole() {
	if m := j.body.get("model"); m != nil && m.str() != j.target.model && !strings.HasSuffix(m.str(), "models/"+j.target.model) {
		j.fault(RuleBodyModel, "The model %q in the request does not match the model %q in the URL.", m.str(), j.target.model)
	}
	if j.body.get("cachedContent") != nil &&
		(j.body.get("systemInstruction") != nil || j.body.get("tools") != nil || j.body.get("toolConfig") != nil) {
		j.fault(RuleCache, "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request.")
	}
	other := "projects/"
	if j.target.vertex {
		other = "cachedContents/"
	}
	if name := j.body.get("cachedContent").str(); strings.HasPrefix(name, other) {
		j.fault(RuleCache, "Invalid cached content name: %s", clip(name))
	}
	j.safety()
	j.labels()
}

func (j *validator) safety() {
	seen := map[string]bool{}
	settings := j.body.get("safetySettings").list()
	for i, s := range settings {
		category := s.get("category").str()
		if seen[category] {
			j.field(RuleSafety, fmt.Sprintf("safety_settings[%d]", i), "element predicate failed: there should be at most one safety setting per category")
		}
		seen[category] = true
	}
	if len(settings) > 0 && j.body.get("modelArmorConfig") != nil {
		j.fault(RuleSafety, "safety_settings and model_armor_config are mutually exclusive.")
	}
}

// labels follows Google Cloud's rules for labels.
func (j *validator) labels() {
	labels := j.body.get("labels")
	if labels == nil {
		return
	}
	if len(labels.members) > 64 {
		j.fault(RuleLimits, "Too many labels: %d. At most 64 are allowed.", len(labels.members))
	}
	for _, m := range labels.members {
		if !labelText(m.name) || m.name == "" || m.name[0] < 'a' || m.name[0] > 'z' || !labelText(m.value.str()) {
			j.fault(RuleLimits, "Invalid label %q: %q. Keys and values hold at most 63 characters of [a-z0-9_-]; keys start with a letter.", m.name, m.value.str())
		}
	}
}

func labelText(s string) bool {
	if len(s) > 63 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
