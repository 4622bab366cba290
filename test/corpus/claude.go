package main

import "strings"

// readClaude reads an Anthropic Messages request.
func readClaude(body value) *said {
	s := &said{}
	for _, b := range claudeBlocks(body.get("system")) {
		if t := b.get("text").str(); !strings.HasPrefix(t, "x-anthropic-billing-header:") {
			s.add(item{slot: system, kind: text, text: t})
		}
	}
	for _, m := range body.get("messages").elements() {
		claudeMessage(s, m)
	}
	s.settle()
	for _, t := range body.get("tools").elements() {
		claudeTool(s, t)
	}
	for _, name := range []string{"inference_geo", "container", "mcp_servers", "fallbacks"} {
		if v := body.get(name); v.there() && len(v.elements()) > 0 || v.isString() || v.isObject() {
			s.refusable(name)
		}
	}
	s.limits = claudeLimits(body)
	return s
}

func claudeLimits(body value) limits {
	l := limits{
		maxTokens: body.get("max_tokens").count(), temperature: float(body.get("temperature")),
		topP: float(body.get("top_p")), topK: float(body.get("top_k")),
		think: claudeThinking(body),
	}
	for _, v := range body.get("stop_sequences").elements() {
		l.stop = append(l.stop, v.str())
	}
	switch c := body.get("tool_choice"); c.get("type").str() {
	case "auto", "any", "none":
		l.choice = c.get("type").str()
	case "tool":
		l.choice = "named:" + c.get("name").str()
	}
	for _, f := range []value{body.get("output_format"), body.get("output_config", "format")} {
		if f.isObject() {
			l.json, l.words = true, schemaWords(f.get("schema"))
		}
	}
	return l
}

// claudeBlocks makes a string a list of one text block.
func claudeBlocks(v value) []value {
	if v.isString() {
		return []value{{map[string]any{"type": "text", "text": v.str()}}}
	}
	return v.elements()
}

func claudeMessage(s *said, m value) {
	who := user
	switch m.get("role").str() {
	case "assistant":
		who = model
	case "system":
		who = system
	}
	answered := false
	for _, b := range claudeBlocks(m.get("content")) {
		first := len(s.items)
		claudeBlock(s, who, b)
		for i := first; i < len(s.items); i++ {
			it := &s.items[i]
			// What stands before every speech is the instruction; later it
			// has no place of its own.
			it.injected = it.injected || who == system && spoken(s.items[:first]) || answered && isReminder(it.text)
			answered = answered || it.kind == result
		}
	}
}

// isReminder reports whether Claude Code injected a text.
func isReminder(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "<system-reminder>") && strings.HasSuffix(s, "</system-reminder>")
}

func claudeBlock(s *said, who slot, b value) {
	switch kindOf := b.get("type").str(); kindOf {
	case "text":
		s.add(item{slot: who, kind: text, text: b.get("text").str()})
	case "image":
		claudeSource(s, who, b)
	case "document":
		claudeDocument(s, who, b)
	case "tool_use":
		s.add(item{slot: model, kind: call, id: b.get("id").str(), name: b.get("name").str(), text: arguments(b.get("input"))})
	case "tool_result":
		claudeResult(s, b)
	case "thinking", "redacted_thinking", "fallback", "tool_removal", "tool_addition":
		// Foreign thoughts are dropped; the others say nothing themselves.
	case "search_result":
		p := []string{b.get("title").str(), b.get("source").str()}
		for _, c := range b.get("content").elements() {
			p = append(p, c.get("text").str())
		}
		s.add(item{slot: who, kind: text, pieces: p})
	case "mid_conv_system":
		for _, c := range claudeBlocks(b.get("content")) {
			s.add(item{slot: who, kind: text, text: c.get("text").str(), injected: true})
		}
	case "compaction":
		s.add(item{slot: who, kind: text, pieces: []string{"<summary>", b.get("content").str()}})
	case "server_tool_use", "mcp_tool_use":
		s.add(item{slot: who, kind: text, pieces: []string{b.get("name").str()}})
	case "web_search_tool_result":
		var p []string
		for _, c := range b.get("content").elements() {
			p = append(p, c.get("title").str(), c.get("url").str())
		}
		s.add(item{slot: who, kind: text, pieces: p})
	case "container_upload":
		s.refusable("container_upload block")
	default:
		if !strings.HasSuffix(kindOf, "_tool_result") {
			s.refusable("unknown block " + kindOf)
		}
		s.add(item{slot: who, kind: text, pieces: serverTexts(b.get("content"))})
	}
}

// serverTexts are the texts of a server tool's result, at any depth.
func serverTexts(v value) []string {
	var out []string
	for _, c := range v.list() {
		for _, name := range []string{"text", "stdout", "stderr", "tool_name"} {
			out = append(out, c.get(name).str())
		}
		for _, name := range []string{"content", "tool_references"} {
			out = append(out, serverTexts(c.get(name))...)
		}
	}
	return out
}

func claudeSource(s *said, who slot, b value) {
	src := b.get("source")
	switch src.get("type").str() {
	case "base64":
		s.add(item{slot: who, kind: file, media: []media{newMedia(src.get("media_type").str(), src.get("data").str())}})
	case "url":
		s.add(item{slot: who, kind: file, media: []media{{"", src.get("url").str()}}})
	default:
		s.refusable("source " + src.get("type").str())
	}
}

func claudeDocument(s *said, who slot, b value) {
	src := b.get("source")
	head := []string{b.get("title").str(), b.get("context").str()}
	switch src.get("type").str() {
	case "text":
		s.add(item{slot: who, kind: text, pieces: append(head, src.get("data").str())})
	case "content":
		s.add(item{slot: who, kind: text, pieces: head})
		for _, c := range claudeBlocks(src.get("content")) {
			if c.get("type").str() == "text" {
				s.add(item{slot: who, kind: text, pieces: []string{c.get("text").str()}})
				continue
			}
			claudeBlock(s, who, c)
		}
	default:
		s.add(item{slot: who, kind: text, pieces: head})
		claudeSource(s, who, b)
	}
}

// claudeResult reads a tool result: texts joined by lines, files beside.
func claudeResult(s *said, b value) {
	inner := &said{}
	for _, c := range claudeBlocks(b.get("content")) {
		if c.get("type").str() == "tool_reference" {
			inner.add(item{kind: text, pieces: []string{c.get("tool_name").str()}})
			continue
		}
		claudeBlock(inner, user, c)
	}
	r := joinResult(inner.items)
	r.id, r.failed = b.get("tool_use_id").str(), b.get("is_error").isTrue()
	s.add(r)
	s.mayRefuse = append(s.mayRefuse, inner.mayRefuse...)
}

// joinResult joins the parts of a result.
func joinResult(items []item) item {
	r := item{slot: user, kind: result}
	var texts []string
	for _, i := range items {
		r.media = append(r.media, i.media...)
		r.pieces = append(r.pieces, i.pieces...)
		if i.kind == text && i.pieces == nil {
			texts = append(texts, i.text)
		}
	}
	if r.pieces != nil { // then the exact text of the whole does not matter
		r.pieces = append(r.pieces, texts...)
		return r
	}
	r.text = strings.Join(texts, "\n")
	return r
}

// arguments spells what a call was given: an object, or one put around it.
func arguments(v value) string {
	if v.isString() {
		if v.str() == "" {
			return "{}"
		}
		if inner, err := parse([]byte(v.str())); err == nil {
			v = inner
		}
	}
	switch {
	case !v.there():
		return "{}"
	case !v.isObject():
		return value{map[string]any{"value": v.v}}.canonical()
	}
	return v.canonical()
}

func claudeTool(s *said, t value) {
	kindOf := t.get("type").str()
	for prefix, what := range map[string]string{"web_search_": "search", "web_fetch_": "fetch", "code_execution_": "code"} {
		if strings.HasPrefix(kindOf, prefix) {
			s.builtins = append(s.builtins, what)
			return
		}
	}
	declared := tool{name: t.get("name").str(), description: t.get("description").str()}
	switch {
	case kindOf == "" || kindOf == "custom":
		declared.words = schemaWords(t.get("input_schema"))
		s.tools = append(s.tools, declared)
	case strings.HasPrefix(kindOf, "bash_"):
		declared.words = map[string]bool{"property command": true, "property restart": true}
		s.tools = append(s.tools, declared)
	case strings.HasPrefix(kindOf, "text_editor_"), strings.HasPrefix(kindOf, "memory_"):
		declared.words = map[string]bool{"property command": true, "property path": true, "choice view": true}
		s.tools = append(s.tools, declared)
	case strings.HasPrefix(kindOf, "tool_search_tool_"):
	default:
		s.refusable("tool " + kindOf)
	}
}
