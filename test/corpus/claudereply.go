package main

import (
	"errors"
	"fmt"
	"strings"
)

func sampleClaude(stream bool) (path, body string) {
	return "/v1/messages", fmt.Sprintf(`{"model":"m","max_tokens":65536,"stream":%t,`+
		`"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"hi"}]}`, stream)
}

// streamClaude holds a stream to the grammar that every recorded one obeys:
//
//	message_start { block } message_delta message_stop
//	block = content_block_start { content_block_delta } content_block_stop
//
// with pings anywhere after the start, and an error in place of the rest.
func streamClaude(body []byte) (*answer, error) {
	list, err := events(body)
	if err != nil {
		return nil, err
	}
	f := &claudeFold{index: -1}
	for _, e := range list {
		v, err := parse([]byte(e.data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		if v.get("type").str() != e.name {
			return nil, fmt.Errorf("event %s has type %s", e.name, v.get("type").canonical())
		}
		if err := f.event(e.name, v); err != nil {
			return nil, err
		}
	}
	if !f.over {
		return nil, errors.New("the stream has no end")
	}
	return &f.answer, nil
}

type claudeFold struct {
	answer      answer
	begun, over bool
	delta       bool   // message_delta came
	open        string // type of the open block; "" for none
	index       int    // of the latest block
	args        strings.Builder
	block       value
	signed      bool // a signature came: nothing may follow it in its block
}

func (f *claudeFold) event(name string, v value) error {
	switch {
	case f.over:
		return fmt.Errorf("%s after the end", name)
	case name == "error":
		f.over, f.answer.failed = true, v.get("error", "message").str()
		if f.answer.failed == "" || v.get("error", "type").str() == "" {
			return errors.New("an error without type or message")
		}
		return nil
	case !f.begun && name != "message_start":
		return fmt.Errorf("%s before message_start", name)
	}
	switch name {
	case "message_start":
		if f.begun || v.get("message", "role").str() != "assistant" || v.get("message", "id").str() == "" {
			return errors.New("message_start is wrong or comes twice")
		}
		f.begun = true
	case "ping":
	case "content_block_start":
		return f.start(v)
	case "content_block_delta":
		return f.piece(v)
	case "content_block_stop":
		return f.stop(v)
	case "message_delta":
		if f.open != "" || f.delta {
			return errors.New("message_delta within a block, or twice")
		}
		f.delta = true
		return f.answer.claudeEnd(v.get("delta"), v.get("usage"))
	case "message_stop":
		if !f.delta {
			return errors.New("message_stop without message_delta")
		}
		f.over = true
	default:
		return fmt.Errorf("unknown event %s", name)
	}
	return nil
}

func (f *claudeFold) start(v value) error {
	f.index++
	if f.open != "" || f.delta || !v.get("index").there() || v.get("index").count() != f.index {
		return fmt.Errorf("block %d does not follow block %d closed", v.get("index").count(), f.index-1)
	}
	f.block, f.signed = v.get("content_block"), false
	f.open = f.block.get("type").str()
	f.args.Reset()
	return nil
}

func (f *claudeFold) piece(v value) error {
	d := v.get("delta")
	kinds := map[string]string{"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "thinking", "input_json_delta": "tool_use", "citations_delta": "text"}
	kindOf := d.get("type").str()
	want, ok := kinds[kindOf]
	if f.open == "server_tool_use" && kindOf == "input_json_delta" {
		want = f.open
	}
	if !ok || f.open != want || v.get("index").count() != f.index {
		return fmt.Errorf("%s in a block of type %q", kindOf, f.open)
	}
	if f.signed {
		return fmt.Errorf("%s after the signature", kindOf)
	}
	switch kindOf {
	case "text_delta":
		f.answer.texts = append(f.answer.texts, d.get("text").str())
	case "thinking_delta":
		f.answer.thoughts += d.get("thinking").str()
	case "signature_delta":
		f.signed = true
	case "input_json_delta":
		f.args.WriteString(d.get("partial_json").str())
	}
	return nil
}

func (f *claudeFold) stop(v value) error {
	if f.open == "" || v.get("index").count() != f.index {
		return errors.New("content_block_stop without its block")
	}
	if f.open == "tool_use" || f.open == "server_tool_use" {
		args, err := parse([]byte(f.args.String()))
		if err != nil || !args.isObject() {
			return fmt.Errorf("the arguments %s are no object", short(f.args.String()))
		}
		f.block.v.(map[string]any)["input"] = args.v
	}
	if f.open == "tool_use" && f.block.get("id").str() == "" {
		return errors.New("a call has no id")
	}
	f.answer.claudeBlock(f.open, f.block)
	f.open = ""
	return nil
}

// claudeBlock adds a block that is known only once it is complete.
func (a *answer) claudeBlock(kindOf string, b value) {
	switch kindOf {
	case "tool_use":
		a.calls = append(a.calls, reply{id: b.get("id").str(), name: b.get("name").str(), args: b.get("input").canonical()})
	case "server_tool_use":
		a.ran = append(a.ran, b.get("name").str())
	}
}

// claudeEnd reads stop reason and usage.
func (a *answer) claudeEnd(end, u value) error {
	reasons := map[string]finish{
		"end_turn": stopped, "stop_sequence": stopped, "tool_use": called, "max_tokens": length,
		"model_context_window_exceeded": length, "refusal": refusing, "pause_turn": pausing,
	}
	reason, ok := reasons[end.get("stop_reason").str()]
	if !ok {
		return fmt.Errorf("stop_reason %s", end.get("stop_reason").canonical())
	}
	a.finish = reason
	cached := u.get("cache_read_input_tokens").count()
	a.usage = usage{
		u.get("input_tokens").count() + cached, cached,
		u.get("output_tokens").count(), u.get("output_tokens_details", "thinking_tokens").count(),
	}
	return nil
}

// documentClaude reads a reply of one document.
func documentClaude(body []byte) (*answer, error) {
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	if v.get("type").str() != "message" || v.get("role").str() != "assistant" || v.get("id").str() == "" {
		return nil, errors.New("no message")
	}
	a := &answer{}
	for _, b := range v.get("content").elements() {
		switch kindOf := b.get("type").str(); kindOf {
		case "text":
			a.texts = append(a.texts, b.get("text").str())
		case "thinking":
			a.thoughts += b.get("thinking").str()
		default:
			a.claudeBlock(kindOf, b)
		}
	}
	return a, a.claudeEnd(v, v.get("usage"))
}
