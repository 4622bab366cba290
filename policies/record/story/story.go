package story

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Sentence is one step of the story.
type Sentence struct {
	Text string `json:"text"`
	// Word is the log word for it, and Link where it is explained; "" where there
	// is none.
	Word string `json:"word,omitempty"`
	Link string `json:"link,omitempty"`
}

// Tell tells what happened to a request. Its text is not escaped: it quotes what
// clients and providers have said.
func Tell(r *record.Request) []Sentence {
	t := &teller{r: r}
	t.add(asked(r))
	most := min(max(r.Tried, len(r.Attempts)), attemptsTold)
	for n := 1; n <= most; n++ {
		if a := attempt(r, n); a != nil && r.Outcome == "local" && a.Backend == "" {
			continue // the last sentence says it
		} else if a != nil {
			t.attempt(a, attempt(r, n+1), attempt(r, n-1))
		} else if r.Tried > n || len(r.Attempts) > 0 {
			t.link(fmt.Sprintf("attempt %d: nothing is known of it: its replica died, or its record has not arrived", n), "", find)
		}
	}
	if r.Tried > most {
		t.link(fmt.Sprintf("%d more attempts are not told here", r.Tried-most), "", find)
	}
	t.firstByte()
	t.resumption(t.r.Resume)
	t.end()
	if section := changed; r.Warnings != "" {
		if strings.HasPrefix(r.Warnings, "failover:") {
			section = model
		}
		t.link("warnings for the client: "+r.Warnings, "", section)
	}
	return t.sentences
}

// attemptsTold bounds the attempts of a story: their number comes from the log or
// a stream, and nothing says that it is true.
const attemptsTold = 32

type teller struct {
	r         *record.Request
	sentences []Sentence
}

func (t *teller) add(text string) { t.sentences = append(t.sentences, Sentence{Text: text}) }

func (t *teller) link(text, word, section string) {
	t.sentences = append(t.sentences, Sentence{Text: text, Word: word, Link: Operating + "#" + section})
}

// explain adds a sentence with the log word that it is about.
func (t *teller) explain(text, word string) {
	if e, ok := reasons[word]; ok {
		t.link(text, word, e.section)
		return
	}
	t.sentences = append(t.sentences, Sentence{Text: text, Word: word})
}

// clause is the meaning of a log word, with the word itself.
func clause(word string) string {
	if e, ok := reasons[word]; ok {
		return e.words + " (" + word + ")"
	}
	return word // a word of a newer heald
}

// attempt returns the attempt with a number; nil if nothing is known of it.
func attempt(r *record.Request, number int) *record.Attempt {
	for i := range r.Attempts {
		if r.Attempts[i].Number == number {
			return &r.Attempts[i]
		}
	}
	return nil
}

// operations are what clients ask for.
var operations = map[record.Operation]string{
	record.Generate: "an answer", record.Embed: "embeddings", record.Count: "a count of tokens", record.List: "the list of models",
}

// asked says who wanted what.
func asked(r *record.Request) string {
	var b strings.Builder
	if !r.Time.IsZero() {
		b.WriteString(r.Time.UTC().Format("2006-01-02 15:04:05.000 MST: "))
	}
	b.WriteString(cmp.Or(r.Client, "a client"))
	if r.Tenant != "" && r.Tenant != "default" {
		b.WriteString(" (tenant " + r.Tenant + ")")
	}
	b.WriteString(" asked ")
	if r.Alias != "" {
		b.WriteString(r.Alias + " ")
	}
	b.WriteString("for " + cmp.Or(operations[r.Operation], "something"))
	if r.API != "" {
		b.WriteString(" through the " + r.API + " API")
	}
	if r.Stream {
		b.WriteString(", as a stream")
	}
	return b.String()
}

// attempt describes one attempt, and what came next.
func (t *teller) attempt(a, next, before *record.Attempt) {
	if a.Repairs != "" && (before == nil || before.Repairs != a.Repairs) {
		t.link(fmt.Sprintf("the body of attempt %d was changed, since the provider had refused it: %s", a.Number, a.Repairs), "", signature)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "attempt %d", a.Number)
	switch {
	case a.Account != "":
		fmt.Fprintf(&b, " at %s (%s)", a.Account, a.Backend)
	case a.Backend != "":
		b.WriteString(" at " + a.Backend)
	}
	if a.Model != "" && (before == nil && a.Model != t.r.Alias || before != nil && before.Model != a.Model) {
		b.WriteString(", " + a.Model)
	}
	b.WriteString(": ")
	times := t.times(a, before)
	if times.into > unsaid {
		b.WriteString("began " + span(times.into) + " into the request, ")
	}
	if times.prepared > unsaid {
		b.WriteString("took " + span(times.prepared) + " to arrive and be prepared, ")
	}
	if a.Waited >= record.Duration(time.Millisecond) {
		b.WriteString("waited " + span(a.Waited) + ", then ")
	}
	if a.Status != 0 {
		if a.Reason == "peek_error_event" { // the response's own status was that of a success
			b.WriteString("error ")
		}
		b.WriteString(strconv.Itoa(a.Status) + ", ")
	}
	if a.Reason == "canceled" && !a.Asked && a.Status == 0 && a.Held == 0 {
		b.WriteString("Envoy ended it before it was sent: most likely the client left (canceled)")
	} else {
		b.WriteString(cmp.Or(clause(a.Reason), "nothing is known of how it ended"))
	}
	if times.took >= record.Duration(time.Millisecond) {
		if a.Verdict == "pass" {
			b.WriteString(" after it was held for " + span(times.took))
		} else {
			b.WriteString(" after " + span(times.took))
		}
	}
	b.WriteString(t.destination(a, next))
	if a.Unsettled {
		t.link(b.String(), a.Reason, find)
	} else {
		t.explain(b.String(), a.Reason)
	}
	if a.Error != "" {
		t.add(fmt.Sprintf("the error of attempt %d: %s", a.Number, strconv.Quote(a.Error)))
	}
	if why := memories[a.Memory]; why != "" {
		t.link(fmt.Sprintf("attempt %d could not read the memory of earlier attempts: %s (%s)", a.Number, why, a.Memory), a.Memory, keys)
	}
	if a.Unreadable != "" {
		t.link(fmt.Sprintf("the reply of attempt %d could not be inflated: %s", a.Number, strconv.Quote(a.Unreadable)), "", empty)
	}
	t.resumption(a.Resume)
	if what := hedges[a.Hedged]; what != "" {
		t.link(fmt.Sprintf("attempt %d was sent twice: %s", a.Number, what), a.Hedged, slow)
	}
}

// destination says where the next attempt goes.
func (t *teller) destination(a, next *record.Attempt) string {
	if a.Verdict == "pass" || a.Verdict == "fail" {
		return ""
	}
	if next == nil {
		if t.r.Tried > a.Number {
			return " → another attempt"
		}
		return " → no other attempt came"
	}
	to := "the same account again"
	switch {
	case next.Backend == "":
		to = "another attempt"
	case next.Model != "" && a.Model != "" && next.Model != a.Model:
		to = "another model, " + next.Model
		if next.Backend != a.Backend {
			to += ", at another backend"
		}
	case next.Backend != a.Backend:
		to = "another backend"
	case next.Account != a.Account:
		to = "another account"
	case a.Account == "":
		to = "the same backend again"
	}
	if a.Verdict == "repair" {
		to += ", with a changed body"
	}
	// The next attempt says itself how long it waited after it had begun.
	if pause := pause(a, next); pause >= record.Duration(time.Millisecond) {
		to += " after " + span(pause)
	}
	if a.Unsettled {
		to += ", so it was the provider"
	}
	return " → " + to
}

// pause is the time from the end of an attempt to the beginning of the next. Where
// that is unknown, it is the wait that was planned, unless the next one tells its
// own, which is the same, or when it began; 0 if nothing is known.
func pause(a, next *record.Attempt) record.Duration {
	switch {
	case a.Duration > 0 && timed(next):
		return next.Began - a.Began - a.Duration
	case timed(next), next.Waited >= record.Duration(time.Millisecond):
		return 0
	}
	return a.Wait
}

func (t *teller) firstByte() {
	r := t.r
	if r.FirstByte <= 0 {
		return
	}
	text := "the client got its first byte after " + span(r.FirstByte)
	if r.FirstContent > 0 {
		text += ", and the first content after " + span(r.FirstContent)
	}
	t.add(text)
}

// resumption describes how the rest of an answer that broke off was fetched.
func (t *teller) resumption(m *record.Resume) {
	if m == nil {
		return
	}
	t.explain("the answer broke off: "+clause(m.Cause), m.Cause)
	var b strings.Builder
	b.WriteString(clause(m.Result))
	fmt.Fprintf(&b, ", with %s", plural(m.Requests, "request"))
	if m.Account != "" {
		fmt.Fprintf(&b, ", the last at %s (%s)", m.Account, m.Backend)
	}
	if m.Error != "" {
		b.WriteString("; its error: " + strconv.Quote(m.Error))
	}
	t.explain(b.String(), m.Result)
}

// end says how it ended for the client.
func (t *teller) end() {
	r := t.r
	after := ""
	if r.Duration >= record.Duration(time.Millisecond) {
		after = " after " + span(r.Duration)
	}
	switch r.Outcome {
	case "passed":
		text := "the answer was complete" + after
		if why := stops[r.StopReason]; why != "" {
			text += ": " + why
		}
		t.add(text + tokens(r))
	case "local":
		text := "heald answered by itself"
		if neverAsked(r) {
			text += ", without asking a provider"
		}
		t.explain(text+": "+clause(r.Reason), r.Reason)
	case "broken":
		word := cmp.Or(r.BrokenBy, r.Reason)
		t.explain("the client got a part of the answer, then the error event of its API"+after+": "+clause(word)+tokens(r), word)
	case "canceled":
		if r.FirstByte > 0 {
			t.explain("Envoy ended the answer"+after+", before it was complete: the client left, or the provider reset the connection"+tokens(r), "canceled")
			return
		}
		if last := r.Last(); last != nil && last.Unsettled {
			t.link("the request ended"+after+", before an answer began: the client left, or the provider reset the connection and no other attempt came; Envoy's access log says which", "canceled", find)
			return
		}
		t.explain("the request ended"+after+", before an answer began: most likely the client left", "canceled")
	case "failed":
		if last := r.Last(); last != nil && last.Verdict != "fail" && r.Status == 0 {
			t.link("heald asked for another attempt and none came: Envoy refused to retry, the client left, or another replica's record is missing; Envoy's access log says which", r.Reason, refusals)
			return
		}
		text := "the client got an error"
		if r.Status != 0 {
			text += ", " + strconv.Itoa(r.Status)
			if after != "" {
				text += ","
			}
		}
		text += after + ": " + clause(r.Reason)
		if neverAsked(r) {
			text += "; no provider was asked"
		}
		t.explain(text, r.Reason)
	default:
		t.explain("it ended as "+cmp.Or(r.Outcome, "nobody knows")+after, r.Reason)
	}
}

// neverAsked reports a request that never went to a provider. Records of versions
// before that flag do not have it: there the provider's replies and the usage
// show it.
func neverAsked(r *record.Request) bool {
	return !r.Asked && r.Usage == nil && !slices.ContainsFunc(r.Attempts, func(a record.Attempt) bool {
		return a.Asked || a.Status != 0 || a.Headers > 0
	})
}

// tokens says what was used.
func tokens(r *record.Request) string {
	u := r.Usage
	if u == nil {
		return ""
	}
	text := fmt.Sprintf("; %s in", plural(int(u.Input), "token"))
	if u.Cached > 0 {
		text += fmt.Sprintf(" (%d of them cached)", u.Cached)
	}
	text += fmt.Sprintf(", %d out", u.Output)
	if u.Thinking > 0 {
		text += fmt.Sprintf(" (%d of them thoughts)", u.Thinking)
	}
	if r.Estimated {
		text += ", in part estimated"
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// span is a duration as people say it.
func span(of record.Duration) string {
	switch d := time.Duration(of); {
	case d < 100*time.Millisecond:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < 2*time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 0, 64) + " s"
	default:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
}
