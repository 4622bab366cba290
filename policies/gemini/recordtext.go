package gemini

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// omitted stands for what was left out of a provider's message, until the record
// is written: that has ASCII alone.
const (
	omitted = "…"
	dots    = "..."
)

// RecordText is what may be kept and logged of an error: the provider's own
// words, followed by the status, the reason, the quotas and the fields that the
// error names apart from its words. See [WordsForRecords].
func (st *Status) RecordText() string {
	words, names := WordsForRecords(st.Message), st.names()
	if len(names) == 0 {
		return words
	}
	return words + " (" + strings.Join(names, "; ") + ")"
}

// mostNames bounds how many quotas, and how many fields, a record names.
const mostNames = 5

// names are what the error names apart from its words, as far as these are names
// by their form, and so no text of a client.
func (st *Status) names() []string {
	var out []string
	add := func(what, name string, form *regexp.Regexp) {
		if form.MatchString(name) {
			out = append(out, what+name)
		}
	}
	add("", st.Status, codeForm)
	add("reason ", st.Reason, codeForm)
	for _, key := range []string{"service", "permission"} {
		add(key+" ", st.Metadata[key], nameForm)
	}
	for _, q := range st.Quotas[:min(len(st.Quotas), mostNames)] {
		name := q.ID
		if name == "" {
			name = q.Metric
		}
		if nameForm.MatchString(q.Value) {
			name += ", limit " + q.Value
		}
		add("quota ", name, quotaForm)
	}
	for _, v := range st.Violations[:min(len(st.Violations), mostNames)] {
		if withoutClientText(v.Field, omitted) == v.Field { // clients name what is in schemas
			add("field ", v.Field, fieldForm)
		}
	}
	return out
}

var (
	codeForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	nameForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_./-]{0,127}$`)
	quotaForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]{0,127}(?:, limit [0-9]{1,20})?$`)
	fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]*(?:\[\d+\][A-Za-z0-9_.]*)*$`)
)

// WordsForRecords are the provider's own words in a message: what may be kept
// and logged of it, since it may quote the prompt. [WithoutClientText] leaves what
// decides about the request; a record needs less, so this goes further. It puts
// "..." in place of
//
//   - everything from the first quotation on, unless Google's words follow the
//     last one: a message that was cut ends within a quotation,
//   - paths within tools and schemas, and addresses,
//   - everything from the first colon, equals sign, dash between blanks, brace,
//     angle bracket, escape or new line on, unless Google's words follow,
//   - what stands in parentheses, except for numbers and names of types.
//
// What a provider quotes without any such sign cannot be told from its own words.
func WordsForRecords(message string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(ownWords(message), omitted, dots), "")
}

func ownWords(message string) string {
	words := message[:min(len(message), mostWords)]
	if at := openingQuote(words); at >= 0 {
		words = words[:at] + omitted + afterQuotation(words[at:])
	}
	words = strings.TrimSpace(withoutParentheses(withoutClientText(words, omitted)))
	for from := 0; ; {
		at := valueFollows.FindStringIndex(words[from:])
		if at == nil {
			return words
		}
		start := from + at[0]
		known := googlesWords.FindString(words[start:])
		if known == "" {
			next := words[start+1:]
			if strings.IndexByte(" \t\r\n", words[start]) < 0 && next != "" && next[0] != ' ' {
				// The sign is within a word, which may be half a credential.
				start = strings.LastIndexByte(words[:start], ' ') + 1
			}
			return strings.TrimLeft(strings.TrimRight(words[:start], " "+omitted)+" "+omitted, " ")
		}
		from = start + len(known)
	}
}

// withoutParentheses puts omitted in place of what stands in parentheses, with
// those within them, or up to the end if nothing closes them.
func withoutParentheses(text string) string {
	var out strings.Builder
	for {
		open := strings.IndexByte(text, '(')
		if open < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:open])
		end, depth := open, 0
		for ; end < len(text); end++ {
			if text[end] == '(' {
				depth++
			} else if text[end] == ')' {
				if depth--; depth == 0 {
					end++
					break
				}
			}
		}
		if group := text[open:end]; harmless.MatchString(group) {
			out.WriteString(group)
		} else {
			out.WriteString(omitted)
		}
		text = text[end:]
	}
}

// afterQuotation is what Google says after the last quotation of a text; "" if
// that may be a client's text.
func afterQuotation(text string) string {
	end := closingQuote(text)
	if end < 0 {
		return ""
	}
	_, size := utf8.DecodeRuneInString(text[end:])
	return googlesWords.FindString(text[end+size:])
}

var (
	// valueFollows matches what may stand between the provider's words and a
	// value of the request.
	valueFollows = regexp.MustCompile(`[:=|{}<>&\\\r\n\x60]|%[0-9A-Fa-f]{2}|\s[-–—]+\s`)
	// googlesWords are those that Google writes after a field or a name.
	googlesWords = regexp.MustCompile(`^(?:: (?:Cannot find field|(?:contents )?(?:must be specified|must not be empty)|should be non-empty)` +
		`| (?:was|is) not found| is not supported| has been suspended)\b\.?`)

	harmless = regexp.MustCompile(`^\((?:\d+|TYPE_[A-Z0-9_]+|[A-Z]+(?:_[A-Z]+)+|e\.g\. check quota|or permission denied)\)$`)
)
