package fakegemini

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// generation checks generationConfig against the model.
func (j *validator) generation() {
	j.thinking()
	j.sampling()
	j.limits()
	j.format()
}

func (j *validator) thinking() {
	config := j.config("thinkingConfig")
	level, amount := config.get("thinkingLevel"), config.get("thinkingBudget")
	if level != nil && amount != nil {
		j.fault(RuleThinking, "You can only set only one of thinking budget and thinking level.")
	}
	if config != nil && j.cap.budget == nil && j.cap.levels == nil {
		j.fault(RuleThinking, "Thinking is not enabled for models/%s", j.target.model)
		return
	}
	if name := strings.ToUpper(level.str()); level != nil && name != "THINKING_LEVEL_UNSPECIFIED" && !slices.Contains(j.cap.levels, name) {
		if j.cap.levels == nil {
			j.fault(RuleThinking, "Thinking level is not supported for this model.")
		} else {
			j.fault(RuleThinking, "Thinking level %s is not supported for this model. Please retry with other thinking level.", name)
		}
	}
	if amount != nil {
		j.thinkingBudget(amount)
	}
}

func (j *validator) thinkingBudget(amount *node) {
	v, _ := strconv.ParseFloat(amount.text, 64) // the field table said int32
	b := j.cap.budget
	switch n := int64(v); {
	case n == -1 || n == 0 && b.zero || n >= b.min && n <= b.max:
	case n == 0:
		j.fault(RuleThinking, "Budget 0 is invalid. This model only works in thinking mode.")
	default:
		j.fault(RuleThinking, "The thinking budget %d is invalid. Please choose a value between %d and %d.", n, b.min, b.max)
	}
	if j.cap.levels != nil {
		j.fault(RuleThinkingBudget, "thinking_budget on a model with thinking levels.")
	}
}

// number reads a generationConfig number.
func (j *validator) number(name string) (float64, bool) {
	n := j.config(name)
	if n == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.text, 64)
	return v, err == nil
}

// within checks a range, with Vertex AI's error text.
func (j *validator) within(rule Rule, name string, low, high float64, highText string) {
	v, ok := j.number(name)
	if !ok || v >= low && v <= high {
		return
	}
	article := "a"
	if strings.ContainsRune("aeiou", rune(name[0])) {
		article = "an"
	}
	j.fault(rule, "Unable to submit request because it has %s %s value of %s but the supported range is from %s (inclusive) to %s (exclusive). Update the value and try again.",
		article, name, number(v), number(low), highText)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (j *validator) sampling() {
	j.within(RuleSampling, "temperature", 0, 2, "2.0001")
	j.within(RuleSampling, "topP", 0, 1, "1.0001")
	j.within(RuleSampling, "topK", 1, 1000, "1001")
	j.within(RuleSampling, "presencePenalty", -2, 2, "2")
	j.within(RuleSampling, "frequencyPenalty", -2, 2, "2")
	for _, name := range []string{"temperature", "topP", "topK"} {
		if j.cap.fixed && j.config(name) != nil {
			j.fault(RuleFixedSampling, "%s has no effect on models/%s.", snake(name), j.target.model)
		}
	}
	if j.cap.generation >= 25 && (j.config("presencePenalty") != nil || j.config("frequencyPenalty") != nil) {
		j.fault(RulePenalty, "Penalty is not enabled for models/%s", j.target.model)
	}
	if n, ok := j.number("logprobs"); ok && (!j.config("responseLogprobs").isTrue() || n < 0 || n > 20) {
		j.fault(RuleSampling, "logprobs must lie between 0 and 20 and needs response_logprobs.")
	}
	if j.opts.RefuseLogprobs && j.config("responseLogprobs").isTrue() {
		j.fault(RuleSampling, "Logprobs is not enabled for models/%s", j.target.model)
	}
}

func (j *validator) limits() {
	maxInput, maxOutput := j.opts.limitsOf(j.target.model)
	j.within(RuleLimits, "maxOutputTokens", 1, float64(maxOutput), strconv.Itoa(maxOutput+1))
	if v, ok := j.number("candidateCount"); ok && v != 1 {
		if j.cap.generation >= 30 && v > 1 {
			j.fault(RuleCandidates, "Multiple candidates is not enabled for models/%s", j.target.model)
		}
		j.within(RuleCandidates, "candidateCount", 1, 8, "9")
	}
	stops := j.config("stopSequences").list()
	if len(stops) > 5 {
		j.field(RuleLimits, "generation_config.stop_sequences", "at most 5 stop sequences may be specified, not %d.", len(stops))
	}
	for i, s := range stops {
		if s.str() == "" {
			j.field(RuleLimits, fmt.Sprintf("generation_config.stop_sequences[%d]", i), "must not be empty.")
		}
	}
	if n := estimateTokens(j.body); n > maxInput {
		j.fault(RuleLimits, "The input token count (%d) exceeds the maximum number of tokens allowed (%d).", n, maxInput)
	}
}

var mimeTypes = []string{"text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum"}

// responseSchema returns the schema of the answer, whatever field holds it.
func (j *validator) responseSchema() (schema *node, proto bool) {
	if s := j.config("responseSchema"); s != nil {
		return s, true
	}
	for _, name := range []string{"responseJsonSchema", "_responseJsonSchema"} {
		if s := j.config(name); s != nil {
			return s, false
		}
	}
	return j.config("responseFormat").get("text").get("schema"), false
}

// wantsJSON reports JSON mode.
func (j *validator) wantsJSON() bool {
	text := j.config("responseFormat").get("text")
	return j.config("responseMimeType").str() == "application/json" || strings.EqualFold(text.get("mimeType").str(), "APPLICATION_JSON")
}

func (j *validator) format() {
	mime := j.config("responseMimeType").str()
	if mime != "" && !slices.Contains(mimeTypes, mime) {
		j.field(RuleFormat, "generation_config.response_mime_type", "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.")
	}
	set := 0
	for _, name := range []string{"responseSchema", "responseJsonSchema", "_responseJsonSchema"} {
		if j.config(name) != nil {
			set++
		}
	}
	if set > 1 {
		j.fault(RuleFormat, "Only one of response_schema and response_json_schema may be set.")
	}
	schema, proto := j.responseSchema()
	if schema != nil && !j.wantsJSON() && mime != "text/x.enum" {
		j.field(RuleFormat, "generation_config.response_mime_type", "a response schema requires response_mime_type application/json or text/x.enum.")
	}
	switch {
	case schema == nil:
	case proto:
		j.protoSchema(schema, "generation_config.response_schema", false)
	default:
		j.jsonSchema(schema, "generation_config.response_json_schema")
	}
	if j.wantsJSON() && j.cap.generation < 30 && len(j.declared()) > 0 {
		j.fault(RuleFormat, "Function calling with a response mime type: 'application/json' is unsupported")
	}
}
