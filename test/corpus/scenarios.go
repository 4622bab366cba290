package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

const scenarioFile = "scenarios.jsonl"

// scenario is one test that was recorded against several APIs: the ids of its
// rows by the name of their file.
type scenario map[string]any

func (s scenario) ids(file string) []string {
	var out []string
	list, _ := s[strings.TrimSuffix(file, ".jsonl.gz")].([]any)
	for _, v := range list {
		id, _ := v.(string)
		out = append(out, id)
	}
	return out
}

// scenarios compares the translation of a request with what the same test sent
// to Gemini itself. The recordings are of different programs or different
// models, so a difference is only reported, for a person to decide on; it is
// not a fault.
func (c *corpus) scenarios(list []api) error {
	bodies := map[string]row{}
	var all []scenario
	for s, err := range rows[scenario](c.dir, scenarioFile) {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		all = append(all, s)
	}
	for _, a := range list {
		for r, err := range rows[row](c.dir, a.requests) {
			if err != nil {
				return err
			}
			if slices.ContainsFunc(all, func(s scenario) bool { return slices.Contains(s.ids(a.requests), r.ID) }) {
				bodies[r.ID] = r
			}
		}
	}
	native := list[len(list)-1]
	for _, s := range all {
		for _, a := range list[:len(list)-1] {
			c.counterparts(a, s.ids(a.requests), s.ids(native.requests), bodies)
		}
	}
	return nil
}

// counterparts looks for a native request of the same shape beside each of the
// client's. Models answer differently, so the requests of one test are not the
// same number.
func (c *corpus) counterparts(a api, client, native []string, bodies map[string]row) {
	const table = "scenarios beside native ones"
	shapes := map[string]bool{}
	for _, id := range native {
		if doc, err := parse([]byte(bodies[id].Body)); err == nil {
			shapes[readGemini(doc).shape()] = true
		}
	}
	for _, id := range client {
		path, body, skip := a.ask(bodies[id])
		got := c.translators[0].Request(context.Background(), head(path), body)
		if skip != "" || got.Reply != nil {
			c.report.count(table, a.name, skipped)
			c.report.note(table, a.name+": refused or not for heald")
			continue
		}
		sent, err := parse(got.Forward.Body)
		if err != nil {
			c.report.fault(id+" (scenario)", err.Error())
			continue
		}
		if shape := readGemini(sent).shape(); shapes[shape] {
			c.report.count(table, a.name, right)
		} else {
			c.report.count(table, a.name, unwanted)
			if !c.verbose {
				c.report.note(table, a.name+": no native request of the same shape (-v tells more)")
				continue
			}
			c.report.note(table, fmt.Sprintf("%s is %s; beside it %s", id, shape, strings.Join(native, ", ")))
		}
	}
}

// shape is the structure of a request: who contributes what, and which tools
// there are. What a model says before it calls a tool is its own affair.
func (s *said) shape() string {
	var steps []string
	names := map[kind]string{text: "text", call: "call", result: "result", file: "file"}
	for _, i := range s.items {
		step := string(i.slot) + " " + names[i.kind]
		if n := len(steps); n > 0 && i.kind == call && steps[n-1] == "model text" {
			steps = steps[:n-1]
		}
		if n := len(steps); n == 0 || steps[n-1] != step || i.kind != text {
			steps = append(steps, step)
		}
	}
	var tools []string
	for _, t := range s.tools {
		tools = append(tools, t.name)
	}
	slices.Sort(tools)
	return fmt.Sprintf("%s; tools %v %v; json %t", strings.Join(steps, ", "), tools, s.builtins, s.limits.json)
}
