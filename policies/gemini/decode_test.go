package gemini

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
)

// brief writes events as one word each, so that a test reads like a trace.
func brief(events []conversation.Event) []string {
	var out []string
	for _, ev := range events {
		out = append(out, word(ev))
	}
	return out
}

func word(ev conversation.Event) string {
	if ev.Candidate > 0 {
		at := ev.Candidate
		ev.Candidate = 0
		return fmt.Sprintf("%d:%s", at, word(ev))
	}
	switch ev.Kind {
	case conversation.EventStart:
		return fmt.Sprintf("start(%s,%s,%d)", ev.ID, ev.Model, ev.Usage.Input)
	case conversation.EventThought:
		return "thought" + string(ev.Text)
	case conversation.EventText:
		return "text" + string(ev.Text)
	case conversation.EventCallStart:
		return fmt.Sprintf("call(%s,%s,%s)", ev.CallID, ev.Name, ev.Signature)
	case conversation.EventCallArgs:
		return "args" + string(ev.Args)
	case conversation.EventCallEnd:
		return "end"
	case conversation.EventSignature:
		return "signature(" + ev.Signature + ")"
	case conversation.EventMedia:
		return fmt.Sprintf("media(%s,%s,%s)", ev.Media.MIME, string(ev.Media.Data), ev.Signature)
	case conversation.EventCode:
		return fmt.Sprintf("code(%s,%s,%s)", ev.Name, string(ev.Text), ev.Signature)
	case conversation.EventCodeResult:
		return fmt.Sprintf("result(%s,%s,%s)", ev.Name, string(ev.Text), ev.Signature)
	case conversation.EventServerCall:
		return fmt.Sprintf("server(%s,%s,%s,%s)", ev.CallID, ev.Name, ev.Args, ev.Signature)
	case conversation.EventServerResult:
		return fmt.Sprintf("served(%s,%s,%s,%s)", ev.CallID, ev.Name, ev.Args, ev.Signature)
	case conversation.EventSources:
		return fmt.Sprintf("sources%v", *ev.Sources)
	case conversation.EventFinish:
		return fmt.Sprintf("finish(%d,%s,%d)", ev.Finish, ev.Note, ev.Usage.Output)
	}
	return fmt.Sprintf("unknown(%d)", ev.Kind)
}

// decode feeds the payloads and ends the answer.
func decode(t testing.TB, d *Decoder, payloads ...string) []string {
	t.Helper()
	var out []string
	for _, p := range payloads {
		data := []byte(p)
		events, status, err := d.Frame(nil, data)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		out = append(out, brief(events)...)
		if status != nil {
			out = append(out, "status("+status.String()+")")
		}
		clear(data) // events must not be needed any more, state must not refer to it
	}
	return append(out, brief(d.End(nil))...)
}

func parts(p string) string {
	return `{"candidates":[{"content":{"parts":[` + p + `],"role":"model"}}]}`
}

func TestDecoder(t *testing.T) {
	const start = "start(,,0)"
	stop := `{"candidates":[{"content":{"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"totalTokenCount":7}}`
	for _, c := range []struct {
		name string
		in   []string
		want []string
	}{
		{"text, finish apart", []string{
			`{"candidates": [{"content": {"parts": [{"text": "Hel"}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 3},"modelVersion": "m","responseId": "r"}`,
			parts(`{"text":"lo"}`), stop,
		}, []string{"start(r,m,3)", `text"Hel"`, `text"lo"`, "finish(1,,4)"}},
		{"escapes stay as they are", []string{parts(`{"text":"a\n\u003c\ud83d\ude00é"}`)}, []string{start, `text"a\n\u003c\ud83d\ude00é"`}},
		{"half a surrogate pair", []string{parts(`{"text":"a\ud83db"}`)}, []string{start, "text\"a\ufffdb\""}},
		{"invalid UTF-8", []string{parts("{\"text\":\"a\xffb\"}")}, []string{start, "text\"a\ufffdb\""}},
		{"thoughts", []string{parts(`{"thought":true,"text":"hm"},{"text":"yes","thought":false}`)}, []string{start, `thought"hm"`, `text"yes"`}},
		{"signature on text", []string{parts(`{"thoughtSignature":"c2ln\u003d","text":"a"}`)}, []string{start, `text"a"`, "signature(c2ln=)"}},
		{"signature on empty text", []string{parts(`{"text":"a"}`), parts(`{"text":"","thoughtSignature":"s"}`)}, []string{start, `text"a"`, "signature(s)"}},
		{"signature alone", []string{parts(`{"thoughtSignature":"s","partMetadata":{}}`)}, []string{start, "signature(s)"}},
		{"empty text", []string{parts(`{"text":""}`)}, []string{start}},
		{"call", []string{parts(`{"functionCall":{"name":"f","args":{"a": 1.0},"id":"i"},"thoughtSignature":"s"}`)}, []string{start, "call(i,F,s)", `args{"a": 1.0}`, "end"}},
		{"call without args", []string{parts(`{"functionCall":{"name":"f"}},{"functionCall":{"name":"g","args":null}}`)},
			[]string{start, "call(,F,)", "args{}", "end", "call(,G,)", "args{}", "end"}},
		{"args are mended", []string{parts("{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":\"\xff\"}}}")}, []string{start, "call(,F,)", "args{\"a\":\"\ufffd\"}", "end"}},
		{"call and stop apart", []string{parts(`{"functionCall":{"name":"f","args":{}}}`), stop}, []string{start, "call(,F,)", "args{}", "end", "finish(1,,4)"}},
		{"finish in mid-stream and again", []string{`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}`, parts(`{"text":"b"}`), `{"candidates":[{"finishReason":"MAX_TOKENS","finishMessage":"full"}]}`},
			[]string{start, `text"a"`, `text"b"`, "finish(2,full,0)"}},
		{"usage after the finish", []string{`{"candidates":[{"finishReason":"STOP"}]}`, `{"usageMetadata":{"candidatesTokenCount":9}}`}, []string{start, "finish(1,,9)"}},
		{"finish as a number", []string{`{"candidates":[{"finishReason":2}]}`}, []string{start, "finish(2,,0)"}},
		{"no finish is invented", []string{parts(`{"text":"a"}`)}, []string{start, `text"a"`}},
		{"refused prompt", []string{`{"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"no"},"usageMetadata":{"promptTokenCount":3}}`}, []string{"start(,,3)", "finish(5,SAFETY: no,0)"}},
		{"refused prompt, then a finish", []string{`{"promptFeedback":{"blockReason":3}}`, stop}, []string{start, "finish(5,BLOCKLIST,4)"}},
		{"refused in the answer", []string{parts(`{"text":"a"}`), `{"promptFeedback":{"blockReason":"OTHER"}}`}, []string{start, `text"a"`, "finish(4,OTHER,0)"}},
		{"feedback is no block", []string{`{"promptFeedback":{"safetyRatings":[]}}`, `{"promptFeedback":{"blockReason":0}}`}, []string{start}},
		{"content null, empty, missing", []string{`{"candidates":[{"content":null}]}`, `{"candidates":[{"content":{}}]}`, `{"candidates":[{}]}`, `{"candidates":null}`, `{"candidates":[null]}`, `{"candidates":[{"content":{"parts":null}}]}`, `{"candidates":[{"content":{"parts":[null,{}]}}]}`}, []string{start}},
		{"only the first candidate", []string{`{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"SAFETY","index":1},{"content":{"parts":[{"text":"a"}]},"index":0},{"content":{"parts":[{"text":"c"}]}}]}`}, []string{start, `text"a"`}},
		{"snake case", []string{`{"candidates":[{"content":{"parts":[{"function_call":{"name":"f","args":{}},"thought_signature":"s"}]},"finish_reason":"STOP","finish_message":"ok"}],"usage_metadata":{"prompt_token_count":2},"model_version":"m","response_id":"r"}`},
			[]string{"start(r,m,2)", "call(,F,s)", "args{}", "end", "finish(1,ok,0)"}},
		{"array", []string{"[" + parts(`{"text":"a"}`) + "\n,\r\n" + stop + "]\n"}, []string{start, `text"a"`, "finish(1,,4)"}},
		{"bom and blanks", []string{"\ufeff " + parts(`{"text":"a"}`) + "\r\n", "", " \n", "null", "{}", "[]"}, []string{start, `text"a"`}},
		{"two values", []string{parts(`{"text":"a"}`) + "\n" + parts(`{"text":"b"}`)}, []string{start, `text"a"`, `text"b"`}},
		{"error", []string{`{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}`}, []string{"status(503 UNAVAILABLE: m)"}},
		{"error in an array", []string{`[{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}]`}, []string{"status(503 UNAVAILABLE: m)"}},
		{"error after text", []string{parts(`{"text":"a"}`), `{"error":{"code":500}}`}, []string{start, `text"a"`, "status(500 :)"}},
		{"null error", []string{`{"error":null}`}, nil},
		{"code and output", []string{parts(`{"executableCode":{"language":"PYTHON","code":"x\n"},"thoughtSignature":"s"},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"7\n"}},{"codeExecutionResult":{"outcome":2}},{"executableCode":{"language":0}}`)},
			[]string{start, `code(python,"x\n",s)`, `result(OUTCOME_OK,"7\n",)`, `result(OUTCOME_FAILED,"",)`, `code(,"",)`}},
		{"image", []string{parts(`{"inlineData":{"mimeType":"image/png","data":"AAECAw=="},"thoughtSignature":"s"}`)}, []string{start, `media(image/png,"AAECAw==",s)`}},
		{"sketch in a thought", []string{parts(`{"inlineData":{"mimeType":"image/png","data":"AAECAw=="},"thought":true}`)}, []string{start}},
		{"server-side tools", []string{parts(`{"thoughtSignature":"s","toolCall":{"args":{"queries":["x"]},"id":"4f","toolType":"GOOGLE_SEARCH_WEB"}},{"toolResponse":{"id":"4f","response":{"a":1},"toolType":"GOOGLE_SEARCH_WEB"}},{"tool_call":{"tool_type":"T","tool_name":"n"}}`)},
			[]string{start, `server(4f,GOOGLE_SEARCH_WEB,{"queries":["x"]},s)`, `served(4f,GOOGLE_SEARCH_WEB,{"a":1},)`, `server(,n,{},)`}},
		{"log probabilities after the text", []string{parts(`{"text":"a"}`), `{"candidates":[{"logprobsResult":{"x":1}}]}`}, []string{start, `text"a"`, `text""`}},
		{"members twice: the last counts", []string{parts(`{"text":"a","text":"b"}`)}, []string{start, `text"b"`}},
	} {
		d := NewDecoder(strings.ToUpper)
		if diff := cmp.Diff(c.want, decode(t, d, c.in...)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestDecoderStreamedArguments(t *testing.T) {
	call := func(s string) string { return parts(`{"functionCall":` + s + `}`) }
	piece := func(path, value string) string {
		return call(`{"partialArgs":[{"jsonPath":"` + path + `",` + value + `}],"willContinue":true}`)
	}
	stop := `{"candidates":[{"content":{"parts":[{"functionCall":{}}]},"finishReason":"STOP"}]}`
	for _, c := range []struct {
		name string
		in   []string
		want []string
	}{
		{"as recorded", []string{
			parts(`{"functionCall":{"name":"f","willContinue":true},"thoughtSignature":"s"}`),
			piece("$.city", `"stringValue":"Bos","willContinue":true`), piece("$.city", `"stringValue":"ton","willContinue":true`),
			piece("$.city", `"stringValue":""`), piece("$.n", `"numberValue":2`), call(`{}`),
			call(`{"name":"g","willContinue":true}`), piece("$.b", `"boolValue":true`), stop,
		}, []string{"call(,f,s)", `args{"city":"Bos`, `argston`, `args","n":2`, `args}`, "end", "call(,g,)", `args{"b":true`, "args}", "end", "finish(1,,0)"}},
		{"all in one message", []string{call(`{"name":"f","partialArgs":[{"jsonPath":"$.a","numberValue":2},{"jsonPath":"$.b","nullValue":"NULL_VALUE"}]}`)},
			[]string{"call(,f,)", `args{"a":2,"b":null`, "args}", "end"}},
		{"closed by the last item", []string{call(`{"name":"f","willContinue":true}`), call(`{"partialArgs":[{"jsonPath":"$.a","numberValue":0.5}]}`)},
			[]string{"call(,f,)", `args{"a":0.5`, "args}", "end"}},
		{"snake case", []string{call(`{"name":"f","partial_args":[{"json_path":"$.a","string_value":"x","will_continue":true}],"will_continue":true}`), call(`{}`)},
			[]string{"call(,f,)", `args{"a":"x`, `args"}`, "end"}},
		{"no arguments", []string{call(`{"name":"f","willContinue":true}`), call(`{}`), call(`{}`)}, []string{"call(,f,)", "args{}", "end"}},
		{"nulls of a Python client", []string{call(`{"name":"f","args":null,"willContinue":true}`), call(`{"name":null,"partialArgs":[{"jsonPath":"$.a","stringValue":"x","numberValue":null,"boolValue":null,"nullValue":null}]}`)},
			[]string{"call(,f,)", `args{"a":"x`, `args"}`, "end"}},
		{"args at once after all", []string{call(`{"name":"f","willContinue":true}`), call(`{"args":{"a":1}}`)}, []string{"call(,f,)", `args{"a":1}`, "end"}},
		{"args complete the pieces", []string{call(`{"name":"f","willContinue":true}`), piece("$.a", `"stringValue":"x"`), call(`{"args":{"a":"x","b":1}}`)},
			[]string{"call(,f,)", `args{"a":"x`, `args","b":1`, `args}`, "end"}},
		{"the name again", []string{call(`{"name":"f","willContinue":true}`), call(`{"name":"f","partialArgs":[{"jsonPath":"$.a","numberValue":1}]}`)},
			[]string{"call(,f,)", `args{"a":1`, "args}", "end"}},
		{"another call closes it", []string{call(`{"name":"f","id":"1","willContinue":true}`), call(`{"name":"f","id":"2"}`)},
			[]string{"call(1,f,)", "args{}", "end", "call(2,f,)", "args{}", "end"}},
		{"text closes it", []string{call(`{"name":"f","willContinue":true}`), parts(`{"text":"a"}`)}, []string{"call(,f,)", "args{}", "end", `text"a"`}},
		{"the end closes it", []string{call(`{"name":"f","willContinue":true}`), piece("$.a", `"stringValue":"x"`)}, []string{"call(,f,)", `args{"a":"x`, `args"}`, "end"}},
	} {
		got := decode(t, NewDecoder(nil), c.in...)
		if diff := cmp.Diff(c.want, got[1:]); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestDecoderState(t *testing.T) {
	for _, c := range []struct {
		name, in                   string
		content, blocked, finished bool
		reason                     string
		unsupported                []string
	}{
		{"usage only", `{"usageMetadata":{"promptTokenCount":1}}`, false, false, false, "", nil},
		{"empty text", parts(`{"text":""}`), false, false, false, "", nil},
		{"signature alone", parts(`{"text":"","thoughtSignature":"s"}`), false, false, false, "", nil},
		{"closing message of a call", parts(`{"functionCall":{}}`), false, false, false, "", nil},
		{"text", parts(`{"text":"a"}`), true, false, false, "", nil},
		{"thought", parts(`{"text":"a","thought":true}`), true, false, false, "", nil},
		{"call", parts(`{"functionCall":{"name":"f","willContinue":true}}`), true, false, false, "", nil},
		{"image", parts(`{"inlineData":{"mimeType":"image/png","data":""}}`), true, false, false, "", nil},
		{"image in a thought", parts(`{"inlineData":{"mimeType":"image/png","data":""},"thought":true}`), true, false, false, "", []string{"inlineData in a thought"}},
		{"code", parts(`{"executableCode":{}},{"codeExecutionResult":{}}`), true, false, false, "", nil},
		{"server tools", parts(`{"toolCall":{"toolType":"x"},"thoughtSignature":"s"},{"tool_response":{}}`), true, false, false, "", nil},
		{"file", parts(`{"fileData":{"fileUri":"x"}}`), false, false, false, "", []string{"fileData"}},
		{"unknown part", parts(`{"hologram":{}},{"hologram":{}}`), false, false, false, "", []string{"hologram"}},
		{"unknown member of a text", parts(`{"text":"a","mood":"good"}`), true, false, false, "", nil},
		{"grounding", `{"candidates":[{"groundingMetadata":{"webSearchQueries":["x"]},"finishReason":"STOP"}]}`, false, false, true, "STOP", nil},
		{"blocked", `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}`, false, true, true, "PROHIBITED_CONTENT", nil},
		{"unknown reason", `{"candidates":[{"finishReason":"FAKE_ENUM"}]}`, false, false, true, "FAKE_ENUM", nil},
		{"number", `{"candidates":[{"finishReason":1}]}`, false, false, true, "STOP", nil},
		{"number that is not sure", `{"candidates":[{"finishReason":9}]}`, false, false, true, "9", nil},
	} {
		d := NewDecoder(nil)
		if _, _, err := d.Frame(nil, []byte(c.in)); err != nil {
			t.Fatal(err)
		}
		if d.Content() != c.content || d.Blocked() != c.blocked || d.Finished() != c.finished || d.Reason() != c.reason || !slices.Equal(d.Unsupported(), c.unsupported) {
			t.Errorf("%s: content %v, blocked %v, finished %v, reason %q, unsupported %v", c.name, d.Content(), d.Blocked(), d.Finished(), d.Reason(), d.Unsupported())
		}
	}
}

func TestDecoderRefuses(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"html", "<html>"},
		{"cut short", `{"candidates":[{"content":{"parts":[{"text":"a"`},
		{"text", `"a"`},
		{"number", `12`},
		{"nested arrays", `[[{}]]`},
		{"done", `[DONE]`},
		{"junk behind", `{} x`},
		{"comma missing", `{"candidates":[{} {}]}`},
		{"args of another type", parts(`{"functionCall":{"name":"f","args":[1]}}`)},
		{"arguments without a call", parts(`{"functionCall":{"partialArgs":[{"jsonPath":"$.a","numberValue":1}]}}`)},
		{"path to many values", parts(`{"functionCall":{"name":"f","partialArgs":[{"jsonPath":"$..a","numberValue":1}]}}`)},
		{"deep nesting", strings.Repeat("[", 20000)},
		{"deep nesting inside", `{"x":` + strings.Repeat("[", 20000)},
	} {
		if _, _, err := NewDecoder(nil).Frame(nil, []byte(c.in)); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

func TestDecoderEnd(t *testing.T) {
	d := NewDecoder(nil)
	if got := d.End(nil); len(got) != 0 {
		t.Errorf("End before anything gave %v", brief(got))
	}
	if _, _, err := d.Frame(nil, []byte(`{"candidates":[{"finishReason":"STOP"}]}`)); err != nil {
		t.Fatal(err)
	}
	if got := brief(d.End(nil)); !slices.Equal(got, []string{"finish(1,,0)"}) {
		t.Errorf("End gave %v", got)
	}
	if got := d.End(nil); len(got) != 0 {
		t.Errorf("second End gave %v", brief(got))
	}
	if _, _, err := d.Frame(nil, []byte(`{}`)); err == nil {
		t.Error("Frame after End gave no error")
	}
}

func TestUnsupportedIsBounded(t *testing.T) {
	d := NewDecoder(nil)
	for i := range 100 {
		in := parts(fmt.Sprintf(`{"%s%d":{}}`, strings.Repeat("x", i), i))
		if _, _, err := d.Frame(nil, []byte(in)); err != nil {
			t.Fatal(err)
		}
	}
	got := d.Unsupported()
	if len(got) != maxUnsupported {
		t.Errorf("%d kinds, want %d", len(got), maxUnsupported)
	}
}
