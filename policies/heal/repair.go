package heal

import (
	"regexp"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
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
	// NoPlaceholder also leaves the placeholder out, after an error said that it
	// was refused.
	NoPlaceholder
	// Prompt tells the model that earlier reasoning was removed.
	Prompt
	// OmitIDs removes the ids of calls and results.
	OmitIDs
	// RelaxSchema simplifies schemas that upstream finds too complex, or that
	// hold themselves in a way that it refuses.
	RelaxSchema
	// OmitPenalties removes presence and frequency penalties.
	OmitPenalties
	// OmitLogprobs removes the request for log probabilities.
	OmitLogprobs
	// RaiseThinking moves to the next supported thinking level.
	RaiseThinking
	// NoTrailingModel turns a trailing model message into a user message.
	NoTrailingModel
	// OmitMedia replaces files that are broken or of a rare type by text, or if
	// there are none, all but those of the last message.
	OmitMedia
	// OmitOlderMedia replaces all files but those of the last message by text.
	OmitOlderMedia
)

const signatureRepairs = StripSignatures | NoPlaceholder | Prompt

// Has reports whether any of the repairs in x was made.
func (r Repairs) Has(x Repairs) bool { return r&x != 0 }

// Each returns the repairs one by one.
func (r Repairs) Each() (each []Repairs) {
	for bit := Repairs(1); bit != 0; bit <<= 1 {
		if r.Has(bit) {
			each = append(each, bit)
		}
	}
	return each
}

// Once returns the repairs that count as the same one, of which one is made at
// most.
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
	{OmitMedia, "omit_media"},
	{OmitOlderMedia, "omit_older_media"},
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
// signature, as Gemini, Vertex and gateways in front of them write it, with all
// quotations removed. The bare status INVALID_ARGUMENT does not match: most
// errors with it are the client's.
var signatureRefused = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`thought.?signature`, // missing, corrupted, invalid, expired, not valid, cannot be verified
	`thinking\.signature: field required`,
	`must start with a thinking block`,
	`thinking.{0,60}cannot be modified`,
}, "|"))

// signatureQuoted are those of the family that quote the name of the field.
// They are matched from the first word to the last, so that no other error
// becomes one by what it quotes.
var signatureQuoted = regexp.MustCompile(`^(?i:messages\.[\w.]+: )?(?:` + strings.Join([]string{
	"Invalid .signature. in .thinking. block\\.?",
	"Expected .thinking. or .redacted_thinking., but found .\\w*.\\.(?: When .thinking. is enabled, a final .assistant. message must start with a thinking block[^:]*)?",
	"When .thinking. is enabled, a final .assistant. message must start with a thinking block[^:]*",
	".thinking. or .redacted_thinking. blocks in the latest assistant message cannot be modified\\.[^:]*",
	"Unable to submit request because function call .[\\w.:-]*. in the \\d+\\. content block is missing a .thought_signature.\\.(?: Learn more: \\S*)?",
}, "|") + `)$`)

var (
	signatureMissing   = regexp.MustCompile(`(?i)missing|field required`)
	placeholderRefused = regexp.MustCompile(`(?i)skip_thought_signature_validator`)
)

// signatureError reports an error that refuses a thought signature.
func signatureError(s *Seen) bool {
	return signatureRefused.MatchString(s.words) || signatureQuoted.MatchString(s.text())
}

// relaxation is an error that goes away when a field is changed or left out.
type relaxation struct {
	repair Repairs
	// words matches the text without the client's quotations, whole the entire
	// text.
	words, whole *regexp.Regexp
	// field matches the field that a structured violation names.
	field *regexp.Regexp
}

var (
	// mediaRefused matches errors about a file in the conversation. They do not
	// say which, and name at most its type.
	mediaRefused = regexp.MustCompile(`(?i)` + strings.Join([]string{
		`unsupported (mime|media|file) ?type`,
		`mime_?type parameter with value`,
		`mime type must be`,
		`mime ?type is not supported`,
		`unable to process (the )?input (image|audio|video|file|document|pdf)`,
		`(provided|input) (image|audio|video|file|document) is (not valid|invalid|corrupt)`,
		`document has no pages`,
		`(failed|unable|could not) to (decode|open|load|read) (the )?(input |provided )?(image|audio|video|document|pdf)`,
	}, "|"))
	// base64Refused is matched from its beginning, since the value is quoted.
	base64Refused = regexp.MustCompile(`(?s)^(?:\* )?Invalid value at '(?:generate_content_request\.)?contents\[\d+\]\.parts\[\d+\]\.(?:function_response\.parts\[\d+\]\.)?inline_data\.data' \(TYPE_BYTES\), Base64 decoding failed for .*$`)
	mediaField    = regexp.MustCompile(`(?i)inline_?data|mime_?type|^contents`)
)

const thinkingConfig = `(?i)thinking_?(config|level|budget)`

var relaxations = []relaxation{
	{OmitIDs, nil, regexp.MustCompile(`^(?:Invalid JSON payload received\. Unknown name "id" at 'contents\[\d+\]\.parts\[\d+\]\.function_?(?:[cC]all|[rR]esponse)': Cannot find field\.\s*)+$`),
		regexp.MustCompile(`^contents\[\d+\]\.parts\[\d+\]\.function_?(?:[cC]all|[rR]esponse)$`)},
	{RelaxSchema, regexp.MustCompile(`(?i)too many states|nesting depth|\bref loops?\b`), nil, regexp.MustCompile(`(?i)schema|parameters`)},
	{OmitPenalties, regexp.MustCompile(`(?i)penalty is not enabled`), nil, regexp.MustCompile(`(?i)penalty$`)},
	{OmitLogprobs, regexp.MustCompile(`(?i)logprobs is not enabled`), nil, regexp.MustCompile(`(?i)logprobs$`)},
	{RaiseThinking, regexp.MustCompile(`(?i)thinking.?level.{0,80}not supported|thinking.?budget.{0,80}(invalid|out of range|only works)`), nil, regexp.MustCompile(thinkingConfig)},
	{OmitMedia, mediaRefused, nil, mediaField},
	{OmitMedia, nil, base64Refused, mediaField},
	{NoTrailingModel, regexp.MustCompile(`(?i)ending with a model turn|end with a model (turn|role)`), nil, regexp.MustCompile(`^contents`)},
}

// signatureRepair is the repair after a refused signature. The model is told if
// reasoning was removed from the history, and not if only a signature was
// missing.
func signatureRepair(s *Seen) Repairs {
	text := s.text()
	repair := StripSignatures
	missing := signatureMissing.MatchString(text) || text == ""
	if placeholderRefused.MatchString(text) || s.OnlyPlaceholders && !missing {
		repair |= NoPlaceholder // the unchanged request would be refused again
	}
	if !missing {
		repair |= Prompt
	}
	return repair
}

// asked reports whether a text asks for the relaxation; words is the text
// without the client's quotations.
func (r *relaxation) asked(text, words string) bool {
	if r.whole != nil {
		return r.whole.MatchString(text)
	}
	return r.words.MatchString(words)
}

// violated reports whether a violation says that the field is refused.
func (r *relaxation) violated(v gemini.FieldViolation) bool {
	return r.field.MatchString(v.Field) && r.asked(v.Description, gemini.WithoutClientText(v.Description))
}

// findRelaxation returns the relaxation that an error asks for, and whether a
// structured violation says the same.
func findRelaxation(s *Seen) (repair Repairs, structured bool) {
	for i := range relaxations {
		r := &relaxations[i]
		if r.asked(s.text(), s.words) {
			if r.repair == OmitMedia && s.Repaired.Has(OmitMedia) {
				return OmitOlderMedia, false // the broken files were not the cause
			}
			return r.repair, !s.Error.Embedded && !ofToolServer(s) && slices.ContainsFunc(s.Error.Violations, r.violated)
		}
	}
	return 0, false
}

func relaxed(s *Seen) bool {
	repair, _ := findRelaxation(s)
	return s.Status == 400 && repair != 0
}

// relax asks for the relaxation, once.
func relax(s *Seen, out *Verdict) {
	repair, structured := findRelaxation(s)
	once(func(*Seen) Repairs { return repair })(s, out)
	out.Lasting = structured && out.Repair != 0
}
