package gemini

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// HistoryCheck checks, part by part, whether upstream takes a history
// unchanged. It checks for the rules that NativeHistory enforces, except those
// that upstream does not insist on: then the client's own bytes are kept.
type HistoryCheck struct {
	// Counts says that tokens are counted: the parts are checked, but not their
	// order.
	Counts bool

	can  Capability
	ids  bool // ids are sent
	need bool // ids are required
	sign bool // calls must be signed
	draw bool // images must be signed
	lone bool // a content may be one empty text

	unfit    bool
	contents int
	model    bool   // the content before was the model's
	open     []pair // calls without their answers

	calls, answers []pair // of this content
	signed         bool   // its first call is
	other          int    // how many other parts it has
	empty          bool   // one of them says nothing
	bare           bool   // one of them is an image without a signature
}

// pair is what joins a call and its answer.
type pair struct{ id, name string }

// NewHistoryCheck makes a HistoryCheck for target.
func NewHistoryCheck(target Target, opts Options) HistoryCheck {
	table := opts.Table
	if table == nil {
		table = DefaultTable
	}
	can := table.Capabilities(target.Model)
	f := HistoryCheck{can: can, ids: target.CallIDs(can, opts.OmitIDs), sign: can.StrictSignatures && !opts.NoPlaceholder}
	f.draw = f.sign && slices.Contains(can.Outputs, "image")
	f.need = f.ids && can.CallIDs
	f.lone = target.Kind == AIStudio
	f.unfit = opts.StripSignatures // all thoughts and signatures must be removed
	return f
}

// Part checks a part. empty reports that there is nothing in it.
func (f *HistoryCheck) Part(kind conversation.Kind, id, name string, signed, empty bool) {
	switch kind {
	case conversation.KindCall:
		f.signed = f.signed || len(f.calls) == 0 && signed
		f.calls = append(f.calls, pair{id, name})
	case conversation.KindResult:
		f.answers = append(f.answers, pair{id, name})
	default:
		f.other++
		f.empty = f.empty || empty
		f.bare = f.bare || kind == conversation.KindMedia && !signed
	}
}

// Blank checks a part without data, which is refused even alone.
func (f *HistoryCheck) Blank() { f.unfit = true }

// File checks a file in a result, by its type; "" is one by its address.
func (f *HistoryCheck) File(mime string) {
	taken := f.can.MediaInResults && (mime == "" || media.InAnswers(mime))
	f.unfit = f.unfit || !taken && !f.Counts
}

// EndContent checks a content as a whole.
func (f *HistoryCheck) EndContent(model bool) {
	f.unfit = f.unfit || !f.fitContent(model)
	if model {
		f.open = append(f.open, f.calls...)
	} else {
		f.open = f.open[:0]
	}
	f.contents++
	f.model = model
	f.calls, f.answers, f.signed, f.other = f.calls[:0], f.answers[:0], false, 0
	f.empty, f.bare = false, false
}

func (f *HistoryCheck) fitContent(model bool) bool {
	parts := len(f.calls) + len(f.answers) + f.other
	switch {
	case parts == 0, f.empty && (parts > 1 || !f.lone),
		model && len(f.answers) > 0, !model && len(f.calls) > 0:
		return false
	case f.Counts:
		return true
	case model && f.draw && f.bare:
		return false
	case model:
		return f.contents > 0 && (len(f.calls) == 0 || f.signed || !f.sign)
	case len(f.answers) > 0 && f.other > 0 && f.can.LoneAnswers:
		return false
	}
	return f.paired()
}

// paired reports whether the answers of a content are those to the open calls.
func (f *HistoryCheck) paired() bool {
	if len(f.answers) != len(f.open) {
		return false
	}
	bare, inOrder := 0, true
	for i, a := range f.answers {
		inOrder = inOrder && a == f.open[i]
		if a.id == "" && f.open[i].id == "" {
			bare++
		}
	}
	switch n := len(f.answers); {
	case n == 0:
		return true
	case bare == n:
		return inOrder && !f.need
	case bare > 0 || !f.ids && !inOrder: // without ids the order alone counts
		return false
	case n == 1:
		return inOrder
	}
	names := make(map[string]string, len(f.open))
	for _, c := range f.open {
		names[c.id] = c.name
	}
	for _, a := range f.answers {
		if name, ok := names[a.id]; !ok || name != a.name || a.id == "" {
			return false
		}
		delete(names, a.id) // a call with a duplicate id is not matched
	}
	return true
}

// Fit reports whether upstream takes the history as it is.
func (f *HistoryCheck) Fit() bool {
	return !f.unfit && (f.Counts || len(f.open) == 0 && (!f.model || !f.can.NoTrailingModel))
}
