package claude

import (
	"encoding/json"
	"fmt"
	"strings"
)

// This file reads streams without any of the code that writes them.

// sseEvent is one event of a stream.
type sseEvent struct {
	name string
	data map[string]any
	raw  string
}

func parseStream(stream string) ([]sseEvent, error) {
	var events []sseEvent
	for _, chunk := range strings.Split(stream, "\n\n") {
		if strings.TrimSpace(chunk) == "" {
			continue
		}
		name, data, ok := strings.Cut(strings.Trim(chunk, "\n"), "\n")
		if !ok || !strings.HasPrefix(name, "event: ") || !strings.HasPrefix(data, "data: ") || strings.Contains(data, "\n") {
			return nil, fmt.Errorf("not one event line and one data line: %q", chunk)
		}
		e := sseEvent{name: name[len("event: "):], raw: data[len("data: "):]}
		if err := json.Unmarshal([]byte(e.raw), &e.data); err != nil {
			return nil, fmt.Errorf("%s: %w in %q", e.name, err, e.raw)
		}
		if e.data["type"] != e.name {
			return nil, fmt.Errorf("event %s has data of type %v", e.name, e.data["type"])
		}
		events = append(events, e)
	}
	return events, nil
}

// openBlock is what is known of the block that is open.
type openBlock struct {
	kind   string
	deltas int
	sealed bool
}

// grammar checks the order of events in which clients believe: the one that
// all recorded streams of the original service have.
type grammar struct {
	started, stopped, delta, failed bool
	blocks                          int
	open                            *openBlock
	last                            string // type of the last block
	own                             bool   // the stream is ours: stricter rules
}

func checkGrammar(stream string, own bool) error {
	events, err := parseStream(stream)
	if err != nil {
		return err
	}
	g := grammar{own: own}
	for i, e := range events {
		if err := g.next(e); err != nil {
			return fmt.Errorf("event %d (%s): %w", i, e.name, err)
		}
	}
	if !g.stopped && !g.failed {
		return fmt.Errorf("the stream ends without message_stop or error")
	}
	return nil
}

func (g *grammar) next(e sseEvent) error {
	if g.stopped || g.failed {
		return fmt.Errorf("comes after the end")
	}
	if e.name == "error" {
		g.failed = true
		return nil
	}
	if !g.started && e.name != "message_start" {
		return fmt.Errorf("comes before message_start")
	}
	switch e.name {
	case "ping":
		return nil
	case "message_start":
		return g.start(e)
	case "content_block_start":
		return g.blockStart(e)
	case "content_block_delta":
		return g.blockDelta(e)
	case "content_block_stop":
		return g.blockStop(e)
	case "message_delta":
		return g.messageDelta(e)
	case "message_stop":
		if !g.delta {
			return fmt.Errorf("comes before message_delta")
		}
		g.stopped = true
		return nil
	}
	return fmt.Errorf("unknown event")
}

func (g *grammar) start(e sseEvent) error {
	if g.started {
		return fmt.Errorf("comes twice")
	}
	g.started = true
	msg, _ := e.data["message"].(map[string]any)
	content, ok := msg["content"].([]any)
	if !ok || len(content) != 0 {
		return fmt.Errorf("content = %v, want []", msg["content"])
	}
	if usage, ok := msg["usage"].(map[string]any); !ok || usage["input_tokens"] == nil || usage["output_tokens"] == nil {
		return fmt.Errorf("usage = %v", msg["usage"])
	}
	return nil
}

func (g *grammar) index(e sseEvent) error {
	if e.data["index"] != float64(g.blocks) {
		return fmt.Errorf("index %v, want %d", e.data["index"], g.blocks)
	}
	return nil
}

func (g *grammar) blockStart(e sseEvent) error {
	if g.open != nil || g.delta {
		return fmt.Errorf("comes inside a block or after message_delta")
	}
	block, _ := e.data["content_block"].(map[string]any)
	kind, _ := block["type"].(string)
	g.open = &openBlock{kind: kind}
	return g.index(e)
}

func (g *grammar) blockDelta(e sseEvent) error {
	b := g.open
	if b == nil {
		return fmt.Errorf("comes outside of a block")
	}
	if b.sealed {
		return fmt.Errorf("comes after signature_delta")
	}
	delta, _ := e.data["delta"].(map[string]any)
	kind, _ := delta["type"].(string)
	want := map[string][]string{
		"text":            {"text_delta", "citations_delta"},
		"thinking":        {"thinking_delta", "signature_delta"},
		"tool_use":        {"input_json_delta"},
		"server_tool_use": {"input_json_delta"},
		"compaction":      {"compaction_delta"},
	}[b.kind]
	if !strings.Contains(strings.Join(want, " "), kind) || kind == "" {
		return fmt.Errorf("%s in a block of type %s", kind, b.kind)
	}
	first := b.deltas == 0
	b.deltas++
	switch kind {
	case "text_delta":
		if first && delta["text"] == "" {
			return fmt.Errorf("the first text delta is empty")
		}
	case "input_json_delta":
		if first != (delta["partial_json"] == "") && (first || g.own) {
			return fmt.Errorf("the first input_json_delta, and only it, is empty: got %q", delta["partial_json"])
		}
	case "signature_delta":
		b.sealed = true
	}
	return g.index(e)
}

func (g *grammar) blockStop(e sseEvent) error {
	if g.open == nil {
		return fmt.Errorf("comes outside of a block")
	}
	if g.open.kind == "thinking" && !g.open.sealed {
		return fmt.Errorf("the thinking block has no signature_delta")
	}
	if err := g.index(e); err != nil {
		return err
	}
	g.last, g.open = g.open.kind, nil
	g.blocks++
	return nil
}

func (g *grammar) messageDelta(e sseEvent) error {
	if g.open != nil || g.delta {
		return fmt.Errorf("comes inside a block or twice")
	}
	if g.own && g.last == "thinking" {
		return fmt.Errorf("the last block is thinking")
	}
	delta, _ := e.data["delta"].(map[string]any)
	if delta["stop_reason"] == nil {
		return fmt.Errorf("no stop_reason")
	}
	if g.own && g.blocks == 0 && delta["stop_reason"] != "refusal" {
		return fmt.Errorf("no block, though it is no refusal")
	}
	g.delta = true
	return nil
}

// foldStream makes the message of a stream that the SDKs would make, or the
// error it ends with.
func foldStream(stream string) (map[string]any, error) {
	events, err := parseStream(stream)
	if err != nil {
		return nil, err
	}
	var msg map[string]any
	var block map[string]any
	var input strings.Builder
	for _, e := range events {
		switch e.name {
		case "error":
			delete(e.data, "usage") // a document that failed has none
			return e.data, nil
		case "message_start":
			msg = e.data["message"].(map[string]any)
		case "content_block_start":
			block = e.data["content_block"].(map[string]any)
			input.Reset()
		case "content_block_delta":
			foldDelta(block, &input, e.data["delta"].(map[string]any))
		case "content_block_stop":
			if block["type"] == "tool_use" || block["type"] == "server_tool_use" {
				block["input"] = foldInput(input.String())
			}
			msg["content"] = append(msg["content"].([]any), block)
		case "message_delta":
			for k, v := range e.data["delta"].(map[string]any) {
				msg[k] = v
			}
			msg["usage"] = e.data["usage"]
		}
	}
	return msg, nil
}

// foldInput is a call's input. Clients see by themselves that a stream's is
// broken; the document tells them so.
func foldInput(text string) (input any) {
	if json.Unmarshal([]byte(text), &input) != nil {
		return map[string]any{"__unparsedToolInput": text}
	}
	return input
}

func foldDelta(block map[string]any, input *strings.Builder, delta map[string]any) {
	switch delta["type"] {
	case "text_delta":
		block["text"] = block["text"].(string) + delta["text"].(string)
	case "thinking_delta":
		block["thinking"] = block["thinking"].(string) + delta["thinking"].(string)
	case "citations_delta":
		list, _ := block["citations"].([]any)
		block["citations"] = append(list, delta["citation"])
	case "signature_delta":
		block["signature"] = delta["signature"]
	case "input_json_delta":
		input.WriteString(delta["partial_json"].(string))
	}
}
