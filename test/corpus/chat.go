package main

import (
	"slices"
	"strings"
)

// readChat reads an OpenAI Chat Completions request.
func readChat(body value) *said {
	s := &said{}
	for _, m := range body.get("messages").elements() {
		chatMessage(s, m)
	}
	s.settle()
	for _, t := range body.get("tools").elements() {
		chatTool(s, t)
	}
	for _, f := range body.get("functions").elements() {
		s.tools = append(s.tools, chatFunction(f))
	}
	if body.get("web_search_options").isObject() {
		s.builtins = append(s.builtins, "search")
	}
	if body.get("n").count() > 1 {
		s.refusable("several answers")
	}
	for _, m := range body.get("modalities").elements() {
		if m.str() != "text" {
			s.refusable("output of " + m.str())
		}
	}
	if kindOf := body.get("response_format", "type").str(); kindOf != "" && !slices.Contains([]string{"text", "json_object", "json_schema"}, kindOf) {
		s.refusable("response format " + kindOf)
	}
	s.limits = chatLimits(body)
	return s
}

func chatLimits(body value) limits {
	l := limits{
		maxTokens: body.get("max_completion_tokens").count(), temperature: float(body.get("temperature")),
		topP: float(body.get("top_p")), topK: float(body.get("top_k")), seed: float(body.get("seed")),
		stop: stringOrList(body.get("stop")), choice: chatChoice(body.get("tool_choice")),
		think: chatThinking(body),
	}
	if !body.get("max_completion_tokens").there() {
		l.maxTokens = body.get("max_tokens").count()
	}
	if l.choice == "" {
		l.choice = chatChoice(body.get("function_call"))
	}
	switch f := body.get("response_format"); f.get("type").str() {
	case "json_object":
		l.json = true
	case "json_schema":
		l.json, l.words = true, schemaWords(f.get("json_schema", "schema"))
	}
	return l
}

func stringOrList(v value) []string {
	if v.str() != "" {
		return []string{v.str()}
	}
	var out []string
	for _, e := range v.elements() {
		out = append(out, e.str())
	}
	return out
}

// chatChoice reads a tool choice of either of OpenAI's APIs.
func chatChoice(c value) string {
	switch word := c.str(); word {
	case "required":
		return "any"
	case "auto", "none", "any":
		return word
	}
	if allowed := c.get("allowed_tools"); allowed.isObject() {
		c = value{map[string]any{"type": "allowed_tools", "mode": allowed.get("mode").v, "tools": allowed.get("tools").v}}
	}
	if c.get("type").str() == "allowed_tools" {
		tools := c.get("tools").elements()
		switch {
		case c.get("mode").str() != "required":
			return "auto"
		case len(tools) != 1:
			return "any"
		}
		c = tools[0]
	}
	for _, at := range []value{c.get("function"), c.get("custom"), c} {
		if name := at.get("name").str(); name != "" {
			return "named:" + name
		}
	}
	return ""
}

func chatMessage(s *said, m value) {
	role := m.get("role").str()
	switch role {
	case "tool", "function":
		chatResult(s, m)
		return
	case "system", "developer":
		late := spoken(s.items)
		for _, t := range chatTexts(m.get("content")) {
			s.add(item{slot: system, kind: text, text: t, injected: late})
		}
		return
	}
	who := user
	if role == "assistant" {
		who = model
	}
	chatContent(s, who, m.get("content"))
	s.add(item{slot: who, kind: text, text: m.get("refusal").str()})
	if m.get("audio", "id").there() {
		s.refusable("audio by id")
	}
	for _, c := range m.get("tool_calls").elements() {
		f := c.get("function")
		args := f.get("arguments")
		if custom := c.get("custom"); custom.there() {
			f, args = custom, value{map[string]any{"input": custom.get("input").v}}
		}
		s.add(item{slot: model, kind: call, id: c.get("id").str(), name: f.get("name").str(), text: arguments(args)})
	}
	if f := m.get("function_call"); f.isObject() {
		s.add(item{slot: model, kind: call, name: f.get("name").str(), text: arguments(f.get("arguments"))})
	}
}

func chatTexts(content value) []string {
	if content.isString() {
		return []string{content.str()}
	}
	var out []string
	for _, p := range content.elements() {
		out = append(out, p.get("text").str())
	}
	return out
}

func chatContent(s *said, who slot, content value) {
	if content.isString() {
		s.add(item{slot: who, kind: text, text: content.str()})
		return
	}
	for _, p := range content.elements() {
		chatPart(s, who, p)
	}
}

func chatPart(s *said, who slot, p value) {
	link := func(v value) {
		url := v.get("url").str()
		if v.isString() {
			url = v.str()
		}
		m, inline := dataURL(url)
		if !inline {
			m = media{"", url}
		}
		s.add(item{slot: who, kind: file, media: []media{m}})
	}
	switch kindOf := p.get("type").str(); kindOf {
	case "text":
		s.add(item{slot: who, kind: text, text: p.get("text").str()})
	case "refusal":
		s.add(item{slot: who, kind: text, text: p.get("refusal").str()})
	case "image_url", "video_url", "document_url":
		link(p.get(kindOf))
	case "input_audio":
		format := p.get("input_audio", "format").str()
		s.add(item{slot: who, kind: file, media: []media{newMedia("audio/"+format, p.get("input_audio", "data").str())}})
	case "file":
		chatFile(s, who, p.get("file"))
	case "thinking", "reasoning":
	default:
		s.refusable("part " + kindOf)
	}
}

// chatFile reads a file: a data: address, an address, or bare base64, which
// nearly always is a PDF.
func chatFile(s *said, who slot, f value) {
	data := f.get("file_data").str()
	m, inline := dataURL(data)
	switch {
	case f.get("file_id").there():
		s.refusable("file by id")
		return
	case inline:
	case strings.Contains(data, "://"):
		m = media{"", data}
	default:
		m = newMedia("application/pdf", data)
	}
	s.add(item{slot: who, kind: file, media: []media{m}})
}

func chatResult(s *said, m value) {
	inner := &said{}
	chatContent(inner, user, m.get("content"))
	r := joinResult(inner.items)
	r.id, r.name = m.get("tool_call_id").str(), m.get("name").str()
	s.add(r)
	s.mayRefuse = append(s.mayRefuse, inner.mayRefuse...)
}

func chatTool(s *said, t value) {
	switch kindOf := t.get("type").str(); {
	case t.get("custom").isObject():
		c := t.get("custom")
		s.tools = append(s.tools, tool{c.get("name").str(), c.get("description").str(), map[string]bool{"property input": true}})
	case t.get("function").isObject():
		s.tools = append(s.tools, chatFunction(t.get("function")))
	case strings.HasSuffix(kindOf, ":web_search"): // a router's own
		s.builtins = append(s.builtins, "search")
	default:
		s.refusable("tool " + kindOf)
	}
}

func chatFunction(f value) tool {
	return tool{f.get("name").str(), f.get("description").str(), schemaWords(f.get("parameters"))}
}
