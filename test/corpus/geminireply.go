package main

import (
	"bytes"
	"fmt"
	"strings"
)

// foldGemini reads a reply of the upstream, whole or streamed, its own way:
// line by line, every document in full.
func foldGemini(body []byte) (*answer, error) {
	docs, err := geminiDocuments(body)
	if err != nil {
		return nil, err
	}
	f := &geminiFold{}
	for _, d := range docs {
		f.document(d)
	}
	return f.end(), nil
}

// geminiDocuments are the responses of a reply: the events of a stream, the
// elements of an array, or one.
func geminiDocuments(body []byte) ([]value, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if v, err := parse(body); err == nil {
		if e := v.elements(); e != nil {
			return e, nil
		}
		return []value{v}, nil
	}
	var out []value
	add := func(data string) error {
		if strings.TrimSpace(data) == "" {
			return nil
		}
		v, err := parse([]byte(data))
		if err == nil {
			out = append(out, v)
		}
		return err
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(body))
	for event := range strings.SplitSeq(text, "\n\n") {
		var data, stray []string
		for line := range strings.SplitSeq(event, "\n") {
			if rest, ok := strings.CutPrefix(line, "data:"); ok {
				data = append(data, rest)
			} else if !strings.HasPrefix(line, ":") {
				stray = append(stray, line)
			}
		}
		if err := add(strings.Join(data, "\n")); err != nil {
			return out, fmt.Errorf("event %s: %w", short(event), err)
		}
		if err := add(strings.Join(stray, "\n")); err != nil {
			return out, fmt.Errorf("between events, %s: %w", short(event), err)
		}
	}
	return out, nil
}

type geminiFold struct {
	answer answer
	word   string // the latest finish reason
	block  string
	last   value
}

func (f *geminiFold) document(d value) {
	if e := d.get("error"); e.there() {
		f.answer.failed = e.get("message").str() + "!"
		return
	}
	if inner := d.get("response"); inner.there() && !d.get("candidates").there() {
		d = inner // how some of Google's own clients get it
	}
	if b := d.get("promptFeedback", "blockReason"); b.there() {
		f.block = b.canonical()
	}
	if u := d.get("usageMetadata"); u.get("promptTokenCount").there() || u.get("candidatesTokenCount").there() {
		f.last = u
	}
	for _, c := range d.get("candidates").elements() {
		if c.get("index").count() != 0 {
			continue
		}
		for _, p := range c.get("content", "parts").list() {
			f.part(p)
		}
		if r := c.get("finishReason"); r.there() {
			f.word = strings.Trim(r.canonical(), `"`)
		}
	}
}

func (f *geminiFold) part(p value) {
	a := &f.answer
	switch {
	case p.get("functionCall").there():
		f.call(p.get("functionCall"))
	case p.get("inlineData").there():
		a.files = append(a.files, geminiMedia(p))
	case p.get("executableCode").there():
		a.ran = append(a.ran, p.get("executableCode", "code").str())
	case p.get("codeExecutionResult").there():
		a.ran = append(a.ran, p.get("codeExecutionResult", "output").str())
	case p.get("toolCall").there(), p.get("toolResponse").there(), p.get("functionResponse").there():
		a.ran = append(a.ran, "")
	case p.get("thought").isTrue():
		a.thoughts += p.get("text").str()
	case p.get("text").str() != "":
		a.texts = append(a.texts, p.get("text").str())
	}
}

// call adds a call. One without a name continues the call before it.
func (f *geminiFold) call(c value) {
	calls := &f.answer.calls
	if name := c.get("name").str(); name != "" {
		*calls = append(*calls, reply{name: name, args: arguments(c.get("args"))})
	}
	if n := len(*calls); n > 0 && (c.get("partialArgs").there() || c.get("willContinue").there()) {
		(*calls)[n-1].loose = true
	}
}

// finishes are the finish reasons; any other is a fault.
var finishes = map[string]finish{
	"STOP": stopped, "MAX_TOKENS": length, "TOO_MANY_TOOL_CALLS": pausing,
	"SAFETY": refusing, "BLOCKLIST": refusing, "PROHIBITED_CONTENT": refusing, "SPII": refusing, "MODEL_ARMOR": refusing,
	"IMAGE_SAFETY": refusing, "IMAGE_PROHIBITED_CONTENT": refusing, "RECITATION": refusing, "IMAGE_RECITATION": refusing, "LANGUAGE": refusing,
	"MALFORMED_FUNCTION_CALL": malformed, "UNEXPECTED_TOOL_CALL": malformed, "MISSING_THOUGHT_SIGNATURE": malformed,
	// Sent as numbers by the API on request.
	"1": stopped, "2": length, "3": refusing, "4": refusing,
}

func (f *geminiFold) end() *answer {
	a := &f.answer
	switch known, ok := finishes[f.word]; {
	case f.block != "" || ok && known == refusing:
		a.finish = refusing
	case f.word == "":
	case !ok:
		a.finish = strange
	default:
		a.finish = known
	}
	if a.finish == stopped && len(a.calls) > 0 {
		a.finish = called
	}
	a.usage, a.guessed = geminiUsage(f.last), !f.last.there()
	return a
}

// geminiUsage resolves the upstream's counters.
func geminiUsage(u value) usage {
	prompt, tools := u.get("promptTokenCount").count(), u.get("toolUsePromptTokenCount").count()
	out, thoughts, total := u.get("candidatesTokenCount").count(), u.get("thoughtsTokenCount").count(), u.get("totalTokenCount").count()
	switch {
	case !u.get("candidatesTokenCount").there():
		out = max(0, total-prompt-tools-thoughts)
	case thoughts > 0 && prompt+tools+out == total:
		out -= thoughts // they were counted in
	}
	return usage{prompt + tools, u.get("cachedContentTokenCount").count(), out + thoughts, thoughts}
}
