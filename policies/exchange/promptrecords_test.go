package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/record/story"
)

// quoting are the ways in which a provider's message may quote the prompt; %s is
// the prompt.
var quoting = map[string]string{
	"quoted":            `Invalid value at contents[0]… "%s"`,
	"with a field":      `Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), "%s"`,
	"single quotes":     `The text '%s' is not allowed.`,
	"typographic":       `The text “%s” is not allowed.`,
	"backquotes":        "The text `%s` is not allowed.",
	"not closed":        `The text "%s`,
	"after a colon":     `Invalid value at contents[0].parts[0].text: %s`,
	"after bare colons": `contents[0]:%s`,
	"after a sign":      `text=%s`,
	"after a dash":      `The prompt was blocked - %s`,
	"JSON":              `Bad request {"contents":[{"parts":[{"text":"%s"}]}]} was refused.`,
	"escaped JSON":      `Bad request {\"contents\":[{\"parts\":[{\"text\":\"%s\"}]}]} was refused.`,
	"twice escaped":     `Bad request \u0022%s\u0022 was refused.`,
	"protocol buffer":   `Bad request parts { text %s }`,
	"HTML":              `Bad request &quot;%s&quot; was refused.`,
	"markup":            `Bad request <b>%s</b> was refused.`,
	"URL":               `Bad request %%22%s%%22 was refused.`,
	"on a line":         "Bad request\n%s\n^",
	"raw":               "Invalid JSON payload received. Unexpected token.\n{\"text\": %s\n         ^",
	"in parentheses":    `Bad request (%s).`,
	"relayed":           `400 INVALID_ARGUMENT. {'error': {'code': 400, 'message': 'Bad text "%s"'}}`,
}

// Whatever a provider quotes of the prompt stands in no record, log line, story
// or report, in whatever dialect the client speaks. The client gets it.
func TestQuotedPromptsAreNotRecorded(t *testing.T) {
	const prompt = "tell my doctor Ann I'm ill" // an apostrophe is a quote, too
	for form, said := range quoting {
		message := fmt.Sprintf(said, prompt)
		failure := func(code int, status string) string {
			return fmt.Sprintf(`{"error":{"code":%d,"message":%s,"status":%q,"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":%s,"description":%s}]},`+
				`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%s,"metadata":{"service":%s}}]}}`, code, quote(message), status, quote(message), quote(message), quote(prompt), quote(prompt))
		}
		for name, c := range map[string]struct {
			attempts, status int
			body             string
		}{
			"400":           {1, 400, failure(400, "INVALID_ARGUMENT")},
			"403":           {1, 403, failure(403, "PERMISSION_DENIED")},
			"404":           {1, 404, failure(404, "NOT_FOUND")},
			"429":           {1, 429, failure(429, "RESOURCE_EXHAUSTED")},
			"503":           {1, 503, failure(503, "UNAVAILABLE")},
			"bare text":     {1, 500, `{"error":` + quote(message) + `}`},
			"page":          {1, 502, "<html>" + message + "</html>"},
			"under 200":     {1, 200, "data: " + failure(400, "INVALID_ARGUMENT") + "\n\n"},
			"in the stream": {1, 200, hello + "data: " + failure(400, "INVALID_ARGUMENT") + "\n\n"},
			"finish":        {1, 200, `data: {"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"SAFETY","finishMessage":` + quote(message) + "}]}\n\n"},
			"blocked":       {1, 200, `data: {"promptFeedback":{"blockReason":"OTHER","blockReasonMessage":` + quote(message) + "}}\n\n"},
			// heald itself ends the request, with the words of the attempt before.
			"remembered": {2, 503, failure(503, "UNAVAILABLE")},
		} {
			for dialect, asked := range askIn {
				if form != "quoted" && name != "400" && dialect != "claude" {
					continue // one dialect plays them all, and each dialect each form and each path
				}
				t.Run(form+"/"+name+"/"+dialect, func(t *testing.T) {
					r, to := newRecorded(t, nil)
					var client []byte
					memory := ""
					for n := 1; n <= c.attempts; n++ {
						a := r.begin(n, memory)
						a.in.Path = asked.path
						if n > 1 {
							if reply := a.RequestHeaders(); reply != nil {
								t.Fatalf("refused: %s", reply.Body)
							}
							client = a.refuseUnavailable(nil).Body
							a.Close(policies.EndComplete)
							break
						}
						send(t, a, strings.ReplaceAll(asked.body, `"hi"`, quote(prompt)))
						act := answerWith(a, c.status, c.body)
						client = act.Body
						if act.Reply != nil {
							client, memory = act.Reply.Body, act.Reply.Memory
						}
					}
					if c.attempts > 1 && memory == "" {
						t.Fatal("nothing is remembered")
					}
					if form == "quoted" && (name == "400" || name == "remembered") && !bytes.Contains(client, []byte("my doctor")) {
						t.Errorf("the client gets %s", client)
					}
					texts := map[string]string{}
					for i, line := range r.log.All() {
						enc := zapcore.NewMapObjectEncoder()
						for _, f := range line.Context {
							f.AddTo(enc)
						}
						texts[fmt.Sprintf("line %d of the log", i)] = line.Message + fmt.Sprintf("%v", enc.Fields)
					}
					keep := func(where string, v any) {
						b, err := json.Marshal(v)
						if err != nil {
							t.Fatal(err)
						}
						texts[where] = string(b)
					}
					keep("record of attempts", to.attempts)
					keep("record of the requests", to.requests)
					for i := range to.requests {
						keep("story", story.Tell(&to.requests[i]))
						texts["report"] = story.Report(&to.requests[i], "1")
					}
					if len(to.attempts) != c.attempts {
						t.Errorf("%d attempts are recorded", len(to.attempts))
					}
					for where, text := range texts {
						for _, part := range []string{"tell my", "doctor", " Ann ", "m ill"} {
							if strings.Contains(text, part) {
								t.Errorf("the %s tells %q: %s", where, part, text)
							}
						}
					}
				})
			}
		}
	}
}

// What an operator needs of a provider's error is recorded.
func TestRecordedErrorsStayUseful(t *testing.T) {
	r, to := newRecorded(t, nil)
	a := r.begin(1, "")
	send(t, a, ask)
	answerWith(a, 400, `{"error":{"code":400,"message":"Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), \"my secret\"","status":"INVALID_ARGUMENT","details":[`+
		`{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0].parts[0].text","description":"my secret"}]}]}}`)
	const want = "upstream status 400: Invalid value at ... (INVALID_ARGUMENT; field contents[0].parts[0].text)"
	if got := to.last(); got.Error != want || got.Status != 400 {
		t.Errorf("%d: got %q, want %q", got.Status, got.Error, want)
	}
	if got := to.request().Attempts[0]; got.Error != want {
		t.Errorf("the request has %q", got.Error)
	}
}
