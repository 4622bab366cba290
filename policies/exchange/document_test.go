package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// A document as Gemini writes it: over several lines, none of which is a field
// of server-sent events.
const document = `{
  "candidates": [
    {
      "content": {
        "parts": [{"text": "Hello\ndata: there"}],
        "role": "model"
      },
      "finishReason": "STOP"
    }
  ],
  "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
}
`

func documents(c *Config) {
	c.Policies = map[string]route.Settings{"default": {UpstreamStream: "as_client"}}
}

func TestUpstreamStream(t *testing.T) {
	for _, c := range []struct {
		name, body     string
		change         func(*Config)
		method, accept string
	}{
		{"always, for a document", askWhole, nil, ":streamGenerateContent?alt=sse", "text/event-stream"},
		{"as the client, for a document", askWhole, documents, ":generateContent", "application/json"},
		{"as the client, for a stream", ask, documents, ":streamGenerateContent?alt=sse", "text/event-stream"},
	} {
		f := send(t, newRig(t, c.change).begin(1, ""), c.body)
		if !strings.HasSuffix(f.Path, c.method) || f.Set.Get("accept") != c.accept {
			t.Errorf("%s: %s, accept %s", c.name, f.Path, f.Set.Get("accept"))
		}
	}
}

// What a document lacks is found as it is in a stream.
func TestDocumentsFromUpstream(t *testing.T) {
	for _, c := range []struct {
		name, reply string
		verdict     policies.Verdict
		reason      string
		client      string
	}{
		{"whole", document, policies.Pass, heal.ReasonOK, `"text":"Hello\ndata: there"`},
		{"in an array", "[" + document + "]", policies.Pass, heal.ReasonOK, `"text":"Hello\ndata: there"`},
		{"cut short", document[:len(document)-40], policies.Retry, heal.ReasonPeekGarbage, "error"},
		{"without parts", `{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}`, policies.Retry, heal.ReasonPeekNoContent, "error"},
		{"without a finish", `{"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"}}]}`, policies.Retry, heal.ReasonPeekTruncated, "error"},
		{"empty object", `{}`, policies.Retry, heal.ReasonPeekEOF, "error"},
		{"error", overload, policies.Retry, heal.ReasonPeekError, "overloaded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{len(c.reply), 7, 1} {
				a := newRig(t, documents).begin(1, "")
				send(t, a, askWhole)
				act := a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				var body []byte
				for rest := c.reply; rest != "" && act.Reply == nil; {
					n := min(step, len(rest))
					act = a.ResponseBody([]byte(rest[:n]), n == len(rest))
					body, rest = append(body, act.Body...), rest[n:]
				}
				if act.Reply != nil {
					body = act.Reply.Body
				}
				a.Close(policies.EndComplete)
				if a.record.verdict != c.verdict || a.record.reason != c.reason || !strings.Contains(string(body), c.client) {
					t.Errorf("%d bytes a chunk: %v %s, client gets %s; want %v %s with %q", step, a.record.verdict, a.record.reason, body, c.verdict, c.reason, c.client)
				}
			}
		})
	}
}
