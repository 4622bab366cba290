package fakegemini

import (
	"strings"
	"testing"
)

const shellTool = `"tools":[{"functionDeclarations":[{"name":"read","parameters":{"type":"OBJECT","properties":{"path":{"type":"STRING"}},"required":["path"]}},{"name":"Bash","parametersJsonSchema":{"type":"object","properties":{"command":{"type":"string"},"timeout":{"type":"integer"}},"required":["command"]}}]}]`

// parsed is the folded reply of a unary request that must succeed.
func parsed(t *testing.T, s *Server, path, body string) *node {
	t.Helper()
	status, reply := send(t, s, path, body)
	if status != 200 {
		t.Fatalf("%d %s\nto %s", status, reply, body)
	}
	n, err := parseNode([]byte(reply))
	if err != nil {
		t.Fatal(err)
	}
	return n.member("candidates").elems[0]
}

func ask(text string) string { return `{"role":"user","parts":[{"text":` + quote(text) + `}]}` }

// A whole tool loop: the model's content goes back as it came, and the fake
// accepts its own signature.
func TestToolLoop(t *testing.T) {
	for _, path := range []string{studio25, studio35, vertex25, vertex35} {
		t.Run(path, func(t *testing.T) {
			s := Start(t)
			first := ask("please\nUSE-TOOL Bash {\"command\":\"ls -l\",\"timeout\":3}")
			c := parsed(t, s, path, `{"contents":[`+first+`],`+shellTool+`}`)
			call := c.member("content").member("parts").elems[0].member("functionCall")
			if call.member("name").str() != "Bash" || call.member("args").json() != `{"command":"ls -l","timeout":3}` {
				t.Fatalf("got %s", c.json())
			}
			id := ""
			if v := call.member("id"); v != nil {
				id = `"id":` + v.json() + `,`
			}
			if signed := strings.Contains(c.json(), "thoughtSignature"); signed != (path == studio35 || path == vertex35) {
				t.Errorf("signed: %v", signed)
			}
			answer := `{"role":"user","parts":[{"functionResponse":{` + id + `"name":"Bash","response":{"output":"total 42"}}}]}`
			history := `{"contents":[` + first + `,` + c.member("content").json() + `,` + answer + `],` + shellTool + `}`
			if got := parsed(t, s, path, history).json(); !strings.Contains(got, "The tool said: total 42") {
				t.Errorf("got %s", got)
			}
			// the same history with other arguments is not what was signed
			tampered := strings.Replace(history, `{"command":"ls -l","timeout":3}`, `{"command":"rm -r"}`, 1)
			if status, body := send(t, s, path, tampered); (path == studio35 || path == vertex35) && (status != 400 || errorMessage(t, body) != "Invalid thought signature.") {
				t.Errorf("tampered: %d %s", status, body)
			}
		})
	}
}

func TestAutoReplies(t *testing.T) {
	s := Start(t)
	toolsWith := func(config string) string { return shellTool + config + `}` }
	for _, tc := range []struct{ name, path, body, want string }{
		{"echo", studio25, `{"contents":[` + ask("tell me") + `]}`, `{"text":"You said: tell me"}`},
		{"echo is cut", studio25, `{"contents":[` + ask(strings.Repeat("é", 300)) + `]}`, `{"text":"You said: ` + strings.Repeat("é", 200) + `"}`},
		{"plain request prefers a shell", studio25, `{"contents":[` + ask("USE-TOOL") + `],` + toolsWith(""), `{"functionCall":{"name":"Bash","args":{"command":"echo heald-tool-ok"}}}`},
		{"named, args fitted", studio25, `{"contents":[` + ask("USE-TOOL read") + `],` + toolsWith(""), `{"functionCall":{"name":"read","args":{"path":"text"}}}`},
		{"two calls", studio25, `{"contents":[` + ask("USE-TOOL read {\"path\":\"a\"} USE-TOOL read {\"path\":\"b\"}") + `],` + toolsWith(""), `{"functionCall":{"name":"read","args":{"path":"a"}}},{"functionCall":{"name":"read","args":{"path":"b"}}}`},
		{"no such function", studio25, `{"contents":[` + ask("USE-TOOL write") + `],` + toolsWith(""), `{"text":"You said: USE-TOOL write"}`},
		{"mode NONE", studio25, `{"contents":[` + ask("USE-TOOL read") + `],` + toolsWith(`,"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}`), `{"text":"You said: USE-TOOL read"}`},
		{"mode ANY with a name", studio25, `{"contents":[` + ask("hello") + `],` + toolsWith(`,"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["read"]}}`), `{"functionCall":{"name":"read","args":{"path":"text"}}}`},
		{"thoughts", studio25, with(`"generationConfig":{"thinkingConfig":{"includeThoughts":true}}`), `{"text":"**Considering the request**\n\nI look at what is asked. ","thought":true},{"text":"You said: hi"}`},
		{"no thoughts when off", studio25, with(`"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":0}}`), `{"text":"You said: hi"}`},
		{"stop sequence", studio25, with(`"generationConfig":{"stopSequences":[": "]}`), `{"text":"You said"}`},
		{"json", studio25, with(`"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"a":{"type":"integer","minimum":3},"b":{"type":"string"},"c":{"$ref":"#/$defs/C"}},"required":["a","c"],"$defs":{"C":{"type":"array","items":{"enum":["x","y"]},"minItems":2}}}}`), `{"text":"{\"a\":3,\"c\":[\"x\",\"x\"]}"}`},
		{"json from a proto schema", studio25, with(`"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"ARRAY","items":{"type":"BOOLEAN"},"minItems":"1"}}`), `{"text":"[true]"}`},
		{"answer split from a reminder", studio25, `{"contents":[` + ask("go") + `,{"role":"model","parts":[{"functionCall":{"name":"a"}}]},{"role":"user","parts":[{"functionResponse":{"name":"a","response":{"error":"bad"}}}]},` + ask("<system-reminder>") + `]}`, `{"text":"The tool said: bad"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := parsed(t, s, tc.path, tc.body).member("content").member("parts").json()
			if got != "["+tc.want+"]" {
				t.Errorf("got  %s\nwant [%s]", got, tc.want)
			}
		})
	}
}

func TestAutoLimits(t *testing.T) {
	c := parsed(t, Start(t), studio25, with(`"generationConfig":{"maxOutputTokens":1}`))
	if c.member("finishReason").str() != "MAX_TOKENS" || !strings.Contains(c.json(), `"You "`) {
		t.Errorf("got %s", c.json())
	}
}

func TestAutoStreams(t *testing.T) {
	s := Start(t)
	_, body := send(t, s, stream35, hello)
	events := strings.Split(strings.TrimSuffix(body, "\r\n\r\n"), "\r\n\r\n")
	if len(events) < 3 {
		t.Fatalf("%d events", len(events))
	}
	last := events[len(events)-1]
	if !strings.Contains(last, `"text": "","thoughtSignature": "`) || !strings.Contains(last, `"finishReason": "STOP"`) || strings.Count(body, "finishReason") != 1 {
		t.Errorf("last %s", last)
	}
	// the unary reply is the stream, folded
	documents := make([]string, len(events))
	for i, e := range events {
		documents[i] = strings.TrimPrefix(e, "data: ")
	}
	_, whole := send(t, s, studio35, hello)
	if got := string(indented(fold(documents))); got != whole {
		t.Errorf("stream folds to %s\nunary %s", got, whole)
	}
}

// What instance makes must conform, at least to what the schema walk of this
// package can check of it: it is JSON, and objects have their required members.
func FuzzInstance(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#"}}},"required":["a"]}`)
	f.Add(`{"anyOf":[{"type":"null"},{"type":"string","format":"date"}]}`)
	f.Add(`{"type":"array","minItems":100,"items":{"$ref":"#"}}`)
	f.Fuzz(func(t *testing.T, schema string) {
		n, err := parseNode([]byte(schema))
		if err != nil {
			return
		}
		value, err := parseNode([]byte(instance(n)))
		if err != nil {
			t.Fatalf("%s: %v", schema, err)
		}
		if kindOf(n) != "object" || value.kind != '{' || n.member("$ref") != nil || n.kind != '{' {
			return
		}
		for _, r := range n.get("required").list() {
			if n.get("properties").member(r.str()) != nil && value.member(r.str()) == nil && n.get("enum") == nil && n.get("anyOf") == nil && n.get("oneOf") == nil {
				t.Errorf("%s lacks %q: %s", schema, r.str(), value.json())
			}
		}
	})
}
