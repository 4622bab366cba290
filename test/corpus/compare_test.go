package main

import (
	"strings"
	"testing"
)

// A request, what becomes of it, and each way in which that could be wrong: a
// comparison that finds nothing proves nothing.
const (
	asked = `{"max_tokens":100,"temperature":0.5,"stop_sequences":["x"],"system":"Be brief.",
"tools":[{"name":"f","description":"Does f.","input_schema":{"properties":{"a":{"enum":["p","q"]}}}}],"tool_choice":{"type":"any"},
"messages":[{"role":"user","content":[{"type":"text","text":"one"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
{"role":"assistant","content":[{"type":"text","text":"two"},{"type":"tool_use","id":"c1","name":"f","input":{"a":"p"}}]},
{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"done","is_error":true},{"type":"text","text":"<system-reminder>r</system-reminder>"}]}]}`
	sent = `{"systemInstruction":{"parts":[{"text":"Be brief."}]},
"contents":[{"role":"user","parts":[{"text":"one"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},
{"role":"model","parts":[{"text":"two"},{"functionCall":{"id":"c1","name":"f","args":{"a":"p"}}}]},
{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"f","response":{"error":"done\n\n<system-reminder>r</system-reminder>"}}}]}],
"tools":[{"functionDeclarations":[{"name":"f","description":"Does f.","parametersJsonSchema":{"properties":{"a":{"enum":["p","q"]}}}}]}],
"toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
"generationConfig":{"maxOutputTokens":100,"temperature":0.5,"stopSequences":["x"],"thinkingConfig":{"thinkingLevel":"minimal"}}}`
)

func mustParse(t *testing.T, s string) value {
	t.Helper()
	v, err := parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCompare(t *testing.T) {
	want := readClaude(mustParse(t, asked))
	at := targets[1] // honors sampling
	if faults := compare(want, readGemini(mustParse(t, sent)), at); len(faults) > 0 {
		t.Fatalf("a right translation: %q", faults)
	}
	for _, c := range []struct{ name, old, new, fault string }{
		{"system lost", `"Be brief."`, `""`, "system text is lost"},
		{"text lost", `{"text":"one"},`, ``, `user text is lost: "one"`},
		{"text in another's mouth", `{"text":"two"},`, ``, "model text is lost"},
		{"text invented", `{"text":"one"}`, `{"text":"one"},{"text":"three"}`, "was invented"},
		{"file lost", `"data":"AAAA"`, `"data":"AAAB"`, "is lost"},
		{"type changed", `image/png`, `image/gif`, "is lost"},
		{"call renamed", `"id":"c1","name":"f","args"`, `"id":"c1","name":"g","args"`, `"f" became "g"`},
		{"arguments changed", `"args":{"a":"p"}`, `"args":{"a":"q"}`, "arguments"},
		{"result changed", `"done\n`, `"gone\n`, "became"},
		{"error hidden", `{"error":"done`, `{"output":"done`, "failed is false"},
		{"reminder lost", `\n\n<system-reminder>r</system-reminder>`, ``, "is lost"},
		{"result grew", `</system-reminder>"}`, `</system-reminder>!"}`, "was added"},
		{"tool lost", `{"name":"f","description":"Does f.","parametersJsonSchema":{"properties":{"a":{"enum":["p","q"]}}}}`, ``, `tool "f" is missing`},
		{"description lost", `Does f.`, `Does g.`, "description"},
		{"choice lost", `"enum":["p","q"]`, `"enum":["p"]`, "lost choice q"},
		{"tool choice", `"ANY"`, `"AUTO"`, "tool choice"},
		{"limit", `"maxOutputTokens":100`, `"maxOutputTokens":99`, "max tokens"},
		{"sampling", `"temperature":0.5`, `"temperature":0.6`, "temperature"},
		{"stop", `"stopSequences":["x"]`, `"stopSequences":[]`, "stop sequences"},
		{"format", `"maxOutputTokens"`, `"responseMimeType":"application/json","maxOutputTokens"`, "JSON output"},
	} {
		if !strings.Contains(sent, c.old) {
			t.Fatalf("%s: nothing to replace", c.name)
		}
		faults := compare(want, readGemini(mustParse(t, strings.Replace(sent, c.old, c.new, 1))), at)
		if !strings.Contains(strings.Join(faults, "\n"), c.fault) {
			t.Errorf("%s: got %q, want %q", c.name, faults, c.fault)
		}
	}
}

// All three client APIs can say the same, and then mean the same.
func TestReadersAgree(t *testing.T) {
	const schema = `{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"const":"p"}}}`
	claude := readClaude(mustParse(t, `{"max_tokens":7,"system":"s","tools":[{"name":"f","description":"d","input_schema":`+schema+`}],
"messages":[{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"text","text":"m"},{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},
{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"text","text":"r"}]}]}],"tool_choice":{"type":"tool","name":"f"}}`))
	chat := readChat(mustParse(t, `{"max_tokens":9,"max_completion_tokens":7,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":`+schema+`}}],
"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"m","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\": 1}"}}]},
{"role":"tool","tool_call_id":"c","content":"r"}],"tool_choice":{"type":"function","function":{"name":"f"}}}`))
	responses := readResponses(mustParse(t, `{"max_output_tokens":7,"instructions":"s","tools":[{"type":"function","name":"f","description":"d","parameters":`+schema+`}],
"input":[{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"output_text","text":"m"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"},
{"type":"function_call_output","call_id":"c","output":"r"}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}}`))
	if !claude.tools[0].words["choice p"] {
		t.Error("a reference was not followed")
	}
	for name, other := range map[string]*said{"chat": chat, "responses": responses} {
		if claude.shape() != other.shape() || claude.limits.choice != other.limits.choice || claude.limits.maxTokens != other.limits.maxTokens {
			t.Errorf("%s: %s %+v\nclaude: %s %+v", name, other.shape(), other.limits, claude.shape(), claude.limits)
		}
		for i, w := range pairsOf(claude) {
			if g := pairsOf(other)[i]; w.call.text != g.call.text || w.answer.text != g.answer.text {
				t.Errorf("%s: call %+v, want %+v", name, g, w)
			}
		}
	}
}

func pairsOf(s *said) []pair {
	p, _ := pairs(s.items)
	return p
}
