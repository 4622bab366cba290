package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/fixture"
)

// repairCase says where the request of a case goes.
type repairCase struct {
	Model   string
	Vertex  bool
	Version string
	Count   bool
	// Strip, Prompt, NoPlaceholder and OmitIDs are those of the second try.
	Strip         bool
	Prompt        string
	NoPlaceholder bool
	OmitIDs       bool
	OmitLogprobs  bool
	// Fit says that the fake upstream takes the request as it came; Unknown,
	// that it never does. (It takes contents without a role, which the real
	// Vertex AI does not.)
	Fit     bool
	Unknown bool
}

func (c repairCase) target() gemini.Target {
	t := gemini.Target{Model: c.Model, Version: c.Version}
	if c.Vertex {
		t.Kind, t.Project, t.Location = gemini.Vertex, "p", "global"
	}
	return t
}

func (c repairCase) options() gemini.Options {
	o := gemini.Options{StripSignatures: c.Strip, RepairPrompt: c.Prompt, NoPlaceholder: c.NoPlaceholder, OmitLogprobs: c.OmitLogprobs, OmitIDs: c.OmitIDs}
	if c.Count {
		o.Operation = conversation.CountTokens
	}
	return o
}

// Each request becomes what the golden file says, byte for byte, and what the
// strict upstream takes; before, it refused it.
func TestRepair(t *testing.T) {
	options := fakegemini.Options{
		PresenceOnly: true, // the signatures here are made up
		Refuse:       []fakegemini.Rule{fakegemini.RuleThinkingBudget},
	}
	today := fakegemini.Start(t, options)
	options.VertexWithoutIDs = true
	older := fakegemini.Start(t, options)
	for _, c := range fixture.Load(t, "testdata/repair") {
		t.Run(c.Name, func(t *testing.T) {
			var rc repairCase
			if err := json.Unmarshal(c.File("case.json"), &rc); err != nil {
				t.Fatal(err)
			}
			body := bytes.Clone(c.File("request.json"))
			req := &conversation.Request{Stream: true}
			got, headers, err := New().Repair(req, body, rc.target(), rc.options())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(body, c.File("request.json")) {
				t.Error("the client's body was changed")
			}
			fixture.Diff(t, c.Path("upstream.txt"), c.File("upstream.txt"), append(bytes.Clone(got), '\n'))
			var notes strings.Builder
			for _, h := range headers {
				notes.WriteString(h.Name + ": " + h.Value + "\n")
			}
			for _, w := range req.Warnings {
				notes.WriteString(w.Field + ": " + w.Why + "\n")
			}
			if notes.Len() > 0 || c.File("notes.txt") != nil {
				fixture.Diff(t, c.Path("notes.txt"), c.File("notes.txt"), []byte(notes.String()))
			}
			if rc.Unknown {
				return
			}
			server := today
			if rc.OmitIDs {
				server = older
			}
			path := rc.target().Path(rc.options().Operation, true)
			if answered, reply := ask(t, server, path, body); answered != rc.Fit {
				t.Errorf("as it came, answered: %t\n%s", answered, reply)
			}
			if answered, reply := ask(t, server, path, got); !answered {
				t.Errorf("repaired: %s\n%s", reply, got)
			}
		})
	}
}

// ask reports whether a request gets an answer: a count, or one with content.
func ask(t *testing.T, server *fakegemini.Server, path string, body []byte) (answered bool, reply []byte) {
	t.Helper()
	r, err := http.NewRequest("POST", server.URL()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-goog-api-key", "key")
	r.Header.Set("content-type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(reply, []byte(`"parts"`)) || bytes.Contains(reply, []byte(`"totalTokens"`)), reply
}

func TestRepairRefuses(t *testing.T) {
	vertex := gemini.Target{Kind: gemini.Vertex, Model: "gemini-3.5-flash"}
	studio := gemini.Target{Model: "gemini-3.5-flash"}
	for name, c := range map[string]struct {
		target gemini.Target
		body   string
		param  string
		kind   conversation.ErrorKind
	}{
		"cut short":              {studio, `{"contents":[{"role":"user"`, "", conversation.ErrInvalid},
		"cut short in a list":    {studio, `{"contents":[`, "", conversation.ErrInvalid},
		"no JSON":                {studio, `{"contents":nonsense}`, "", conversation.ErrInvalid},
		"two values":             {studio, `{"contents":[]} {}`, "", conversation.ErrInvalid},
		"Cloud Storage":          {studio, `{"contents":[{"parts":[{"text":"x"},{"file_data":{"file_uri":"gs://b/o"}}]}]}`, "contents[0].parts[1].fileData.fileUri", conversation.ErrUnsupported},
		"reference in an answer": {studio, `{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{},"parts":[{},{"file_data":{"file_uri":"https://a/b"}}]}}]}]}`, "contents[0].parts[0].functionResponse.parts[1].fileData", conversation.ErrUnsupported},
		"media type":             {studio, `{"systemInstruction":{"parts":[{"inlineData":{"mimeType":"x/API key not valid","data":"aGk="}}]}}`, "systemInstruction.parts[0].inlineData.mimeType", conversation.ErrInvalid},
		"media type of a file":   {studio, `{"contents":[{"parts":[{"file_data":{"mime_type":"x/API key not v\u0061lid","file_uri":"https://a/b"}}]}]}`, "contents[0].parts[0].fileData.mimeType", conversation.ErrInvalid},
		"media type in a result": {studio, `{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{},"parts":[{"inline_data":{"mime_type":"x/API key not valid","data":"aGk="}}]}}]}]}`, "contents[0].parts[0].functionResponse.parts[0].inlineData.mimeType", conversation.ErrInvalid},
		"Model Armor":            {studio, `{"modelArmorConfig":{"promptTemplateName":"t"}}`, "modelArmorConfig", conversation.ErrUnsupported},
		"format of AI Studio":    {vertex, `{"generationConfig":{"response_format":{"text":{}}}}`, "generationConfig.responseFormat", conversation.ErrUnsupported},
		"cache of AI Studio":     {vertex, `{"cachedContent":"cachedContents/x"}`, "cachedContent", conversation.ErrUnsupported},
		"cache of Vertex":        {studio, `{"cachedContent":"projects/p/locations/l/cachedContents/x"}`, "cachedContent", conversation.ErrUnsupported},
		"uploaded file":          {vertex, `{"contents":[{"parts":[{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x"}}]}]}`, "contents[0].parts[0].fileData.fileUri", conversation.ErrUnsupported},
		"data URL":               {studio, `{"contents":[{"parts":[{"fileData":{"fileUri":"data:image/png;base64,QQ=="}}]}]}`, "contents[0].parts[0].fileData.fileUri", conversation.ErrUnsupported},
		"another model":          {vertex, `{"generationConfig":{"routingConfig":{"manualMode":{"modelName":"gemini-x"}}}}`, "generationConfig.routingConfig.manualMode.modelName", conversation.ErrInvalid},
		"another, in snake_case": {vertex, `{"generation_config":{"routing_config":{"manual_mode":{"model_name":"gemini-x"}}}}`, "generationConfig.routingConfig.manual_mode.modelName", conversation.ErrInvalid},
		"another by modelConfig": {studio, `{"generationConfig":{"modelConfig":{"modelName":"gemini-x"}}}`, "generationConfig.modelConfig.modelName", conversation.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := New().Repair(&conversation.Request{}, []byte(c.body), c.target, gemini.Options{})
			var known *conversation.Error
			if !errors.As(err, &known) || known.Kind != c.kind || known.Param != c.param || known.Message == "" {
				t.Errorf("%#v", err)
			}
		})
	}
}

// What only the other service has is left out: the model may use what is
// offered, and need not. A choice among tools goes with the last of them.
func TestToolsOfTheOtherService(t *testing.T) {
	vertex := gemini.Target{Kind: gemini.Vertex, Model: "gemini-3.5-flash"}
	studio := gemini.Target{Model: "gemini-3.5-flash"}
	for _, c := range []struct {
		target           gemini.Target
		body, want, warn string
	}{
		{vertex, `{"tools":[{"googleSearch":{}},{"fileSearch":{}}]}`, `{"tools":[{"googleSearch":{}}]}`, "tools[1].fileSearch"},
		{vertex, `{"tools":[{"googleSearch":{},"file_search":{}}]}`, `{"tools":[{"googleSearch":{}}]}`, "tools[0].fileSearch"},
		{vertex, `{"tools":[{"mcp_servers":[{"name":"m"}]}],"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}`, `{"tools":[]}`, "tools[0].mcpServers"},
		{studio, `{"tools":[{"functionDeclarations":[{"name":"f"}]},{"enterpriseWebSearch":{}}]}`, `{"tools":[{"functionDeclarations":[{"name":"f"}]}]}`, "tools[1].enterpriseWebSearch"},
		{studio, `{"tools":[{"retrieval":{}}]}`, `{"tools":[]}`, "tools[0].retrieval"},
	} {
		req := &conversation.Request{}
		got, _, err := New().Repair(req, []byte(c.body), c.target, gemini.Options{})
		if err != nil || string(got) != c.want || len(req.Warnings) != 1 || req.Warnings[0].Field != c.warn {
			t.Errorf("%s: %s, %v, %v", c.body, got, req.Warnings, err)
		}
	}
}

// There is one warning for sampling settings that the model ignores, unless
// they are clients' defaults. More answers than the model gives are refused.
func TestSettingsWithoutEffect(t *testing.T) {
	for _, c := range []struct{ model, config, want string }{
		{"gemini-3.8-flash", `"temperature":0.2,"topP":0.5,"topK":3`, "[{generationConfig.temperature no effect, like topP and topK: model gemini-3.8-flash ignores sampling settings}]"},
		{"gemini-3.8-flash", `"temperature":1,"topP":0.95,"topK":64,"presencePenalty":0`, "[]"},
		{"gemini-3.8-flash", `"temperature":1,"top_k":3`, "[{generationConfig.topK no effect: model gemini-3.8-flash ignores sampling settings}]"},
		{"gemini-2.5-flash", `"temperature":0.2,"candidateCount":3`, "[]"},
		{"gemini-3.5-flash", `"candidateCount":1`, "[]"},
		{"gemini-3.5-flash", `"candidate_count":2`, "generationConfig.candidateCount: model gemini-3.5-flash gives one answer per request; send the request again for another"},
	} {
		req := &conversation.Request{}
		_, _, err := New().Repair(req, []byte(`{"generationConfig":{`+c.config+`}}`), gemini.Target{Model: c.model}, gemini.Options{})
		got := fmt.Sprint(req.Warnings)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s, %s: got %s, want %s", c.model, c.config, got, c.want)
		}
	}
}

// A long history with the same trouble everywhere must not fill the headers.
func TestWarningsAreBounded(t *testing.T) {
	body := `{"contents":[` + strings.TrimSuffix(strings.Repeat(`{"role":"x","parts":[{"text":"a"}]},`, 1000), ",") + `]}`
	req := &conversation.Request{}
	if _, _, err := New().Repair(req, []byte(body), gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{}); err != nil || len(req.Warnings) != warningLimit || req.OmittedWarnings != 1000-warningLimit {
		t.Errorf("%d warnings and %d more, %v", len(req.Warnings), req.OmittedWarnings, err)
	}
}

func TestTokenCount(t *testing.T) {
	if got := string(New().TokenCount(12)); got != `{"totalTokens":12}` {
		t.Error(got)
	}
}

// Streamed arguments need a stream: they stay where the client wants one.
func TestStreamedArguments(t *testing.T) {
	const body = `{"toolConfig":{"functionCallingConfig":{"streamFunctionCallArguments":true,"mode":"AUTO"}},"tools":[{}]}`
	for stream, want := range map[bool]string{true: body, false: strings.Replace(body, `"streamFunctionCallArguments":true,`, "", 1)} {
		got, _, err := New().Repair(&conversation.Request{Stream: stream}, []byte(body), gemini.Target{Kind: gemini.Vertex, Model: "gemini-3.5-flash"}, gemini.Options{})
		if err != nil || string(got) != want {
			t.Errorf("stream %v: %s, %v", stream, got, err)
		}
	}
}

// Tools in the form of other APIs are refused with an error that shows
// Gemini's, not as tools that an operator could allow.
func TestToolsInOtherShapes(t *testing.T) {
	for _, c := range []struct{ tool, at, whose string }{
		{`{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}`, "tools[0].type", "other APIs"},
		{`{"function":{"name":"f"}}`, "tools[0].function", "OpenAI"},
		{`{"input_schema":{"type":"object"},"name":"f"}`, "tools[0].inputSchema", "Anthropic"},
		{`{"parameters":{},"name":"f"}`, "tools[0].parameters", "OpenAI"},
	} {
		_, _, err := New().Repair(&conversation.Request{}, []byte(`{"tools":[`+c.tool+`]}`), gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{})
		var fault *conversation.Error
		if !errors.As(err, &fault) || fault.Param != c.at || !strings.Contains(fault.Message, c.whose) || !strings.Contains(fault.Message, "functionDeclarations") {
			t.Errorf("%s: %v", c.tool, err)
		}
	}
}
