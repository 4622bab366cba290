package native

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/gemini/media"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// historyTargets are models that differ in what they want of a history.
func historyTargets() (out []gemini.Target) {
	for _, model := range []string{"gemini-2.5-flash", "gemini-3.1-pro-preview", "gemini-3.5-flash", "gemini-3.8-flash"} {
		out = append(out, gemini.Target{Model: model},
			gemini.Target{Kind: gemini.Vertex, Project: "p", Location: "global", Model: model})
	}
	return out
}

const (
	userHi  = `{"role":"user","parts":[{"text":"hi"}]}`
	callA   = `{"functionCall":{"id":"1","name":"a","args":{}},"thoughtSignature":"QQ=="}`
	callB   = `{"functionCall":{"id":"2","name":"b","args":{}}}`
	answerA = `{"functionResponse":{"id":"1","name":"a","response":{"output":"x"}}}`
	answerB = `{"functionResponse":{"id":"2","name":"b","response":{"output":"y"}}}`
)

func user(parts ...string) string {
	return `{"role":"user","parts":[` + strings.Join(parts, ",") + `]}`
}

func model(parts ...string) string {
	return `{"role":"model","parts":[` + strings.Join(parts, ",") + `]}`
}

// A history that upstream would refuse, or answer with nothing, becomes one that
// it takes, by the rules that hold for all APIs. want is what Gemini 3.5 gets.
func TestHistory(t *testing.T) {
	server := fakegemini.Start(t, fakegemini.Options{PresenceOnly: true})
	const goesOn = `{"role":"user","parts":[{"text":"(conversation continues)"}]}`
	noIDs := func(s string) string { return strings.NewReplacer(`"id":"1",`, "", `"id":"2",`, "").Replace(s) }
	madeIDs := func(s string) string {
		return strings.NewReplacer(`"id":"1",`, "", `"id":"2",`, "", `"args":{}}`, `"args":{},"id":"ID"}`, `"}}}`, `"},"id":"ID"}}`).Replace(s)
	}
	numbered := func(s string, ids ...string) string {
		for _, id := range ids {
			s = strings.Replace(s, "ID", id, 1)
		}
		return s
	}
	const (
		pixel  = `{"inlineData":{"mimeType":"image/png","data":"QQ=="}}`
		sound  = `{"inlineData":{"mimeType":"audio/wav","data":"QQ=="}}`
		noFile = `{"inlineData":{"mimeType":"image/png","data":""}}`
	)
	withFiles := func(files ...string) string {
		return strings.TrimSuffix(answerA, "}}") + `,"parts":[` + strings.Join(files, ",") + `]}}`
	}
	response := func(r string) string {
		return `{"functionResponse":{"id":"1","name":"a","response":` + r + `}}`
	}
	for _, c := range []struct {
		name     string
		contents []string
		want     []string // nil: as it came
	}{
		{"fit", []string{userHi, model(callA, callB), user(answerA, answerB), model(`{"text":"done"}`), userHi}, nil},
		{"fit, answers in another order", []string{userHi, model(callA, callB), user(answerB, answerA)}, nil},
		{"an answer first", []string{user(answerA), userHi}, []string{user(`{"text":"[tool result a] x"}`, `{"text":"hi"}`)}},
		{"a call first", []string{model(callA), user(answerA)}, []string{goesOn, model(callA), user(answerA)}},
		{"a model's text first", []string{model(`{"text":"Hello."}`), userHi}, []string{goesOn, model(`{"text":"Hello."}`), userHi}},
		{"an orphan among answers", []string{userHi, model(callA), user(answerA, answerB)}, []string{userHi, model(callA), user(answerA), user(`{"text":"[tool result b] y"}`)}},
		{"a response in words for an orphan", []string{userHi, user(`{"functionResponse":{"name":"z","response":{"a":1,"b":"c"}}}`)},
			[]string{user(`{"text":"hi"}`, `{"text":"[tool result z] {\"a\":1,\"b\":\"c\"}"}`)}},
		{"a response of text for an orphan", []string{userHi, user(`{"functionResponse":{"name":"z","response":"w"}}`)}, []string{user(`{"text":"hi"}`, `{"text":"[tool result z] w"}`)}},
		{"an answer is missing", []string{userHi, model(callA, callB), user(answerA)},
			[]string{userHi, model(callA, callB), user(answerA, `{"functionResponse":{"id":"2","name":"b","response":{"error":"tool result missing"}}}`)}},
		{"all answers are missing", []string{userHi, model(callA), userHi},
			[]string{userHi, model(callA), user(`{"functionResponse":{"id":"1","name":"a","response":{"error":"tool result missing"}}}`), userHi}},
		{"a call at the end", []string{userHi, model(callA)},
			[]string{userHi, model(callA), user(`{"functionResponse":{"id":"1","name":"a","response":{"error":"tool result missing"}}}`)}},
		{"answers in several contents", []string{userHi, model(callA, callB), user(answerA), user(answerB)}, []string{userHi, model(callA, callB), user(answerA, answerB)}},
		{"text between answers", []string{userHi, model(callA, callB), user(answerA), userHi, user(answerB)}, []string{userHi, model(callA, callB), user(answerA, answerB), userHi}},
		{"an answer later", []string{userHi, model(callA), userHi, model(`{"text":"m"}`), user(answerA)},
			[]string{userHi, model(callA), user(answerA), userHi, model(`{"text":"m"}`)}},
		{"text beside the answer", []string{userHi, model(callA), user(`{"text":"s"}`, answerA, `{"text":"t"}`)}, []string{userHi, model(callA), user(answerA), user(`{"text":"s"}`, `{"text":"t"}`)}},
		{"calls in several contents", []string{userHi, model(callA), model(callB), user(answerA, answerB)}, []string{userHi, model(callA, callB), user(answerA, answerB)}},
		{"a call of the user's", []string{userHi, user(callA), user(answerA)}, []string{userHi, model(callA), user(answerA)}},
		{"an answer of the model's", []string{userHi, model(callA, answerA)}, []string{userHi, model(callA), user(answerA)}},
		{"a call without role", []string{userHi, `{"parts":[` + callA + `]}`, `{"parts":[` + answerA + `]}`}, []string{userHi, `{"parts":[` + callA + `],"role":"model"}`, `{"parts":[` + answerA + `]}`}},
		{"roles of others", []string{userHi, `{"role":"assistant","parts":[` + callA + `]}`, `{"role":"tool","parts":[` + answerA + `]}`}, []string{userHi, model(callA), user(answerA)}},
		{"empty text beside others", []string{user(`{"text":""}`, `{"text":"hi"}`)}, []string{userHi}},
		{"parts without data", []string{user(`{}`, `{"text":"hi"}`, `{"thought":false}`, `{"text":null}`)}, []string{userHi}},
		{"contents without parts", []string{userHi, `{"role":"model"}`, `{"role":"model","parts":[]}`, `{"role":"model","parts":null}`, userHi}, []string{user(`{"text":"hi"}`, `{"text":"hi"}`)}},
		{"a signature without its empty text", []string{userHi, model(`{"text":"m"}`, `{"thoughtSignature":"QQ=="}`), userHi},
			[]string{userHi, model(`{"text":"m"}`, `{"text":"","thoughtSignature":"QQ=="}`), userHi}},
		{"an answer without name", []string{userHi, model(callA), user(strings.Replace(answerA, `"name":"a",`, "", 1))},
			[]string{userHi, model(callA), user(`{"functionResponse":{"id":"1","response":{"output":"x"},"name":"a"}}`)}},
		{"an answer by another name", []string{userHi, model(callA), user(strings.Replace(answerA, `"name":"a"`, `"name":"z"`, 1))}, []string{userHi, model(callA), user(answerA)}},
		{"a response of text", []string{userHi, model(callA), user(response(`"x"`))}, []string{userHi, model(callA), user(response(`{"output":"x"}`))}},
		{"a list as response", []string{userHi, model(callA), user(response(`[1,{"a":2}]`))}, []string{userHi, model(callA), user(response(`{"output":[1,{"a":2}]}`))}},
		{"no response", []string{userHi, model(callA), user(`{"functionResponse":{"id":"1","name":"a"}}`)}, []string{userHi, model(callA), user(response(`{"output":""}`))}},
		{"null as response", []string{userHi, model(callA), user(response(`null`))}, []string{userHi, model(callA), user(response(`{"output":""}`))}},
		{"a reference in the response", []string{userHi, model(callA), user(response(`{"schema":{"$ref":"#/x"}}`))},
			[]string{userHi, model(callA), user(response(`{"output":"{\"schema\":{\"$ref\":\"#/x\"}}"}`))}},
		{"arguments as text", []string{userHi, model(strings.Replace(callA, `{}`, `"{\"n\":1}"`, 1)), user(answerA)}, []string{userHi, model(strings.Replace(callA, `{}`, `{"n":1}`, 1)), user(answerA)}},
		{"a list of arguments", []string{userHi, model(strings.Replace(callA, `{}`, `[1]`, 1)), user(answerA)}, []string{userHi, model(strings.Replace(callA, `{}`, `{"value":[1]}`, 1)), user(answerA)}},
		{"empty arguments", []string{userHi, model(strings.Replace(callA, `{}`, `""`, 1)), user(answerA)}, []string{userHi, model(callA), user(answerA)}},
		{"no ids", []string{userHi, model(noIDs(callA), noIDs(callB)), user(noIDs(answerA), noIDs(answerB))},
			[]string{userHi, numbered(model(madeIDs(callA), madeIDs(callB)), "call_1_0", "call_1_1"), numbered(user(madeIDs(answerA), madeIDs(answerB)), "call_1_0", "call_1_1")}},
		{"no ids, answers in another order", []string{userHi, model(noIDs(callA), noIDs(callB)), user(noIDs(answerB), noIDs(answerA))},
			[]string{userHi, numbered(model(madeIDs(callA), madeIDs(callB)), "call_1_0", "call_1_1"), numbered(user(madeIDs(answerA), madeIDs(answerB)), "call_1_0", "call_1_1")}},
		{"no id on the answer", []string{userHi, model(callA), user(noIDs(answerA))}, []string{userHi, model(callA), numbered(user(madeIDs(answerA)), "1")}},
		{"no id on the call", []string{userHi, model(noIDs(callA)), user(answerA)},
			[]string{userHi, numbered(model(madeIDs(callA)), "call_1_0"), user(strings.Replace(answerA, `"1"`, `"call_1_0"`, 1))}},
		{"sound in an answer", []string{userHi, model(callA), user(withFiles(sound, pixel))},
			[]string{userHi, model(callA), user(withFiles(pixel)), user(`{"text":"[files of tool result 1 (a)]"}`, sound)}},
		{"a file of an orphan", []string{userHi, user(withFiles(pixel))}, []string{user(`{"text":"hi"}`, `{"text":"[tool result a] x"}`, pixel)}},
		{"empty files", []string{userHi, model(callA), user(withFiles(noFile)), model(`{"text":"m"}`), user(noFile), userHi},
			[]string{userHi, model(callA), user(withFiles()), model(`{"text":"m"}`), userHi}},
		{"an unsigned call of an earlier turn", []string{userHi, model(callB), user(answerB), userHi},
			[]string{userHi, model(strings.TrimSuffix(callB, "}") + `,"thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="}`), user(answerB), userHi}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := []byte(`{"contents":[` + strings.Join(c.contents, ",") + `]}`)
			for _, target := range historyTargets() {
				got, req := repairedHistory(t, body, target)
				if answered, reply := ask(t, server, target.Path(0, true), got); !answered {
					t.Errorf("%+v: %s\n%s", target, reply, got)
				}
				if again, _ := repairedHistory(t, got, target); !bytes.Equal(again, got) {
					t.Errorf("%+v: again\n%s\nafter\n%s", target, again, got)
				}
				if target != (gemini.Target{Model: "gemini-3.5-flash"}) {
					continue
				}
				want := string(body)
				if c.want != nil {
					want = `{"contents":[` + strings.Join(c.want, ",") + `]}`
				} else if &got[0] != &body[0] {
					t.Error("a fit body was copied")
				}
				if string(got) != want {
					t.Errorf("got  %s\nwant %s\n%v", got, want, req.Warnings)
				}
			}
		})
	}
}

// What a model said last stays where it is more than text, which alone can be
// quoted.
func TestLastTurnOfTheModel(t *testing.T) {
	const wish = `{"role":"user","parts":[{"text":"Continue your previous message; output only the continuation."}]}`
	for _, part := range []string{
		`{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}`,
		`{"fileData":{"mimeType":"image/png","fileUri":"https://a/b.png"}}`,
		`{"executableCode":{"language":"PYTHON","code":"1"}}`,
		`{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}}`,
		`{"toolCall":{"id":"t","toolType":"GOOGLE_SEARCH_WEB"}},{"toolResponse":{"id":"t","toolType":"GOOGLE_SEARCH_WEB"}}`,
		`{"unheardOf":{"x":1}}`,
	} {
		body := `{"contents":[` + userHi + "," + model(`{"text":"Here:"}`, part)
		got, req := repairedHistory(t, []byte(body+"]}"), gemini.Target{Model: "gemini-3.8-flash"})
		if want := body + "," + wish + "]}"; string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if len(req.Warnings) != 1 {
			t.Errorf("%s: warnings %v", part, req.Warnings)
		}
	}
}

func repairedHistory(t *testing.T, body []byte, target gemini.Target) ([]byte, *conversation.Request) {
	t.Helper()
	req := &conversation.Request{Stream: true}
	got, _, err := New().Repair(req, body, target, gemini.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return got, req
}

// Whatever stands in a history and in whatever order, each model takes what is
// made of it.
func TestAnyHistoryIsTaken(t *testing.T) {
	server := fakegemini.Start(t, fakegemini.Options{PresenceOnly: true})
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	const onePixel = `"data":"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"}}`
	file := func() string {
		return `{"inlineData":{` + pick(`"mimeType":"image/png","data":"QQ=="}}`, `"mimeType":"image/gif",`+onePixel, onePixel, `"mimeType":"audio/wav","data":"QQ=="}}`,
			`"mimeType":"image/png","data":""}}`, `"mimeType":"image/png","data":"!"}}`, `"mimeType":"application/octet-stream","data":"AAE="}}`)
	}
	answer := func() string { return pick(`{}`, `{"output":"o"}`, `"o"`, `null`, `[1]`) }
	part := func() string {
		name, id := pick(`"a"`, `"b"`), pick("", `"id":"1",`, `"id":"2",`, `"id":"3",`)
		switch random.IntN(10) {
		case 0:
			return pick(`{}`, `{"text":""}`, `{"text":"","thoughtSignature":"QQ=="}`, `{"thoughtSignature":"QQ=="}`, `{"text":null}`)
		case 1, 2:
			return pick(`{"text":"t"}`, `{"text":"<system-reminder>r</system-reminder>"}`, file())
		case 3, 4, 5:
			return `{"functionCall":{` + id + `"name":` + name + pick(``, `,"args":{}`, `,"args":"x"`, `,"args":[]`) + `}` + pick(``, `,"thoughtSignature":"QQ=="`) + `}`
		}
		return `{"functionResponse":{` + id + pick(``, `"name":`+name+`,`, `"name":`+name+`,`) + `"response":` + pick(`{"$ref":"x"}`, answer(), answer()+`,"parts":[`+file()+`]`, answer()+`,"parts":[`+file()+`,`+file()+`]`, answer()+`,"parts":`+file()) + `}` + pick(``, ``, `,"thoughtSignature":"QQ=="`) + `}`
	}
	targets := historyTargets()
	for n := range 2000 {
		contents := make([]string, 1+random.IntN(6))
		for i := range contents {
			parts := make([]string, random.IntN(4))
			for j := range parts {
				parts[j] = part()
			}
			contents[i] = `{` + pick(`"role":"user",`, `"role":"model",`, `"role":"model",`, `"role":"function",`, ``) + `"parts":[` + strings.Join(parts, ",") + `]}`
		}
		contents = append(contents, userHi) // so that there is something to answer
		body := fmt.Appendf(nil, `{"contents":[%s]}`, strings.Join(contents, ","))
		target := targets[n%len(targets)]
		got, _ := repairedHistory(t, body, target)
		if answered, reply := ask(t, server, target.Path(0, true), got); !answered {
			t.Fatalf("%+v: %s\n%s\nof\n%s", target, reply, got, body)
		}
		if again, _ := repairedHistory(t, got, target); !bytes.Equal(again, got) {
			t.Fatalf("%+v: again\n%s\nafter\n%s", target, again, got)
		}
	}
}

// After a refusal the files of the history give way and those of the last
// message stay, also where the history is mended and the contents move.
func TestOmittedFilesOfAMendedHistory(t *testing.T) {
	const file, last = `{"inlineData":{"mimeType":"text/plain","data":"QQ=="}}`, `{"inlineData":{"mimeType":"text/plain","data":"Qg=="}}`
	answer := strings.TrimSuffix(answerA, "}}") + `,"parts":[` + last + `]}}`
	body := `{"contents":[` + strings.Join([]string{user(file), user(file), model(callA), user(last, answer)}, ",") + `]}`
	for _, target := range historyTargets() {
		req := &conversation.Request{}
		got, _, err := New().Repair(req, []byte(body), target, gemini.Options{OmitMedia: media.Odd})
		if err != nil || bytes.Count(got, []byte(`"QQ=="}}`)) != 0 || bytes.Count(got, []byte(`"Qg=="}}`)) != 2 ||
			bytes.Count(got, []byte("refused a file")) != 2 || len(req.Warnings) != 2 {
			t.Errorf("%+v: %v, %v\n%s", target, err, req.Warnings, got)
		}
	}
}

// Where a conversation has too many pictures to convert, the oldest go without,
// those of results included.
func TestNewestPicturesFirst(t *testing.T) {
	var buf bytes.Buffer
	if err := gif.Encode(&buf, image.NewPaletted(image.Rect(0, 0, 4000, 2250), color.Palette{color.White, color.Black}), nil); err != nil {
		t.Fatal(err)
	}
	file := `{"inline_data":{"mime_type":"image/gif","data":"` + base64.StdEncoding.EncodeToString(buf.Bytes()) + `"}}`
	answer := strings.TrimSuffix(answerA, "}}") + `,"parts":[` + file + `]}}`
	body := `{"contents":[` + strings.Join([]string{user(file, file), model(callA), user(answer)}, ",") + `]}`
	for _, target := range historyTargets() {
		req := &conversation.Request{}
		got, _, err := New().Repair(req, []byte(body), target, gemini.Options{})
		if err != nil {
			t.Fatal(err)
		}
		dropped, first := bytes.Index(got, []byte("too many pictures")), bytes.Index(got, []byte("image/png"))
		if bytes.Count(got, []byte("image/png")) != 2 || bytes.Count(got, []byte("too many pictures")) != 1 || dropped > first {
			t.Errorf("%+v: %d, %d: %v", target, dropped, first, req.Warnings)
		}
		gone := errors.New("gone")
		if _, _, err := New().Repair(req, []byte(body), target, gemini.Options{Gone: func() error { return gone }}); err == nil {
			t.Error("a client that has gone is served")
		}
	}
}
