package exchange

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
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
// broken first, and then those of the history. Where nothing is left that could
// give way, the refusal is the answer, and nothing is sent again.
func TestRefusedFilesAreRepaired(t *testing.T) {
	const broken = "aGVsbG8="
	for _, refused := range []string{"Unsupported MIME type: image/png", "Unable to process input image. Please retry.", "The document has no pages."} {
		for _, c := range []struct {
			name  string
			body  func(path string) string
			files []int // in each body that is sent
		}{
			{"broken ones", func(path string) string { return filed(path, "image/png", broken) }, []int{3, 0}},
			{"sound ones", func(path string) string { return filed(path, "image/png", picture) }, []int{3, 1}},
			{"one of them broken", func(path string) string {
				return strings.Replace(filed(path, "image/png", picture), picture, broken, 1)
			}, []int{3, 2, 1}},
			{"WebP in the only message", func(path string) string {
				return strings.NewReplacer("image/png", "image/webp", "FILE", "UklGRgAAAABXRUJQ").Replace(alone(path))
			}, []int{1}},
			{"an address", func(path string) string {
				if path == nativeStream {
					return `{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://example.com/b.png"}}]}]}`
				}
				return strings.NewReplacer("data:image/png;base64,FILE", "https://example.com/b.png",
					`"type":"base64","media_type":"image/png","data":"FILE"`, `"type":"url","url":"https://example.com/b.png"`).Replace(alone(path))
			}, []int{1}},
		} {
			for _, path := range apiPaths {
				t.Run(c.name+path, func(t *testing.T) {
					r := newRig(t, func(c *Config) {
						c.Policies = map[string]route.Settings{route.DefaultPolicy: {Allow: allow.Rules{FileURIs: []string{"public"}}}}
					})
					memory := ""
					for i, want := range c.files {
						a, sent, told := upstreamOf(t, r, path, c.body(path), i+1, memory)
						if n := strings.Count(sent, `"mimeType":"image/`); n != want {
							t.Errorf("attempt %d: %d files, want %d: %s", i+1, n, want, sent)
						}
						if i > 0 && (!strings.Contains(told, "repaired: omit_media") || !strings.Contains(told, "refused a file")) {
							t.Errorf("told %q", told)
						}
						refusal := answerWith(a, 400, refusal(refused)).Reply
						if refusal == nil || refusal.Verdict != policies.Repair && i < 2 {
							t.Fatalf("%+v", refusal)
						}
						memory = refusal.Memory
					}
					if len(c.files) < 3 {
						a := r.begin(len(c.files)+1, memory)
						a.in.Path = path
						a.RequestHeaders()
						sent, reply := a.RequestBody(t.Context(), []byte(c.body(path)))
						if sent != nil || reply.Verdict != policies.Fail || reply.Status != 400 || reply.Reason != heal.ReasonRelax || !strings.Contains(string(reply.Body), refused) {
							t.Errorf("%+v", reply)
						}
					} else if memory != "" {
						t.Error("a third repair")
					}
					if _, sent, _ := upstreamOf(t, r, path, c.body(path), 1, ""); strings.Count(sent, `"mimeType":"image/`) != c.files[0] {
						t.Error("one request's files have taught something")
					}
				})
			}
		}
	}
}

// alone is a request of each API that is one PNG, FILE.
func alone(path string) string {
	switch path {
	case "/v1/messages":
		return `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"FILE"}}]}]}`
	case "/v1/chat/completions":
		return `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,FILE"}}]}]}`
	case "/v1/responses":
		return `{"model":"gemini-3.5-flash","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,FILE"}]}]}`
	}
	return `{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"FILE"}}]}]}`
}
