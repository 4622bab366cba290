package exchange

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// onePixel is a GIF of one pixel.
const onePixel = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

// picture is a sound PNG.
var picture = func() string {
	var buf bytes.Buffer
	_ = png.Encode(&buf, image.NewGray(image.Rect(0, 0, 2, 2)))
	return base64.StdEncoding.EncodeToString(buf.Bytes())
}()

// filed is a conversation of each API with a file in its history, in a tool's
// result and in the last message.
func filed(path, mime, data string) string {
	url := `data:` + mime + `;base64,` + data
	switch path {
	case "/v1/messages":
		image := `{"type":"image","source":{"type":"base64","media_type":"` + mime + `","data":"` + data + `"}}`
		return `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":[` + image + `,{"type":"text","text":"a"}]},` +
			`{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[` + image + `]}]},` +
			`{"role":"assistant","content":"b"},{"role":"user","content":[` + image + `,{"type":"text","text":"c"}]}]}`
	case "/v1/chat/completions":
		image := `{"type":"image_url","image_url":{"url":"` + url + `"}}`
		return `{"model":"gemini-3.5-flash","stream":true,"tools":[{"type":"function","function":{"name":"ls"}}],"messages":[{"role":"user","content":[` + image + `,{"type":"text","text":"a"}]},` +
			`{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"ls","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":[` + image + `]},` +
			`{"role":"assistant","content":"b"},{"role":"user","content":[` + image + `,{"type":"text","text":"c"}]}]}`
	case "/v1/responses":
		image := `{"type":"input_image","image_url":"` + url + `"}`
		return `{"model":"gemini-3.5-flash","stream":true,"tools":[{"type":"function","name":"ls"}],"input":[{"role":"user","content":[` + image + `,{"type":"input_text","text":"a"}]},` +
			`{"type":"function_call","call_id":"c1","name":"ls","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":[` + image + `]},` +
			`{"role":"assistant","content":[{"type":"output_text","text":"b"}]},{"role":"user","content":[` + image + `,{"type":"input_text","text":"c"}]}]}`
	}
	blob := `{"inlineData":{"mimeType":"` + mime + `","data":"` + data + `"}}`
	return `{"tools":[{"functionDeclarations":[{"name":"ls"}]}],"contents":[{"role":"user","parts":[` + blob + `,{"text":"a"}]},` +
		`{"role":"model","parts":[{"functionCall":{"id":"c1","name":"ls"}}]},{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"ls","response":{},"parts":[` + blob + `]}}]},` +
		`{"role":"model","parts":[{"text":"b"}]},{"role":"user","parts":[` + blob + `,{"text":"c"}]}]}`
}

var apiPaths = []string{"/v1/messages", "/v1/chat/completions", "/v1/responses", nativeStream}

// upstreamOf is the body that goes upstream, and what the client is told.
func upstreamOf(t *testing.T, r rig, path, body string, n int, memory string) (a *attempt, sent, told string) {
	t.Helper()
	a = r.begin(n, memory)
	a.in.Path = path
	sent = string(send(t, a, body).Body)
	return a, sent, a.warning()
}

// Each API gets what Gemini does not take turned into what it takes, wherever
// in the conversation it stands.
func TestFilesThatGeminiRefuses(t *testing.T) {
	base := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		name, mime, data string
		want             string // at each place; in a result of the native API as text/plain
		gone, told       string
	}{
		{"GIF", "image/gif", onePixel, `"mimeType":"image/png"`, "image/gif\"", ""},
		{"SVG", "image/svg+xml", base("<svg/>"), `<svg/>`, `"image/svg`, "SVG was sent as its text"},
		{"unknown", "application/octet-stream", base("\x00\x01"), "the model cannot read files of this type", `"application/octet-stream"`, "was replaced by a line of text"},
		{"alias", "image/jpg", base("\xff\xd8\xff\xe0"), `"mimeType":"image/jpeg"`, "image/jpg", ""},
		{"no base64", "image/png", "!!!", "its base64 cannot be decoded", "!!!", "cannot be decoded"},
		{"empty", "image/png", "", `{"text":"c"}`, `"inlineData"`, "the file is empty"},
		{"text", "application/json", base("{}"), `"mimeType":"text/plain"`, "application/json", ""},
	} {
		for _, path := range apiPaths {
			t.Run(c.name+path, func(t *testing.T) {
				_, sent, told := upstreamOf(t, newRig(t, nil), path, filed(path, c.mime, c.data), 1, "")
				want, n := c.want, 3
				if c.name == "empty" {
					n = 1
				} else if path == nativeStream && !strings.HasPrefix(want, `"mimeType`) {
					n = 2
					if !strings.Contains(sent, `"parts":[{"inlineData":{"mimeType":"text/plain","data":"`) {
						t.Error("nothing in the result")
					}
				}
				plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(sent)
				if got := strings.Count(plain, want); got != n || strings.Contains(plain, c.gone) {
					t.Errorf("%d times %s, want %d and no %s:\n%s", got, want, n, c.gone, plain)
				}
				if (told == "") != (c.told == "") || !strings.Contains(told, c.told) {
					t.Errorf("told %q, want %q", told, c.told)
				}
			})
		}
	}
}

// A file that upstream refuses all the same gives way to text: those that are
// broken first, and then those of the history.
func TestRefusedFilesAreRepaired(t *testing.T) {
	for _, refused := range []string{"Unsupported MIME type: image/png", "Unable to process input image. Please retry.", "The document has no pages."} {
		for _, c := range []struct {
			name, data string
			stays      int // files after each attempt
			next       int
		}{
			{"broken ones", "aGVsbG8=", 0, 0},
			{"sound ones", picture, 1, 1},
		} {
			for _, path := range apiPaths {
				t.Run(c.name+path, func(t *testing.T) {
					r := newRig(t, nil)
					body := filed(path, "image/png", c.data)
					a, sent, _ := upstreamOf(t, r, path, body, 1, "")
					if n := strings.Count(sent, c.data); n != 3 {
						t.Fatalf("%d files: %s", n, sent)
					}
					first := answerWith(a, 400, refusal(refused)).Reply
					if first == nil || first.Verdict != policies.Repair {
						t.Fatalf("%+v", first)
					}
					a, sent, told := upstreamOf(t, r, path, body, 2, first.Memory)
					if n := strings.Count(sent, c.data); n != c.stays || !strings.Contains(told, "repaired: omit_media") || !strings.Contains(told, "refused a file") {
						t.Errorf("%d files, told %q: %s", n, told, sent)
					}
					second := answerWith(a, 400, refusal(refused)).Reply
					if second == nil || second.Verdict != policies.Repair {
						t.Fatalf("%+v", second)
					}
					a, sent, _ = upstreamOf(t, r, path, body, 3, second.Memory)
					if n := strings.Count(sent, c.data); n != c.next && c.stays != 0 {
						t.Errorf("%d files: %s", n, sent)
					}
					if got := a.memory.Repairs; got != heal.OmitMedia|heal.OmitOlderMedia {
						t.Errorf("repairs %v", got)
					}
					if last := answerWith(a, 400, refusal(refused)).Reply; last == nil || last.Verdict != policies.Fail {
						t.Errorf("%+v", last)
					}
					if _, sent, _ = upstreamOf(t, r, path, body, 1, ""); strings.Count(sent, c.data) != 3 {
						t.Error("one request's files have taught something")
					}
				})
			}
		}
	}
}
