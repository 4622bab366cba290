package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file reads streams without any of the code that writes them.

const streamDone = "[DONE]"

// parseStream returns the data of a stream's events; comments are skipped.
func parseStream(stream string) ([]string, error) {
	var events []string
	for _, chunk := range strings.SplitAfter(stream, "\n\n") {
		if chunk == "" || strings.HasPrefix(chunk, ":") && strings.Count(chunk, "\n") == 2 {
			continue
		}
		data, ok := strings.CutPrefix(strings.TrimSuffix(chunk, "\n\n"), "data: ")
		if !ok || strings.Contains(data, "\n") || !strings.HasSuffix(chunk, "\n\n") {
			return nil, fmt.Errorf("not one data line: %q", chunk)
		}
		events = append(events, data)
	}
	return events, nil
}

type object = map[string]any

// grammar checks the order of chunks in which clients believe: the one that
// the recorded streams of the original service have.
type grammar struct {
	first    object // the first chunk
	own      bool   // the stream is ours: stricter rules
	usage    bool   // usage was asked for
	calls    int
	function bool // function_call was seen
	finished string
	told     bool // usage came
	done     bool
	failed   bool
}

func checkGrammar(stream string, own, usage bool) error {
	events, err := parseStream(stream)
	if err != nil {
		return err
	}
	g := grammar{own: own, usage: usage}
	for i, data := range events {
		if err := g.next(data); err != nil {
			return fmt.Errorf("event %d (%.200s): %w", i, data, err)
		}
	}
	switch {
	case g.failed:
		return nil
	case !g.done:
		return errors.New("the stream ends without [DONE] or error")
	case g.usage && !g.told:
		return errors.New("usage was asked for and not told")
	}
	return nil
}

func (g *grammar) next(data string) error {
	if g.done || g.failed {
		return errors.New("comes after the end")
	}
	if data == streamDone {
		if g.finished == "" {
			return errors.New("comes before finish_reason")
		}
		g.done = true
		return nil
	}
	var chunk object
	if err := json.Unmarshal([]byte(data), &chunk); err != nil {
		return err
	}
	if fault, ok := chunk["error"].(object); ok {
		g.failed = true
		return checkFault(fault)
	}
	if g.first == nil {
		g.first = chunk
	}
	for _, name := range []string{"id", "object", "created", "model"} {
		if chunk[name] == nil || chunk[name] != g.first[name] {
			return fmt.Errorf("%s = %v, first %v", name, chunk[name], g.first[name])
		}
	}
	if chunk["object"] != "chat.completion.chunk" {
		return fmt.Errorf("object = %v", chunk["object"])
	}
	choices, ok := chunk["choices"].([]any)
	if !ok {
		return errors.New("no choices")
	}
	if len(choices) == 0 {
		return g.usageChunk(chunk)
	}
	if _, there := chunk["usage"]; chunk["usage"] != nil || there != g.usage {
		return fmt.Errorf("usage = %v, there %v", chunk["usage"], there)
	}
	if len(choices) != 1 {
		return fmt.Errorf("%d choices", len(choices))
	}
	return g.choice(choices[0].(object))
}

func checkFault(fault object) error {
	for _, name := range []string{"message", "type"} {
		if s, _ := fault[name].(string); s == "" {
			return fmt.Errorf("error.%s = %v", name, fault[name])
		}
	}
	for _, name := range []string{"param", "code"} {
		if _, there := fault[name]; !there {
			return fmt.Errorf("error.%s is missing", name)
		}
	}
	return nil
}

func (g *grammar) usageChunk(chunk object) error {
	if g.finished == "" || g.told || !g.usage {
		return errors.New("usage before the finish, twice, or not asked for")
	}
	g.told = true
	u, _ := chunk["usage"].(object)
	in, _ := u["prompt_tokens"].(float64)
	out, _ := u["completion_tokens"].(float64)
	if u == nil || u["total_tokens"] != in+out {
		return fmt.Errorf("usage = %v", u)
	}
	return nil
}

func (g *grammar) choice(c object) error {
	if g.finished != "" || g.told {
		return errors.New("a choice after the finish")
	}
	if c["index"] != 0.0 {
		return fmt.Errorf("index = %v", c["index"])
	}
	delta, ok := c["delta"].(object)
	if !ok {
		return errors.New("no delta")
	}
	if reason := c["finish_reason"]; reason != nil {
		return g.finish(reason, delta)
	}
	if err := g.role(c, delta); err != nil {
		return err
	}
	if fc, ok := delta["function_call"].(object); ok {
		if _, named := fc["name"]; named == g.function {
			return errors.New("function_call is named twice or not at first")
		}
		g.function = true
		if g.calls > 0 {
			return errors.New("function_call beside tool_calls")
		}
	}
	list, _ := delta["tool_calls"].([]any)
	for _, call := range list {
		if err := g.call(call.(object)); err != nil {
			return err
		}
	}
	return nil
}

// role checks that the first delta, and no other, tells the role.
func (g *grammar) role(c, delta object) error {
	begins := false
	if role, there := delta["role"]; there {
		if role != "assistant" || g.finished != "" {
			return fmt.Errorf("role = %v", role)
		}
		begins = true
	}
	if _, seen := g.first["begun"]; begins == seen {
		return errors.New("the role comes twice or late")
	}
	g.first["begun"] = true
	if g.own && begins && (delta["content"] != "" || c["logprobs"] != nil) {
		return errors.New("the first delta says more than the role")
	}
	if g.own && !begins && len(delta) == 0 {
		return errors.New("an empty delta")
	}
	return nil
}

func (g *grammar) call(call object) error {
	kind, _ := call["type"].(string)
	if kind == "" {
		return g.callPiece(call)
	}
	if call["index"] != float64(g.calls) {
		return fmt.Errorf("call index %v, want %d", call["index"], g.calls)
	}
	g.calls++
	body, _ := call[kind].(object)
	field := map[string]string{"function": "arguments", "custom": "input"}[kind]
	if id, _ := call["id"].(string); id == "" || len(id) > 2048 {
		return fmt.Errorf("id = %q", id)
	}
	if _, named := body["name"].(string); !named || body[field] != "" {
		return fmt.Errorf("the call begins with %v", body)
	}
	return nil
}

func (g *grammar) callPiece(call object) error {
	if g.calls == 0 || call["index"] != float64(g.calls-1) {
		return fmt.Errorf("arguments for call %v, the open one is %d", call["index"], g.calls-1)
	}
	if _, there := call["id"]; there {
		return errors.New("a later piece has an id")
	}
	return nil
}

func (g *grammar) finish(reason any, delta object) error {
	g.finished, _ = reason.(string)
	if !slices.Contains([]string{"stop", "length", "tool_calls", "content_filter", "function_call"}, g.finished) {
		return fmt.Errorf("finish_reason = %v", reason)
	}
	if len(delta) > 0 {
		return fmt.Errorf("the finish chunk has a delta: %v", delta)
	}
	if g.first["begun"] == nil {
		return errors.New("the finish comes before the role")
	}
	if g.own && (g.finished == "tool_calls" && g.calls == 0 || g.finished == "function_call" && !g.function ||
		g.finished == "stop" && (g.calls > 0 || g.function)) {
		return fmt.Errorf("finish_reason %s with %d calls, function_call %v", g.finished, g.calls, g.function)
	}
	return nil
}
