package conversation

import "slices"

// EventKind is the kind of an Event.
type EventKind uint8

// The events of an answer, in the grammar
//
//	answer = Start { Thought | Text | call | Media | Code | CodeResult |
//	         ServerCall | ServerResult | Sources } ( Finish | Failure )
//	call   = CallStart { CallArgs } CallEnd
//
// Usage may come with any of them; the last one that is known counts. Where
// several answers were asked for, their events come mixed, each with its
// Candidate: Start comes once, for all of them, Finish for each, the last one
// without More.
const (
	// EventStart opens the answer: ID, Model.
	EventStart EventKind = iota
	// EventThought is a piece of thought text.
	EventThought
	// EventText is a piece of the answer.
	EventText
	// EventCallStart opens a tool call: CallID ("" if upstream gave none), Name.
	EventCallStart
	// EventCallArgs is a piece of the call's arguments; the pieces together are
	// one JSON object.
	EventCallArgs
	// EventCallEnd completes the call.
	EventCallEnd
	// EventMedia is an image or sound the model made: Media.
	EventMedia
	// EventCode is code that the upstream runs: Name (its language, in lower
	// case), Text, Upstream, Signature.
	EventCode
	// EventCodeResult is what running it gave: Name (the upstream's outcome
	// word, such as OUTCOME_OK), Text, Upstream, Signature.
	EventCodeResult
	// EventServerCall is a tool the upstream runs itself: CallID, Name, Args,
	// Carrier (the whole part, sealed).
	EventServerCall
	// EventServerResult is its result: CallID, Name, Args, Carrier.
	EventServerResult
	// EventSources lists where an answer comes from: Sources. It comes after the
	// text, and before the finish.
	EventSources
	// EventSignature seals the part before it (a thought or text run that is
	// complete with this event); the signature of a call comes on CallStart.
	EventSignature
	// EventFinish ends the answer: Finish, Note, Stop.
	EventFinish
	// EventFailure ends the answer with an error after it had begun: Err.
	EventFailure
)

// Event is one step of an answer. Only the fields that Kind names are set.
type Event struct {
	Kind EventKind
	// Candidate is the answer that the event belongs to; 0 unless
	// Limits.Candidates asked for more than one.
	Candidate int

	ID    string // Start: the upstream's response id
	Model string // Start: the upstream's model version

	Text Text // Thought, Text

	CallID string // CallStart
	Name   string // CallStart: as the client declared it
	Args   Raw    // CallArgs: a piece of JSON text

	// Signature is the upstream's signature of the part, in the upstream's
	// encoding; Carrier is the same, sealed for the client.
	Signature string
	Carrier   string

	Media   Media
	Sources *Sources

	// Upstream is the part as the upstream sent it: ServerCall, ServerResult,
	// Code, CodeResult.
	Upstream Raw

	Finish Finish
	Note   string // Finish: the upstream's explanation
	More   bool   // Finish: another of several answers is still to be finished
	Stop   string // Finish: the stop sequence that ended the answer; "" if none or not known

	// Logprobs of the text, in the upstream's form; nil if not asked for.
	Logprobs Raw

	Usage Usage
	Err   *Error
}

// Sources are the searches and pages behind an answer.
type Sources struct {
	Queries []string
	Pages   []Page
	Cited   []Cited
}

// Page is a web page that was used.
type Page struct {
	URL, Title string
	// Recited says that no search found the page: the upstream noticed that the
	// answer repeats it.
	Recited bool
}

// Found are the pages that the upstream searched for or read.
func (s *Sources) Found() []Page {
	return slices.DeleteFunc(slices.Clone(s.Pages), func(p Page) bool { return p.Recited })
}

// Cited ties a piece of the answer's text to pages.
type Cited struct {
	// Start and End are offsets in bytes of UTF-8 in the whole answer text.
	Start, End int
	Text       string
	// Pages are indexes into Sources.Pages.
	Pages []int
}

// Finish is why an answer ended.
type Finish uint8

// The finishes. Dialects map them to the client's names.
const (
	FinishNone      Finish = iota // not finished
	FinishStop                    // the model was done, or called tools
	FinishLength                  // the token limit
	FinishWindow                  // the context window is full
	FinishRefused                 // safety, recitation and the like, in the answer
	FinishBlocked                 // the prompt was refused: there is no answer
	FinishPause                   // too many tool calls: the client should continue
	FinishMalformed               // the model's tool call could not be parsed
	FinishSignature               // the history lacks a thought signature
	FinishOther                   // anything else, also future values
)

// Usage counts tokens. The identities of upstream's own counters are already
// resolved: Output includes Thoughts, Input includes Cached and tool prompts.
type Usage struct {
	Known    bool
	Input    int // prompt, cached and tool-use prompt tokens
	Cached   int // part of Input read from a cache
	Output   int // answer and thoughts
	Thoughts int // part of Output
	// Tier is the service tier that the answer came from: standard, flex or
	// priority; "" if upstream did not say.
	Tier string
}

// Modalities are tokens by what they stand for.
type Modalities struct{ Text, Image, Audio, Video, Document int }

// Add adds other tokens.
func (m *Modalities) Add(n Modalities) {
	m.Text += n.Text
	m.Image += n.Image
	m.Audio += n.Audio
	m.Video += n.Video
	m.Document += n.Document
}

// ErrorKind classifies errors by what the client should do about them.
type ErrorKind uint8

// The kinds of errors; policies/dialect/* encodes them.
const (
	ErrInvalid      ErrorKind = iota // the request is wrong
	ErrContext                       // the prompt does not fit the window
	ErrAuth                          // the caller's key is unknown
	ErrPermission                    // the caller may not do this
	ErrRegion                        // location or billing precondition
	ErrNotFound                      // no such model
	ErrTooLarge                      // the body is over the limit
	ErrRateLimit                     // slow down
	ErrQuota                         // out of quota: do not retry soon
	ErrOverloaded                    // the upstream is overloaded
	ErrTimeout                       // the upstream took too long
	ErrAPI                           // anything else that is not the client's fault
	ErrUnsupported                   // asked for something that has no equivalent
	ErrNoResource                    // no such file or cached content
	ErrPath                          // no such path
	ErrModerated                     // what was asked for is refused by the upstream's safety system
	ErrBilling                       // the caller's money is spent, and does not come back by itself
	errorKindsCount                  // keep last
)

// ErrorKinds is the number of error kinds, for tables that must be complete.
const ErrorKinds = int(errorKindsCount)

// Error is an error on its way to a client. The dialect encodes it.
type Error struct {
	Kind ErrorKind
	// Status is the HTTP status; 0 leaves it to the dialect's table.
	Status int
	// Name is the google.rpc name of upstream's own status, which native clients
	// get; "" leaves it to the kind.
	Name string
	// Message is for the client: no keys, URLs or project numbers.
	Message string
	// Foreign says that Message has words of the provider or the model, which may
	// quote the request or the answer: it is not recorded whole.
	Foreign bool
	// Param names the field at fault; may be "".
	Param string
	// RetryAfter is in whole seconds; 0 if unknown.
	RetryAfter int
	// NoRetry tells SDKs that obey it (x-should-retry) not to try again.
	NoRetry bool
	// Rates are the rate limits that the error is about, as far as upstream
	// named them.
	Rates []Rate
	// RequestID is the id to quote in a bug report.
	RequestID string
	// Used and Limit are token counts, for ErrContext; 0 if unknown.
	Used, Limit int
}

func (e *Error) Error() string { return e.Message }
