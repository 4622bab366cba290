package heal

import (
	"regexp"
	"strings"
)

// Repairs is a set of changes to the request body. Each is made at most once
// per client request; the set travels in the memory, so that the latch holds
// whichever replica takes the next attempt.
type Repairs uint16

// The repairs.
const (
	// StripSignatures removes every thought signature and puts the documented
	// placeholder on the first call of each model turn.
	StripSignatures Repairs = 1 << iota
	// NoPlaceholder leaves even the placeholder out: the error said that it
	// was refused.
	NoPlaceholder
	// Prompt tells the model that earlier reasoning was removed.
	Prompt
	// OmitIDs removes the ids of calls and results.
	OmitIDs
	// RelaxSchema simplifies schemas that upstream finds too complex.
	RelaxSchema
	// OmitPenalties removes presence and frequency penalties.
	OmitPenalties
	// OmitLogprobs removes the wish for log probabilities.
	OmitLogprobs
	// RaiseThinking moves to the next supported thinking level.
	RaiseThinking
	// NoTrailingModel turns a trailing model message into a user message.
	NoTrailingModel
)

const signatureRepairs = StripSignatures | NoPlaceholder | Prompt

// Has reports whether any of the repairs in x was made.
func (r Repairs) Has(x Repairs) bool { return r&x != 0 }

// Once returns the latch of a repair: the repairs that count as the same one.
func (r Repairs) Once() Repairs {
	if r.Has(signatureRepairs) {
		return signatureRepairs
	}
	return r
}

var repairNames = []struct {
	bit  Repairs
	name string
}{
	{StripSignatures, "strip_signatures"},
	{NoPlaceholder, "no_placeholder"},
	{Prompt, "prompt"},
	{OmitIDs, "omit_ids"},
	{RelaxSchema, "relax_schema"},
	{OmitPenalties, "omit_penalties"},
	{OmitLogprobs, "omit_logprobs"},
	{RaiseThinking, "raise_thinking"},
	{NoTrailingModel, "no_trailing_model"},
}

// String lists the repairs for logs: "strip_signatures+prompt".
func (r Repairs) String() string {
	var names []string
	for _, n := range repairNames {
		if r.Has(n.bit) {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, "+")
}

// signatureRefused matches the family of errors that refuse a thought
// signature, as Gemini, Vertex and gateways in front of them word it. The bare
// status INVALID_ARGUMENT is no member: most errors with it are the client's.
var signatureRefused = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`thought.?signature`, // missing, corrupted, invalid, expired, not valid, cannot be verified
	"invalid .?signature.? in .?thinking.? block",
	`thinking\.signature: field required`,
	"expected .?thinking.? or .?redacted_thinking.?, but found",
	`must start with a thinking block`,
	`thinking.{0,60}cannot be modified`,
}, "|"))

var (
	signatureMissing   = regexp.MustCompile(`(?i)missing|field required`)
	placeholderRefused = regexp.MustCompile(`(?i)skip_thought_signature_validator`)
)

// relaxations are the errors that go away when a field is changed or left out.
var relaxations = []struct {
	repair Repairs
	text   *regexp.Regexp
}{
	{OmitIDs, regexp.MustCompile(`(?i)unknown name "id"`)},
	{RelaxSchema, regexp.MustCompile(`(?i)too many states|nesting depth`)},
	{OmitPenalties, regexp.MustCompile(`(?i)penalty is not enabled`)},
	{OmitLogprobs, regexp.MustCompile(`(?i)logprobs is not enabled`)},
	{RaiseThinking, regexp.MustCompile(`(?i)thinking.?level.{0,80}not supported|thinking.?budget.{0,80}(invalid|out of range|only works)`)},
	{NoTrailingModel, regexp.MustCompile(`(?i)ending with a model turn|end with a model (turn|role)`)},
}

// signatureRepair is what answers a refused signature. A history that merely
// lacks one needs no word to the model; one whose reasoning was thrown away
// does.
func signatureRepair(s *Seen) Repairs {
	text := s.text()
	repair := StripSignatures
	missing := signatureMissing.MatchString(text) || text == ""
	if placeholderRefused.MatchString(text) || s.OnlyPlaceholders && !missing {
		repair |= NoPlaceholder // the same again would be refused again
	}
	if !missing {
		repair |= Prompt
	}
	return repair
}

func relaxation(s *Seen) Repairs {
	text := s.text()
	for _, r := range relaxations {
		if r.text.MatchString(text) {
			return r.repair
		}
	}
	return 0
}
