package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// asking is how a dialect words a request with one message.
type asking struct {
	name string
	path [2]string // stream, whole
	// body is the request: %s are other members, whether it streams, the
	// system text's member, and the message's text.
	body   string
	system string // %s is the text
	// one and tools are the members that ask for one token and bring a tool.
	one, tools string
	// end closes a stream of this dialect.
	end string
}

func jsonString(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// ask words a request. more is one, tools, both or "".
func (d asking) ask(stream bool, system, more, message string) string {
	if system != "" {
		system = fmt.Sprintf(d.system, jsonString(system))
	}
	return strings.NewReplacer("$more", more, "$stream", fmt.Sprint(stream), "$system", system, "$message", jsonString(message)).Replace(d.body)
}

var askings = []asking{
	{
		name: "claude", path: [2]string{"/v1/messages?beta=true", "/v1/messages"},
		body:   `{"model":"claude-haiku-4-5",$more$system"max_tokens":512,"stream":$stream,"messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":$message}]}]}`,
		system: `"system":[{"type":"text","text":"You are Claude Code."},{"type":"text","text":%s}],`,
		tools:  `"tools":[{"name":"ls","input_schema":{"type":"object"}}],`,
		end:    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	},
	{
		name: "chat", path: [2]string{"/v1/chat/completions", "/v1/chat/completions"},
		body:   `{"model":"gpt-5.5-mini",$more"stream":$stream,"messages":[$system{"role":"user","content":$message}]}`,
		system: `{"role":"system","content":%s},`,
		one:    `"max_completion_tokens":1,`, tools: `"tools":[{"type":"function","function":{"name":"ls"}}],`,
		end: "data: [DONE]\n\n",
	},
	{
		name: "responses", path: [2]string{"/v1/responses", "/v1/responses"},
		body:   `{"model":"gpt-5.5-mini",$more$system"store":false,"stream":$stream,"input":[{"role":"user","content":$message}]}`,
		system: `"instructions":%s,`,
		one:    `"max_output_tokens":1,`, tools: `"tools":[{"type":"function","name":"ls","parameters":{"type":"object"}}],`,
		end: "\n\n",
	},
	{
		name: "gemini", path: [2]string{nativeStream, nativeWhole},
		body:   `{$more$system"contents":[{"role":"user","parts":[{"text":$message}]}]}`,
		system: `"systemInstruction":{"parts":[{"text":%s}]},`,
		one:    `"generationConfig":{"maxOutputTokens":1},`, tools: `"tools":[{"functionDeclarations":[{"name":"ls"}]}],`,
		end: "\r\n\r\n",
	},
}

// What Claude Code says in its side requests.
const (
	topicPrompt  = "Analyze if this message indicates a new conversation topic."
	titlePrompt  = "Generate a concise, sentence-case title"
	titleMessage = "Please write a 5-10 word title for the following conversation:"
)

const everythingLocal = "local.warmup=true,local.title=true,local.topic=true"

// localReplyTo returns the reply that comes without upstream, or nil.
func (r rig) localReplyTo(t *testing.T, path, set, body string) *policies.Reply {
	t.Helper()
	a := r.begin(1, "", policies.HeaderSet, set)
	a.in.Path = path
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	forward, reply := a.RequestBody(context.Background(), []byte(body))
	if reply != nil && reply.Verdict != policies.Pass {
		t.Fatalf("refused: %s\n%s", reply.Body, body)
	}
	if (forward == nil) == (reply == nil) {
		t.Fatal("neither or both")
	}
	a.Close(policies.EndComplete)
	return reply
}

func TestLocalAnswers(t *testing.T) {
	topic := topicPrompt + " If it does, extract a title. Format your response as a JSON object."
	title := titlePrompt + " (3-7 words) that captures the main topic. Return JSON."
	for _, c := range []struct {
		kind, setting   string
		system, message string
		tools           bool
		answer          string
	}{
		{heal.ReasonWarmup, "local.warmup", "", "Warmup", false, "OK"},
		{heal.ReasonWarmup, "local.warmup", "You are an agent.", "Warmup", true, "OK"},
		{heal.ReasonTopic, "local.topic", topic, "fix the login", false, `{"isNewTopic": false, "title": null}`},
		{heal.ReasonTitle, "local.title", title, "<session>\nfix the login of \"Ada\" & co please\n</session>", false, `{"title": "fix the login of Ada &"}`},
		{heal.ReasonTitle, "local.title", "", titleMessage + "\n\nUser: fix the login.", false, "fix the login"},
	} {
		for _, d := range askings {
			for i, mode := range []string{"stream", "whole"} {
				t.Run(c.kind+"/"+d.name+"/"+mode, func(t *testing.T) {
					r, counted := newRig(t, nil).counting(t)
					more := ""
					if c.tools {
						more = d.tools
					}
					body := d.ask(mode == "stream", c.system, more, c.message)
					for _, set := range []string{"local.warmup", "local.title", "local.topic"} {
						if set != c.setting && r.localReplyTo(t, d.path[i], set+"=true", body) != nil {
							t.Errorf("answered by %s", set)
						}
					}
					if r.localReplyTo(t, d.path[i], "", body) != nil {
						t.Fatal("answered although it is off")
					}
					reply := r.localReplyTo(t, d.path[i], c.setting+"=true", body)
					if reply == nil {
						t.Fatalf("went upstream: %s", body)
					}
					if reply.Status != 200 || reply.Reason != c.kind || reply.Headers.Get("x-heald-local") != c.kind || reply.Headers.Get("x-heald-attempts") != "1" {
						t.Errorf("%+v", reply)
					}
					if mode == "whole" && !json.Valid(reply.Body) {
						t.Errorf("no JSON: %s", reply.Body)
					}
					if mode == "stream" && (!strings.HasSuffix(string(reply.Body), d.end) || !strings.HasPrefix(reply.Headers.Get("content-type"), "text/event-stream")) {
						t.Errorf("not ended, or no stream: %q %q", reply.Headers, reply.Body)
					}
					if got := saidIn(t, d.name, reply.Body); mode == "whole" && got != c.answer {
						t.Errorf("answer %q, want %q", got, c.answer)
					}
					if got := counted("heald_local_answers_total", c.kind); got != 1 {
						t.Errorf("%v counted", got)
					}
					lines := r.log.FilterMessage("request finished").All()
					if last := lines[len(lines)-1].ContextMap(); last["outcome"] != "local" || last["asked_upstream"] != false {
						t.Errorf("log %v", last)
					}
				})
			}
		}
	}
}

// saidIn finds the answer's text in a document.
func saidIn(t *testing.T, dialect string, body []byte) string {
	t.Helper()
	if !json.Valid(body) {
		return "" // a stream
	}
	type text struct{ Text string }
	var m struct {
		Content    []text
		Choices    []struct{ Message struct{ Content string } }
		Output     []struct{ Content []text }
		Candidates []struct{ Content struct{ Parts []text } }
	}
	decodeTo(t, body, &m)
	switch dialect {
	case "claude":
		return m.Content[0].Text
	case "chat":
		return m.Choices[0].Message.Content
	case "responses":
		return m.Output[len(m.Output)-1].Content[0].Text
	}
	return m.Candidates[0].Content.Parts[0].Text
}

func TestQuotaProbe(t *testing.T) {
	for _, d := range askings {
		if d.one == "" {
			continue // see below
		}
		if newRig(t, nil).localReplyTo(t, d.path[1], "local.warmup=true", d.ask(false, "", d.one, "quota")) == nil {
			t.Errorf("%s: went upstream", d.name)
		}
		for _, x := range []struct{ system, more, message string }{
			{"", "", "quota"}, {"x", d.one, "quota"}, {"", d.one, "quota?"}, {"", d.one + d.tools, "quota"},
		} {
			if newRig(t, nil).localReplyTo(t, d.path[1], everythingLocal, d.ask(false, x.system, x.more, x.message)) != nil {
				t.Errorf("%s: %+v was taken for a probe", d.name, x)
			}
		}
	}
	probe := `{"model":"claude-haiku-4-5","max_tokens":1,"messages":[{"role":"user","content":"quota"}],"metadata":{"user_id":"u"}}`
	if newRig(t, nil).localReplyTo(t, "/v1/messages?beta=true", "local.warmup=true", probe) == nil {
		t.Error("Claude Code's probe went upstream")
	}
}

// What is work must reach a model, whatever it quotes and whatever stands in
// its history.
func TestWorkIsNotAnsweredHere(t *testing.T) {
	tools := `"tools":[{"name":"Bash","input_schema":{"type":"object"}}],`
	for name, body := range map[string]string{
		"a word more":          `"messages":[{"role":"user","content":"Warmup exercises?"}]`,
		"another case":         `"messages":[{"role":"user","content":"warmup"}]`,
		"in the history":       `"messages":[{"role":"user","content":"Warmup"},{"role":"assistant","content":"OK"},{"role":"user","content":"fix it"}]`,
		"the model's own word": `"messages":[{"role":"user","content":"say it"},{"role":"assistant","content":"Warmup"}]`,
		"beside an image":      `"messages":[{"role":"user","content":[{"type":"text","text":"Warmup"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]`,
		"a tool's output":      `"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"Bash","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"Warmup"}]}]`,
		"quoted instructions":  `"system":"Never say: ` + topicPrompt + `","messages":[{"role":"user","content":"hi"}]`,
		"with tools":           tools + `"system":"` + topicPrompt + `","messages":[{"role":"user","content":"hi"}]`,
		"a title with tools":   tools + `"messages":[{"role":"user","content":"` + titleMessage + ` x"}]`,
		"a title, quoted":      `"messages":[{"role":"user","content":"What is: ` + titleMessage + `"}]`,
		"the topic as message": `"messages":[{"role":"user","content":"` + topicPrompt + `"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			if reply := newRig(t, nil).localReplyTo(t, "/v1/messages", everythingLocal, `{"model":"gemini-3.5-flash","max_tokens":9,`+body+`}`); reply != nil {
				t.Errorf("answered: %s", reply.Body)
			}
		})
	}
	if newRig(t, nil).localReplyTo(t, "/v1/messages/count_tokens", everythingLocal, `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"Warmup"}]}`) != nil {
		t.Error("a count was answered with words")
	}
}

func TestWarmupBeforeReminders(t *testing.T) {
	body := `{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"Warmup"},{"role":"system","content":"today is Monday"}]}`
	if newRig(t, nil).localReplyTo(t, "/v1/messages", everythingLocal, body) == nil {
		t.Error("went upstream")
	}
}
