package main

import (
	"strings"
)

// readGemini reads a generateContent request.
func readGemini(body value) *said {
	if inner := body.get("generateContentRequest"); inner.there() {
		body = inner // countTokens of AI Studio
	}
	s := &said{}
	for _, p := range body.get("systemInstruction", "parts").list() {
		s.add(item{slot: system, kind: text, text: p.get("text").str()})
	}
	for _, c := range body.get("contents").list() {
		who := user
		if c.get("role").str() == "model" {
			who = model
		}
		for _, p := range c.get("parts").list() {
			geminiPart(s, who, p)
		}
	}
	for _, t := range body.get("tools").list() {
		geminiTool(s, t)
	}
	s.limits = geminiLimits(body)
	return s
}

func geminiPart(s *said, who slot, p value) {
	switch {
	case p.get("thought").isTrue():
	case p.get("text").there():
		s.add(item{slot: who, kind: text, text: p.get("text").str()})
	case p.get("functionCall").there():
		c := p.get("functionCall")
		s.add(item{slot: who, kind: call, id: c.get("id").str(), name: c.get("name").str(), text: arguments(c.get("args"))})
	case p.get("functionResponse").there():
		s.add(geminiAnswer(p.get("functionResponse")))
	case p.get("inlineData").there(), p.get("fileData").there():
		s.add(item{slot: who, kind: file, media: []media{geminiMedia(p)}})
	}
}

func geminiAnswer(r value) item {
	out := item{slot: user, kind: result, id: r.get("id").str(), name: r.get("name").str()}
	response := r.get("response")
	switch failed := response.get("error"); {
	case failed.isString():
		out.failed, out.text = true, failed.str()
	case response.get("output").isString():
		out.text = response.get("output").str()
	default:
		out.text = response.canonical()
	}
	for _, p := range r.get("parts").list() {
		out.media = append(out.media, geminiMedia(p))
	}
	return out
}

func geminiMedia(p value) media {
	if d := p.get("inlineData"); d.there() {
		return newMedia(d.get("mimeType").str(), d.get("data").str())
	}
	return media{"", p.get("fileData", "fileUri").str()}
}

func geminiTool(s *said, t value) {
	for name, what := range map[string]string{"googleSearch": "search", "googleSearchRetrieval": "search", "urlContext": "fetch", "codeExecution": "code"} {
		if t.get(name).there() {
			s.builtins = append(s.builtins, what)
		}
	}
	for _, f := range t.get("functionDeclarations").list() {
		schema := f.get("parametersJsonSchema")
		if !schema.there() {
			schema = f.get("parameters")
		}
		s.tools = append(s.tools, tool{f.get("name").str(), f.get("description").str(), schemaWords(schema)})
	}
}

func geminiLimits(body value) limits {
	c := body.get("generationConfig")
	l := limits{
		maxTokens: c.get("maxOutputTokens").count(), temperature: float(c.get("temperature")),
		topP: float(c.get("topP")), topK: float(c.get("topK")), seed: float(c.get("seed")),
		think: geminiThinking(c.get("thinkingConfig")),
		json:  strings.HasSuffix(c.get("responseMimeType").str(), "json"),
	}
	for _, v := range c.get("stopSequences").elements() {
		l.stop = append(l.stop, v.str())
	}
	for _, name := range []string{"responseJsonSchema", "responseSchema"} {
		if schema := c.get(name); schema.there() {
			l.words = schemaWords(schema)
		}
	}
	f := body.get("toolConfig", "functionCallingConfig")
	names := f.get("allowedFunctionNames").elements()
	switch mode := strings.ToUpper(f.get("mode").str()); {
	case mode == "ANY" && len(names) == 1:
		l.choice = "named:" + names[0].str()
	case mode == "ANY":
		l.choice = "any"
	case mode == "NONE":
		l.choice = "none"
	case mode == "AUTO", mode == "VALIDATED":
		l.choice = "auto"
	}
	return l
}
