package conversation

import "slices"

// Request is what a client asked for.
type Request struct {
	// Model is the name the client used; replies echo it.
	Model  string
	Stream bool

	// System is the leading system text, one part per block.
	System   []Part
	Messages []Message
	Tools    []Tool
	Choice   Choice
	// OneCall asks for at most one tool call in the answer.
	OneCall bool

	Thinking Thinking
	Limits   Limits
	// Format asks for structured output; nil for free text.
	Format *Format

	// Embedding asks for vectors in place of an answer; nil for an answer.
	Embedding *Embedding

	// Session is the key that ties requests of one conversation together;
	// "" if the client gave none.
	Session string

	// Output says what kinds of answer are wanted beside text.
	Output Output
	// Upstream holds settings that a client gave in Gemini's own form.
	Upstream Upstream

	// Own is what a dialect passes to its own encoder; no other code reads it. It
	// does not refer to the body: it lives as long as the reply.
	Own any

	// FieldNames are the dialect's, for errors and warnings.
	FieldNames *FieldNames

	// Warnings says what was changed or left out, OmittedWarnings how many further
	// warnings were dropped.
	Warnings        []Warning
	OmittedWarnings int

	callIDs []string // instead of Messages, of a request without content
}

// WithoutContent returns what the reply to a request depends on. It does not
// refer to the client's body, which can be freed once the request was rendered,
// since replies take minutes.
func (r *Request) WithoutContent() *Request {
	return &Request{
		Model: r.Model, Stream: r.Stream, OneCall: r.OneCall, Thinking: r.Thinking,
		Own: r.Own, FieldNames: r.FieldNames, Warnings: r.Warnings, OmittedWarnings: r.OmittedWarnings, Embedding: r.Embedding.withoutInputs(),
		Limits:  Limits{Candidates: r.Limits.Candidates},
		callIDs: r.CallIDs(),
	}
}

// CallIDs are the ids of the calls in the history.
func (r *Request) CallIDs() []string {
	if r.callIDs != nil {
		return r.callIDs
	}
	var ids []string
	for i := range r.Messages {
		for j := range r.Messages[i].Parts {
			if p := &r.Messages[i].Parts[j]; p.Kind == KindCall {
				ids = append(ids, p.Call.ID)
			}
		}
	}
	return ids
}

// MaxWarnings bounds the warnings of a request: a body may cause millions, of
// which the client gets the first few.
const MaxWarnings = 128

// Warn notes that field (a path such as "messages[3].content[0].citations")
// was changed or left out, and why. It reaches the client as a header.
func (r *Request) Warn(field, why string) {
	w := Warning{Field: field, Why: why}
	switch n := len(r.Warnings); {
	case slices.Contains(r.Warnings, w):
	case n == MaxWarnings:
		r.OmittedWarnings++
	default:
		r.Warnings = append(r.Warnings, w)
	}
}

// Warning says that something the client asked for was changed or left out.
type Warning struct{ Field, Why string }

// Role is who speaks.
type Role uint8

// The roles of messages.
const (
	User   Role = iota
	Model       // the assistant
	System      // system text in mid-conversation
)

// Message is one turn's contribution.
type Message struct {
	Role  Role
	Parts []Part
}

// Kind says which field of a Part is meant.
type Kind uint8

// The kinds of parts. The comment names the fields in use.
const (
	KindText    Kind = iota // Text, Carrier
	KindThought             // Text, Carrier
	KindMedia               // Media
	KindCall                // Call, Carrier
	KindResult              // Result
	// KindUpstream is a part in the upstream's own form that came back from
	// the client sealed, such as a server-side tool call: Carrier; after
	// verification Upstream.
	KindUpstream
)

// Part is a piece of a message: exactly what Kind says. Nearly all parts of a
// long history are texts, so what only others have stands behind pointers,
// which are nil in parts of another kind.
type Part struct {
	Kind   Kind
	Text   Text
	Media  *Media
	Call   *Call
	Result *Result
	// Upstream is one part as the upstream sent it.
	Upstream Raw

	// Carrier is the sealed signature that came back from the client, not yet
	// verified; "" if there was none.
	Carrier string
	// Signature is the upstream's signature of this part, in the upstream's
	// own encoding, set only once a carrier was verified.
	Signature string

	// At is where the client wrote it.
	At Place
}

// Media is an image, document, audio or video: inline or by reference.
type Media struct {
	MIME string
	// Data is the base64 as the client wrote it; nil if by reference.
	Data Text
	// URI is a reference that the backend fetches.
	URI string
	// Title is the document's name, if it has one.
	Title string
	// Detail is how closely an image is looked at: "low", "high", "max", or
	// "" for the model's own choice.
	Detail string
}

// Call is a tool call of the model.
type Call struct {
	ID   string
	Name string
	// Args is the JSON value the client sent back as arguments: an object in
	// well-formed histories, but the normaliser must check.
	Args Raw
}

// Result is the outcome of a tool call.
type Result struct {
	// CallID names the call; Name names the tool where the client gave it.
	CallID string
	Name   string
	// Parts are texts and media.
	Parts []Part
	// Failed marks an error result.
	Failed bool
}

// ToolKind says who runs a tool.
type ToolKind uint8

// The kinds of tools.
const (
	Function      ToolKind = iota // the client runs it; Name, Description, Schema
	WebSearch                     // the upstream's own search; Blocked
	WebFetch                      // the upstream fetches URLs
	CodeExecution                 // the upstream runs code
	// Unavailable is a tool that was offered and that cannot be run here: Name,
	// Why. It is left out; a request that forces its call is refused.
	Unavailable
	OwnTool // a tool that the client names in the upstream's form: Field, Settings
	// ImageMaking says that the answer may be an image: Image. Image models need
	// no tool for it.
	ImageMaking
)

// Tool is what the model may call.
type Tool struct {
	Kind        ToolKind
	Name        string
	Description Text
	// Schema is the JSON Schema of the arguments; nil for none.
	Schema Raw
	// Strict asks that the arguments obey the schema exactly.
	Strict bool
	// Blocked are domains a search must leave out.
	Blocked []string
	// Image says what an image should be like; nil leaves it to the model.
	Image *Image
	// Why says why a tool is unavailable.
	Why string
	// Field is the member of the upstream's tool, such as googleMaps, and
	// Settings the object that it holds, with the upstream's names; nil for an
	// empty one.
	Field    string
	Settings Raw
	// Around is where a search for places searches, in the upstream's form (a
	// retrievalConfig); nil if unset.
	Around Raw

	// At is where the client wrote it.
	At Place
}

// Cites reports whether an answer that used t may name where it comes from.
func (t *Tool) Cites() bool {
	switch t.Kind {
	case WebSearch, WebFetch:
		return true
	case OwnTool:
		return t.Field != "codeExecution" && t.Field != "computerUse"
	}
	return false
}

// ChoiceMode says how free the model is in calling tools.
type ChoiceMode uint8

// The choice modes.
const (
	ChoiceUnset ChoiceMode = iota
	ChoiceAuto
	ChoiceNone
	ChoiceAny   // some tool must be called
	ChoiceNamed // one of Choice.Names must be called
	ChoiceAllow // freely, but only among Choice.Names
)

// Choice restricts tool calls.
type Choice struct {
	Mode  ChoiceMode
	Names []string
}

// Intent is what the client wants of thinking.
type Intent uint8

// The thinking intents.
const (
	ThinkUnset Intent = iota
	ThinkOff
	ThinkAuto
	ThinkLevel  // Thinking.Level
	ThinkBudget // Thinking.Budget
)

// Thinking is how much the model should think, and whether the client can
// show thoughts.
type Thinking struct {
	Intent Intent
	// Level is minimal, low, medium, high, xhigh or max.
	Level string
	// Budget is in tokens.
	Budget int
	// Visible says that thought texts may be sent to the client.
	Visible bool
	// Carries says that the client's dialect has a place for signatures beside
	// thoughts: thinking blocks come back with the history even when their
	// text is hidden.
	Carries bool
}

// Limits are sampling settings and limits; nil means unset.
type Limits struct {
	MaxTokens   *int
	Temperature *float64
	TopP        *float64
	TopK        *int
	Stop        []string
	Seed        *int

	PresencePenalty  *float64
	FrequencyPenalty *float64
	// Logprobs asks for log probabilities; TopLogprobs for that many
	// alternatives.
	Logprobs    bool
	TopLogprobs *int
	// Candidates is the number of answers wanted; 0 and 1 mean one.
	Candidates int
}

// Output says what kinds of answer are wanted beside text.
type Output struct {
	// Modalities are "text", "image", "audio"; nil for text.
	Modalities []string
	// Voice is the name of a prebuilt voice for audio.
	Voice string
	// Image says what an image should be like; nil leaves it to the model.
	Image *Image
}

// Image is what a made image should be like. Zero fields are the model's choice.
type Image struct {
	// Ratio is that of width to height, such as "16:9"; Scale is the upstream's
	// name of a size, such as "2K".
	Ratio, Scale string
	// Width and Height are in pixels, from clients that do not give the two above.
	// They get the nearest size that the model makes.
	Width, Height int
	// MIME is the format.
	MIME string
	// Quality is that of a compressed image, from 0 to 100; nil if unset.
	Quality *int
}

// Upstream holds settings that a client gave in Gemini's own form, as some
// clients of other dialects can. nil means unset.
type Upstream struct {
	SafetySettings Raw
	CachedContent  string
	Labels         Raw
	// ThinkingConfig overrides Request.Thinking.
	ThinkingConfig Raw
	// ServiceTier is standard, flex or priority.
	ServiceTier string
}

// Format asks for JSON output.
type Format struct {
	// Schema is the JSON Schema; nil for any JSON.
	Schema Raw
}
