package main

import "strings"

// readResponses reads an OpenAI Responses request.
func readResponses(body value) *said {
	s := &said{}
	if in := body.get("input"); in.isString() {
		s.add(item{slot: user, kind: text, text: in.str()})
	}
	for _, i := range body.get("input").elements() {
		responsesItem(s, i)
	}
	s.settle() // instructions alone ask for nothing
	s.items = append([]item{{slot: system, kind: text, text: body.get("instructions").str()}}, s.items...)
	for _, t := range body.get("tools").elements() {
		responsesTool(s, "", t)
	}
	for _, i := range body.get("input").elements() {
		if kindOf := i.get("type").str(); kindOf == "tool_search_output" || kindOf == "additional_tools" {
			for _, t := range i.get("tools").elements() {
				responsesTool(s, "", t)
			}
		}
	}
	s.unqualify()
	for _, name := range []string{"previous_response_id", "conversation", "prompt"} {
		if body.get(name).there() {
			s.refusable(name)
		}
	}
	if body.get("background").isTrue() {
		s.refusable("background")
	}
	s.limits = responsesLimits(body)
	return s
}

func responsesLimits(body value) limits {
	l := limits{
		maxTokens: body.get("max_output_tokens").count(), temperature: float(body.get("temperature")),
		topP: float(body.get("top_p")), choice: chatChoice(body.get("tool_choice")),
		think: body.get("reasoning", "effort").str(),
	}
	switch f := body.get("text", "format"); f.get("type").str() {
	case "json_object":
		l.json = true
	case "json_schema":
		l.json, l.words = true, schemaWords(f.get("schema"))
	}
	return l
}

func responsesItem(s *said, i value) {
	kindOf := i.get("type").str()
	id := i.get("call_id").str()
	switch {
	case kindOf == "message", kindOf == "" && i.get("role").there():
		responsesMessage(s, i)
	case kindOf == "reasoning", strings.HasPrefix(kindOf, "compaction"), kindOf == "additional_tools":
	case kindOf == "function_call":
		s.add(item{slot: model, kind: call, id: id, name: qualified(i.get("namespace").str(), i.get("name").str()), text: arguments(i.get("arguments"))})
	case kindOf == "custom_tool_call":
		args := value{map[string]any{"input": i.get("input").v}}
		s.add(item{slot: model, kind: call, id: id, name: qualified(i.get("namespace").str(), i.get("name").str()), text: args.canonical()})
	case kindOf == "item_reference", strings.HasPrefix(kindOf, "computer_call"):
		s.refusable("item " + kindOf)
	case id == "": // what the original service ran by itself
		if kindOf == "code_interpreter_call" {
			s.add(item{slot: model, kind: text, pieces: []string{i.get("code").str()}})
		}
		if r := i.get("result").str(); kindOf == "image_generation_call" && r != "" {
			s.add(item{slot: model, kind: file, media: []media{newMedia("image/png", r)}})
		}
	case strings.HasSuffix(kindOf, "_output"):
		responsesResult(s, i)
	case strings.HasSuffix(kindOf, "_call"):
		args := i.get("arguments")
		for _, name := range []string{"action", "operation"} {
			if i.get(name).there() {
				args = i.get(name)
			}
		}
		s.add(item{slot: model, kind: call, id: id, name: strings.TrimSuffix(kindOf, "_call"), text: arguments(args)})
	default:
		s.refusable("item " + kindOf)
	}
}

// qualified is the name under which a tool of a namespace can be declared.
func qualified(space, name string) string {
	if space == "" {
		return name
	}
	return space + "__" + name
}

// unqualify takes the namespace off calls of tools that were declared without
// one.
func (s *said) unqualify() {
	declared := map[string]bool{}
	for _, t := range s.tools {
		declared[t.name] = true
	}
	for i := range s.items {
		it := &s.items[i]
		if _, bare, ok := strings.Cut(it.name, "__"); ok && it.kind == call && !declared[it.name] && declared[bare] {
			it.name = bare
		}
	}
}

func responsesMessage(s *said, m value) {
	who, late := user, false
	switch m.get("role").str() {
	case "assistant":
		who = model
	case "system", "developer":
		who, late = system, spoken(s.items)
	}
	first := len(s.items)
	if c := m.get("content"); c.isString() {
		s.add(item{slot: who, kind: text, text: c.str()})
	}
	for _, p := range m.get("content").elements() {
		responsesPart(s, who, p)
	}
	for i := first; i < len(s.items); i++ {
		s.items[i].injected = late
	}
}

func responsesPart(s *said, who slot, p value) {
	kindOf := p.get("type").str()
	switch kindOf {
	case "input_text", "output_text", "text", "":
		s.add(item{slot: who, kind: text, text: p.get("text").str()})
	case "refusal":
		s.add(item{slot: who, kind: text, text: p.get("refusal").str()})
	case "input_image":
		chatPart(s, who, value{map[string]any{"type": "image_url", "image_url": p.get("image_url").v}})
	case "input_audio":
		chatPart(s, who, p)
	case "input_file":
		file := map[string]any{"file_data": p.get("file_data").v, "file_id": p.get("file_id").v}
		if url := p.get("file_url").str(); url != "" {
			file["file_data"] = url
		}
		chatFile(s, who, value{file})
	default:
		s.refusable("part " + kindOf)
	}
	if p.get("file_id").there() {
		s.refusable("file by id")
	}
}

func responsesResult(s *said, i value) {
	inner := &said{}
	switch out := i.get("output"); {
	case out.isString():
		inner.add(item{kind: text, text: out.str()})
	case i.get("type").str() == "function_call_output", i.get("type").str() == "custom_tool_call_output":
		for _, p := range out.elements() {
			responsesPart(inner, user, p)
		}
	default: // a typed tool's
		var p []string
		for _, chunk := range out.elements() {
			p = append(p, chunk.get("stdout").str(), chunk.get("stderr").str())
		}
		for _, t := range i.get("tools").elements() {
			p = append(p, t.get("name").str())
		}
		inner.add(item{kind: text, pieces: p})
	}
	r := joinResult(inner.items)
	r.id = i.get("call_id").str()
	r.failed = i.get("status").str() == "failed" && i.get("type").str() != "function_call_output"
	s.add(r)
	s.mayRefuse = append(s.mayRefuse, inner.mayRefuse...)
}

func responsesTool(s *said, space string, t value) {
	declared := tool{name: qualified(space, t.get("name").str()), description: t.get("description").str()}
	switch kindOf := t.get("type").str(); kindOf {
	case "function":
		declared.words = schemaWords(t.get("parameters"))
		s.tools = append(s.tools, declared)
	case "custom":
		declared.words = map[string]bool{"property input": true}
		s.tools = append(s.tools, declared)
	case "namespace":
		for _, inner := range t.get("tools").elements() {
			responsesTool(s, t.get("name").str(), inner)
		}
	case "local_shell", "shell", "apply_patch":
		s.tools = append(s.tools, tool{name: kindOf})
	case "tool_search":
		if t.get("execution").str() == "client" {
			s.tools = append(s.tools, tool{name: kindOf})
		}
	case "web_search", "web_search_preview", "web_search_2025_08_26", "web_search_preview_2025_03_11":
		s.builtins = append(s.builtins, "search")
	case "code_interpreter":
		s.builtins = append(s.builtins, "code")
	case "programmatic_tool_calling":
	default:
		s.refusable("tool " + kindOf)
	}
}
