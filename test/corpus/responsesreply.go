package main

import (
	"errors"
	"fmt"
	"strings"
)

func sampleResponses(stream bool) (path, body string) {
	return "/v1/responses", fmt.Sprintf(`{"model":"m","stream":%t,"reasoning":{"summary":"auto"},"input":"hi"}`, stream)
}

// streamResponses holds a stream to the form of OpenAI's own: numbered events
// without gaps, one item open at a time, everything that was added is done,
// one event at the end that has it all again.
func streamResponses(body []byte) (*answer, error) {
	list, err := events(body)
	if err != nil {
		return nil, err
	}
	f := &responsesFold{pieces: map[string]*strings.Builder{}}
	for n, e := range list {
		v, err := parse([]byte(e.data))
		if err != nil {
			return nil, err
		}
		if v.get("type").str() != e.name || f.end.there() || !v.get("sequence_number").there() || v.get("sequence_number").count() != n {
			return nil, fmt.Errorf("event %d, %s: its type, its number or its place is wrong", n, e.name)
		}
		if n < 2 && e.name != []string{"response.created", "response.in_progress"}[n] {
			return nil, fmt.Errorf("event %d is %s", n, e.name)
		}
		if err := f.event(e.name, v); err != nil {
			return nil, fmt.Errorf("event %d, %s: %w", n, e.name, err)
		}
	}
	if !f.end.there() {
		return nil, errors.New("the stream has no end")
	}
	return f.whole()
}

type responsesFold struct {
	items  []value // done
	open   value   // the item that is open
	part   bool    // a part of it is
	pieces map[string]*strings.Builder
	end    value  // the response of the last event
	spoken answer // what the pieces of texts and thoughts make
}

func (f *responsesFold) event(name string, v value) error {
	switch name {
	case "response.created", "response.in_progress":
		if v.get("response", "id").str() == "" {
			return errors.New("no id")
		}
	case "response.output_item.added":
		if f.open.there() || v.get("output_index").count() != len(f.items) {
			return errors.New("another item is open, or the index is wrong")
		}
		f.open, f.pieces = v.get("item"), map[string]*strings.Builder{}
	case "response.output_item.done":
		if !f.open.there() || f.part || f.open.get("id").str() != v.get("item", "id").str() {
			return errors.New("it was not open, or a part of it still is")
		}
		f.items, f.open = append(f.items, v.get("item")), value{}
	case "response.content_part.added", "response.reasoning_summary_part.added":
		if !f.open.there() || f.part {
			return errors.New("no item is open, or a part is")
		}
		f.part = true
	case "response.content_part.done", "response.reasoning_summary_part.done":
		if !f.part {
			return errors.New("no part is open")
		}
		f.part = false
	case "response.completed", "response.incomplete", "response.failed":
		failed := name == "response.failed"
		if f.end = v.get("response"); f.open.there() && !failed || "response."+f.end.get("status").str() != name {
			return errors.New("an item is open, or the status is another")
		}
	case "keepalive", "error":
	default:
		return f.piece(name, v)
	}
	return nil
}

// piece joins deltas, and compares them with what done repeats.
func (f *responsesFold) piece(name string, v value) error {
	if !f.open.there() || v.get("item_id").str() != f.open.get("id").str() {
		return errors.New("its item is not open")
	}
	if kindOf, ok := strings.CutSuffix(name, ".delta"); ok {
		if f.pieces[kindOf] == nil {
			f.pieces[kindOf] = &strings.Builder{}
		}
		f.pieces[kindOf].WriteString(v.get("delta").str())
		switch kindOf {
		case "response.output_text":
			f.spoken.texts = append(f.spoken.texts, v.get("delta").str())
		case "response.reasoning_summary_text":
			f.spoken.thoughts += v.get("delta").str()
		}
		return nil
	}
	kindOf, ok := strings.CutSuffix(name, ".done")
	if !ok {
		return nil // web_search_call.searching and the like
	}
	for _, member := range []string{"text", "arguments", "input", "code", "refusal"} {
		if whole := v.get(member); whole.there() && f.pieces[kindOf] != nil {
			if joined := f.pieces[kindOf].String(); joined != whole.str() {
				return fmt.Errorf("its pieces make %s, done says %s", short(joined), short(whole.str()))
			}
			delete(f.pieces, kindOf)
		}
	}
	return nil
}

// whole compares the items as they were done with those of the last event.
func (f *responsesFold) whole() (*answer, error) {
	last := f.end.get("output").elements()
	if len(last) < len(f.items) {
		return nil, fmt.Errorf("%d items were done, the end has %d", len(f.items), len(last))
	}
	for i, it := range f.items {
		if it.canonical() != last[i].canonical() {
			return nil, fmt.Errorf("item %d was %s, the end has %s", i, short(it.canonical()), short(last[i].canonical()))
		}
	}
	a, err := responsesAnswer(f.end)
	if a != nil && a.failed != "" { // the end of a failed response need not repeat its output
		a.texts, a.thoughts = f.spoken.texts, f.spoken.thoughts
	}
	return a, err
}

// documentResponses reads a reply of one document.
func documentResponses(body []byte) (*answer, error) {
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	return responsesAnswer(v)
}

func responsesAnswer(v value) (*answer, error) {
	if v.get("object").str() != "response" || v.get("id").str() == "" {
		return nil, errors.New("no response")
	}
	a := &answer{}
	for _, i := range v.get("output").elements() {
		switch kindOf := i.get("type").str(); kindOf {
		case "message":
			for _, p := range i.get("content").elements() {
				if p.get("type").str() == "output_text" {
					a.texts = append(a.texts, p.get("text").str())
				}
			}
		case "reasoning":
			for _, p := range i.get("summary").elements() {
				a.thoughts += p.get("text").str()
			}
		case "function_call":
			a.calls = append(a.calls, reply{id: i.get("call_id").str(), name: i.get("name").str(), args: i.get("arguments").str()})
		case "image_generation_call":
			a.files = append(a.files, newMedia("", i.get("result").str()))
		case "":
			return nil, errors.New("an item without type")
		default:
			a.ran = append(a.ran, kindOf)
		}
	}
	u := v.get("usage")
	a.usage = usage{
		u.get("input_tokens").count(), u.get("input_tokens_details", "cached_tokens").count(),
		u.get("output_tokens").count(), u.get("output_tokens_details", "reasoning_tokens").count(),
	}
	return a, errors.Join(a.responsesEnd(v), a.parseArgs())
}

func (a *answer) responsesEnd(v value) error {
	switch status := v.get("status").str(); status {
	case "completed":
		a.finish = stopped
		if len(a.calls) > 0 {
			a.finish = called
		}
	case "incomplete":
		reasons := map[string]finish{"max_output_tokens": length, "content_filter": refusing}
		a.finish = reasons[v.get("incomplete_details", "reason").str()]
	case "failed":
		if a.failed = v.get("error", "message").str(); a.failed == "" {
			return errors.New("failed without a message")
		}
		if v.get("error", "code").str() == "invalid_prompt" {
			a.finish, a.failed = refusing, ""
		}
	default:
		return fmt.Errorf("status %q", status)
	}
	return nil
}
