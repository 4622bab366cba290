package responses

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// This file reads streams without any of the code that writes them.

// sseEvent is one event of a stream.
type sseEvent struct {
	name string
	data map[string]any
}

func (e *sseEvent) object(name string) map[string]any {
	o, _ := e.data[name].(map[string]any)
	return o
}

func parseStream(stream string) ([]sseEvent, error) {
	var events []sseEvent
	for _, chunk := range strings.Split(stream, "\n\n") {
		chunk = strings.Trim(chunk, "\n")
		if chunk == "" || strings.HasPrefix(chunk, ":") {
			continue
		}
		name, data, ok := strings.Cut(chunk, "\n")
		if !ok || !strings.HasPrefix(name, "event: ") || !strings.HasPrefix(data, "data: ") || strings.Contains(data, "\n") {
			return nil, fmt.Errorf("not one event line and one data line: %q", chunk)
		}
		e := sseEvent{name: name[len("event: "):]}
		if err := json.Unmarshal([]byte(data[len("data: "):]), &e.data); err != nil {
			return nil, fmt.Errorf("%s: %w in %q", e.name, err, data)
		}
		if e.data["type"] != e.name {
			return nil, fmt.Errorf("event %s has data of type %v", e.name, e.data["type"])
		}
		events = append(events, e)
	}
	return events, nil
}

// openItem is what is known of an item that is open.
type openItem struct {
	kind, id string
	deltas   map[string]string // pieces by the kind of delta
	parts    int               // content or summary parts that are open
}

// streamGrammar checks the order of events in which clients believe: the one that
// all recorded streams of the original service have.
type streamGrammar struct {
	own    bool // the stream is ours: stricter rules
	events int
	open   *openItem
	output []any
	ended  bool
	final  map[string]any // the response at the end
}

// checkGrammar returns the response that the stream ends with.
func checkGrammar(stream string, own bool) (map[string]any, error) {
	events, err := parseStream(stream)
	if err != nil {
		return nil, err
	}
	g := streamGrammar{own: own}
	for i, e := range events {
		if err := g.next(e); err != nil {
			return nil, fmt.Errorf("event %d (%s): %w", i, e.name, err)
		}
	}
	if !g.ended {
		return nil, fmt.Errorf("the stream has no end")
	}
	return g.final, nil
}

func (g *streamGrammar) next(e sseEvent) error {
	if g.ended {
		return fmt.Errorf("comes after the end")
	}
	if n, ok := e.data["sequence_number"]; ok || g.own {
		if n != float64(g.events) {
			return fmt.Errorf("sequence_number %v, want %d", n, g.events)
		}
	}
	g.events++
	if (g.events == 1) != (e.name == "response.created") {
		return fmt.Errorf("is event %d", g.events)
	}
	switch e.name {
	case "response.created", "response.in_progress", "response.queued":
		return g.begin(e)
	case "response.completed", "response.incomplete", "response.failed":
		return g.end(e)
	case "response.output_item.added":
		return g.added(e)
	case "response.output_item.done":
		return g.done(e)
	case "error", "keepalive":
		return nil
	}
	return g.part(e)
}

func (g *streamGrammar) begin(e sseEvent) error {
	if g.events > 3 || g.own && g.events == 2 != (e.name == "response.in_progress") {
		return fmt.Errorf("is event %d", g.events)
	}
	r := e.object("response")
	if out, ok := r["output"].([]any); !ok || len(out) != 0 {
		return fmt.Errorf("output = %v, want []", r["output"])
	}
	if id, _ := r["id"].(string); id == "" {
		return fmt.Errorf("id = %v", r["id"])
	}
	return nil
}

func (g *streamGrammar) added(e sseEvent) error {
	item := e.object("item")
	kind, _ := item["type"].(string)
	id, _ := item["id"].(string)
	if g.open != nil || e.data["output_index"] != float64(len(g.output)) {
		return fmt.Errorf("output_index %v inside %v, want %d", e.data["output_index"], g.open, len(g.output))
	}
	g.open = &openItem{kind: kind, id: id, deltas: map[string]string{}}
	return nil
}

func (g *streamGrammar) part(e sseEvent) error {
	o := g.open
	if o == nil || e.data["output_index"] != float64(len(g.output)) {
		return fmt.Errorf("comes outside of its item")
	}
	if id, ok := e.data["item_id"]; (ok || g.own) && id != o.id {
		return fmt.Errorf("item_id %v, want %s", id, o.id)
	}
	name := strings.TrimPrefix(e.name, "response.")
	switch {
	case strings.HasSuffix(name, "_part.added"):
		o.parts++
	case strings.HasSuffix(name, "_part.done"):
		o.parts--
	case strings.HasSuffix(name, ".delta"):
		piece, ok := e.data["delta"].(string)
		if !ok || g.own && piece == "" {
			return fmt.Errorf("delta = %v", e.data["delta"])
		}
		o.deltas[strings.TrimSuffix(name, ".delta")] += piece
	case strings.HasSuffix(name, ".done"):
		return g.whole(e, strings.TrimSuffix(name, ".done"))
	}
	return nil
}

// doneMembers are the members of done events that hold what the deltas were
// pieces of.
var doneMembers = map[string]string{
	"output_text": "text", "reasoning_summary_text": "text", "reasoning_text": "text", "refusal": "refusal",
	"function_call_arguments": "arguments", "custom_tool_call_input": "input",
	"code_interpreter_call_code": "code", "mcp_call_arguments": "arguments",
}

func (g *streamGrammar) whole(e sseEvent, name string) error {
	member, ok := doneMembers[name]
	if !ok {
		return nil
	}
	if got := g.open.deltas[name]; e.data[member] != got && g.own {
		return fmt.Errorf("%s = %v, the pieces are %q", member, e.data[member], got)
	}
	return nil
}

func (g *streamGrammar) done(e sseEvent) error {
	item := e.object("item")
	if g.open == nil || item["type"] != g.open.kind || e.data["output_index"] != float64(len(g.output)) {
		return fmt.Errorf("ends %v %v, open is %v", item["type"], item["id"], g.open)
	}
	if g.open.parts != 0 {
		return fmt.Errorf("%d parts are open", g.open.parts)
	}
	if g.own {
		if item["id"] != g.open.id {
			return fmt.Errorf("id %v, want %s", item["id"], g.open.id)
		}
		if err := checkItem(item, g.open); err != nil {
			return err
		}
	}
	g.output, g.open = append(g.output, item), nil
	return nil
}

// checkItem checks that a finished item says what its deltas said, and has
// what Codex needs of it.
func checkItem(item map[string]any, o *openItem) error {
	var got, want any
	switch o.kind {
	case "message":
		content := item["content"].([]any)
		got, want = content[0].(map[string]any)["text"], o.deltas["output_text"]
		if item["role"] != "assistant" || len(content) != 1 {
			return fmt.Errorf("message %v", item)
		}
	case "reasoning":
		want, got = o.deltas["reasoning_summary_text"], ""
		for _, s := range item["summary"].([]any) {
			got = s.(map[string]any)["text"]
		}
	case "function_call":
		got, want = item["arguments"], o.deltas["function_call_arguments"]
	case "custom_tool_call":
		got, want = item["input"], o.deltas["custom_tool_call_input"]
	case "code_interpreter_call":
		got, want = item["code"], o.deltas["code_interpreter_call_code"]
	}
	if got != want {
		return fmt.Errorf("the item says %v, its deltas %v", got, want)
	}
	if strings.HasSuffix(o.kind, "tool_call") || o.kind == "function_call" {
		if id, _ := item["call_id"].(string); id == "" || len(id) > 64 {
			return fmt.Errorf("call_id %v", item["call_id"])
		}
		if _, ok := item["name"].(string); !ok {
			return fmt.Errorf("name %v", item["name"])
		}
	}
	return nil
}

func (g *streamGrammar) end(e sseEvent) error {
	g.ended, g.final = true, e.object("response")
	if status := strings.TrimPrefix(e.name, "response."); g.final["status"] != status {
		return fmt.Errorf("status %v, want %s", g.final["status"], status)
	}
	if e.name == "response.failed" {
		if fault, _ := g.final["error"].(map[string]any); fault["code"] == "" || fault["message"] == "" {
			return fmt.Errorf("error %v", g.final["error"])
		}
		return nil
	}
	if g.open != nil {
		return fmt.Errorf("comes inside %v", g.open)
	}
	out, _ := g.final["output"].([]any)
	if g.own {
		if !reflect.DeepEqual(out, g.output) && len(out)+len(g.output) > 0 {
			return fmt.Errorf("output %v, the items were %v", out, g.output)
		}
		if u, ok := g.final["usage"].(map[string]any); !ok || u["input_tokens"] == nil || u["output_tokens"] == nil || u["total_tokens"] == nil {
			return fmt.Errorf("usage %v", g.final["usage"])
		}
	}
	if len(out) != len(g.output) {
		return fmt.Errorf("output has %d items, there were %d", len(out), len(g.output))
	}
	if g.own && e.name == "response.completed" && len(out) == 0 {
		return fmt.Errorf("completed without an item")
	}
	return nil
}
