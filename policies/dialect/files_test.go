package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/gemini"
)

const sentPNG = `"inlineData":{"mimeType":"image/png","data":"` + smallPNG + `"}`

const (
	smallPNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	smallWAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
	smallMP4 = "AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29t"
)

// upstream is what goes to the model for messages, on the path of an API, and how
// many warnings there are.
func upstream(t *testing.T, d dialect.Dialect, field, messages string) (body string, warnings int) {
	t.Helper()
	asked := fmt.Sprintf(`{"model":"m","max_tokens":9,%q:[%s]}`, field, strings.NewReplacer("PNG", smallPNG, "WAV", smallWAV, "MP4", smallMP4).Replace(messages))
	if d.Name() != "claude" {
		asked = strings.Replace(asked, `"max_tokens":9,`, "", 1)
	}
	req, err := d.Decode(dialect.Route{}, nil, []byte(asked))
	if err != nil {
		t.Fatalf("%s: %s: %v", d.Name(), asked, err)
	}
	r, err := gemini.Render(req, gemini.Target{Model: "gemini-3.8-flash"}, gemini.Options{})
	if err != nil {
		t.Fatalf("%s: %s: %v", d.Name(), asked, err)
	}
	return string(r.Body), len(req.Warnings)
}

// An odd address of a file never fails the conversation: what can be read is,
// what cannot is a line of text and a warning.
func TestOddAddresses(t *testing.T) {
	placeholder := "left out, only a data:, http:, https: or gs: URL can be read"
	for _, c := range []struct {
		address, want string
		warned        bool
	}{
		{`"data:image/png;base64,PNG"`, sentPNG, false},
		{`" \ndata:image/png;base64,PNG\r\n"`, sentPNG, false},
		{`"PNG"`, sentPNG, false},
		{`"PNG\n"`, sentPNG, false},
		{`" https://h.example/a.png"`, `"fileUri":"https://h.example/a.png"`, false},
		{`""`, "[file: left out, it is empty]", true},
		{`"blob:https://h.example/1"`, placeholder, true},
		{`"file:///tmp/a.png"`, "[file:///tmp/a.png: " + placeholder, true},
		{`"data:image/png;base64"`, "[file: left out, not a valid data: URL", true},
		{`"a picture.png"`, "left out, its base64 cannot be decoded", true},
	} {
		for _, part := range []string{
			`{"type":"image_url","image_url":{"url":ADDRESS}}`, `{"type":"image_url","image_url":ADDRESS}`,
			`{"type":"input_image","image_url":ADDRESS}`, `{"type":"image","source":{"type":"url","url":ADDRESS}}`,
			`{"type":"image","data":ADDRESS}`, `{"type":"image","url":ADDRESS}`, `{"type":"file","file_data":ADDRESS}`,
		} {
			for _, p := range paths {
				part := strings.ReplaceAll(part, "ADDRESS", c.address)
				got, warnings := upstream(t, p.dialect, p.messages, `{"role":"user","content":[{"type":"text","text":"a"},`+part+`]},{"role":"assistant","content":"b"},{"role":"user","content":"c"}`)
				if !strings.Contains(got, c.want) || (warnings > 0) != c.warned {
					t.Errorf("%s: %s: %d warnings, want %s in %s", p.dialect.Name(), part, warnings, c.want, got)
				}
			}
		}
	}
}

// Without a media type the first bytes tell.
func TestSourceWithoutMediaType(t *testing.T) {
	for _, p := range paths {
		got, _ := upstream(t, p.dialect, p.messages, `{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"PNG"}}]}`)
		if !strings.Contains(got, sentPNG) {
			t.Errorf("%s: %s", p.dialect.Name(), got)
		}
	}
}

// Media in the form of MCP, frameworks and other servers are read alike in the
// user's messages and in results, on every path.
func TestMediaInOtherWords(t *testing.T) {
	wav, mp4 := `"inlineData":{"mimeType":"audio/wav","data":"`+smallWAV+`"}`, `"inlineData":{"mimeType":"video/mp4","data":"`+smallMP4+`"}`
	for part, want := range map[string]string{
		`{"type":"resource","resource":{"uri":"file:///a.md","mimeType":"text/markdown","text":"told"}}`:                          `file:///a.md\ntold`,
		`{"type":"resource","resource":{"uri":"file:///a.png","mimeType":"image/png","blob":"PNG"},"annotations":{"priority":1}}`: sentPNG,
		`{"type":"resource","resource":{"uri":"file:///a.png","blob":"PNG"}}`:                                                     sentPNG,
		`{"type":"resource_link","uri":"file:///b","name":"b.rs","description":"source","size":7}`:                                "b.rs file:///b source",
		`{"type":"audio","data":"WAV","mimeType":"audio/wav"}`:                                                                    wav,
		`{"type":"audio","source_type":"base64","data":"WAV","mime_type":"audio/wav"}`:                                            wav,
		`{"type":"audio_url","audio_url":{"url":"data:audio/wav;base64,WAV"}}`:                                                    wav,
		`{"type":"video_url","video_url":{"url":"data:video/mp4;base64,MP4"}}`:                                                    mp4,
		`{"type":"input_video","input_video":{"data":"MP4","format":"mp4"}}`:                                                      mp4,
		`{"type":"video","base64":"MP4","mime_type":"video/mp4"}`:                                                                 mp4,
		`{"type":"image","source_type":"base64","data":"PNG","mime_type":"image/png"}`:                                            sentPNG,
		`{"type":"image","source_type":"url","url":"data:image/png;base64,PNG"}`:                                                  sentPNG,
		`{"type":"image","base64":"PNG","mime_type":"image/png"}`:                                                                 sentPNG,
		`{"type":"image","image":"PNG","mediaType":"image/png"}`:                                                                  sentPNG,
		`{"type":"media","data":"PNG","mediaType":"image/png"}`:                                                                   sentPNG,
		`{"type":"media","data":"PNG","mime_type":"image/png"}`:                                                                   sentPNG,
		`{"type":"file","data":"PNG","mediaType":"image/png","filename":"a.png"}`:                                                 sentPNG,
		`{"type":"file","source_type":"base64","data":"PNG","mime_type":"image/png"}`:                                             sentPNG,
		`{"type":"input_audio","input_audio":{"data":"WAV"}}`:                                                                     wav,
	} {
		for _, p := range paths {
			for where, messages := range inAllPlaces(part) {
				got, warnings := upstream(t, p.dialect, p.messages, messages)
				if !strings.Contains(got, want) || warnings > 0 {
					t.Errorf("%s, %s: %s: %d warnings, want %s in %s", p.dialect.Name(), where, part, warnings, want, got)
				}
			}
		}
	}
}

// inAllPlaces are conversations with a part in the user's messages and in
// results, in the form of each API; the role of a message may come last.
func inAllPlaces(part string) map[string]string {
	places := inResults("[" + part + "]")
	places["the user's"] = `{"role":"user","content":[{"type":"text","text":"a"},` + part + `]}`
	return places
}

// inResults are conversations with the given content of a result.
func inResults(content string) map[string]string {
	const called = `{"role":"user","content":"q"},{"role":"assistant","content":"","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]},`
	return map[string]string{
		"Chat's result":      called + `{"role":"tool","tool_call_id":"t","content":` + content + `}`,
		"role last":          called + `{"content":` + content + `,"tool_call_id":"t","role":"tool"}`,
		"Anthropic's result": called + `{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":` + content + `}]}`,
	}
}

// outputs is the same for Responses, in whose path alone its items may stand.
func outputs(content string) string {
	return `{"role":"user","content":"q"},{"type":"function_call","call_id":"t","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"t","output":` + content + `}`
}

// Whatever a tool returned never fails the conversation: what is unknown as
// content is its JSON, as text.
func TestResultsOfAnyShape(t *testing.T) {
	for content, c := range map[string]struct {
		want   []string
		warned bool
	}{
		`{"k":1}`:                       {[]string{`{\"k\":1}`}, false},
		`5`:                             {[]string{`"5"`}, false},
		`true`:                          {[]string{`"true"`}, false},
		`[{"k":1},{"k":2}]`:             {[]string{`[{\"k\":1},{\"k\":2}]`}, false},
		`[1,2]`:                         {[]string{`[1,2]`}, false},
		`["a",{"k":1}]`:                 {[]string{`a`, `{\"k\":1}`}, true},
		`[null,"told",7]`:               {[]string{"told", "7"}, false},
		`{"type":"text","text":"told"}`: {[]string{"told"}, false},
		`[{"type":"text","text":null},{"type":"text","text":"told"}]`:                               {[]string{"told"}, false},
		`[{"type":"hologram","rays":["told"]}]`:                                                     {[]string{"hologram", "told"}, true},
		`[{"type":"text","text":"told"},{"type":"file","file_id":"f"}]`:                             {[]string{"told", "file_id"}, true},
		`[{"type":"image","alt":"told"}]`:                                                           {[]string{"told"}, true},
		`[{"type":"tool_use","id":"u","name":"told","input":{}}]`:                                   {[]string{"told"}, true},
		`[{"type":"text","text":"told"},{"type":"tool_result","tool_use_id":"t","content":"more"}]`: {[]string{"told", "more"}, false},
	} {
		for _, p := range paths {
			places := inResults(content)
			if p.messages == "input" {
				places["output"] = outputs(content)
			}
			for where, messages := range places {
				got, warnings := upstream(t, p.dialect, p.messages, messages)
				for _, want := range c.want {
					if !strings.Contains(got, want) {
						t.Errorf("%s, %s: %s: no %s in %s", p.dialect.Name(), where, content, want, got)
					}
				}
				if (warnings > 0) != c.warned {
					t.Errorf("%s, %s: %s: %d warnings", p.dialect.Name(), where, content, warnings)
				}
			}
		}
	}
}

// A null is no content, in what the user says as well.
func TestNullContent(t *testing.T) {
	for _, content := range []string{`[{"type":"text","text":null},{"type":"text","text":"told"}]`, `[null,{"type":"text","text":"told"}]`, `["told",null]`} {
		for _, p := range paths {
			got, warnings := upstream(t, p.dialect, p.messages, `{"role":"user","content":`+content+`}`)
			if !strings.Contains(got, `"parts":[{"text":"told"}]`) || warnings > 0 {
				t.Errorf("%s: %s: %d warnings, %s", p.dialect.Name(), content, warnings, got)
			}
		}
	}
}

// Images beside the content are images, in every role and every way to write
// them; so is sound.
func TestMediaBesideContent(t *testing.T) {
	const call = `{"role":"user","content":"q"},{"role":"assistant","content":"","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]},`
	for name, images := range map[string]string{
		"base64": `["PNG"]`, "one": `"PNG"`, "data URL": `["data:image/png;base64,PNG"]`, "part": `[{"type":"image_url","image_url":{"url":"data:image/png;base64,PNG"}}]`,
		"object": `[{"url":"data:image/png;base64,PNG"}]`, "block": `[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"PNG"}}]`,
	} {
		for _, messages := range []string{
			`{"role":"user","content":"a","images":` + images + `}`,
			`{"images":` + images + `,"content":"","role":"user"}`,
			`{"role":"user","content":"a"},{"role":"assistant","content":"b","images":` + images + `},{"role":"user","content":"c"}`,
			call + `{"role":"tool","tool_call_id":"t","content":"r","images":` + images + `}`,
		} {
			for _, p := range paths {
				got, warnings := upstream(t, p.dialect, p.messages, messages)
				if !strings.Contains(got, sentPNG) || warnings > 0 {
					t.Errorf("%s, %s: %s: %d warnings, %s", p.dialect.Name(), name, messages, warnings, got)
				}
			}
		}
	}
	for _, p := range paths {
		for audio, want := range map[string]string{
			`{"data":"WAV","format":"wav"}`: `"inlineData":{"mimeType":"audio/wav"`, `{"data":"WAV"}`: `"inlineData":{"mimeType":"audio/wav"`,
			`{"id":"a"}`: "[sound]", `{"id":"a","transcript":"told"}`: "told",
		} {
			if got, _ := upstream(t, p.dialect, p.messages, `{"role":"user","content":"a","audio":`+audio+`}`); !strings.Contains(got, want) {
				t.Errorf("%s: %s: no %s in %s", p.dialect.Name(), audio, want, got)
			}
		}
		body := fmt.Sprintf(`{"model":"m",%q:[{"role":"system","content":"s","images":[%q]},{"role":"user","content":"a"}]}`, p.messages, smallPNG)
		if _, err := p.dialect.Decode(dialect.Route{}, nil, []byte(body)); err == nil || !strings.Contains(err.Error(), "system content may only hold text") {
			t.Errorf("%s: images of the system: %v", p.dialect.Name(), err)
		}
	}
}
