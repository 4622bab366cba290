package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	embeddingsPath = "/v1/embeddings"
	nativeEmbed    = "/v1beta/models/gemini-embedding-001:embedContent"
	nativeBatch    = "/v1beta/models/gemini-embedding-001:batchEmbedContents"
	vertexPredict  = "/v1/projects/x/locations/y/publishers/google/models/gemini-embedding-001:predict"

	askVectors = `{"model":"text-embedding-3-small","input":["a","b"],"encoding_format":"float"}`
	twoVectors = `{"embeddings":[{"values":[3,4]},{"values":[0,-2]}],"usageMetadata":{"promptTokenCount":9}}`
)

// beginAt starts an attempt on a path.
func (r rig) beginAt(path string, n int, memory string) *attempt {
	a := r.begin(n, memory)
	a.in.Path = path
	return a
}

func TestEmbeddings(t *testing.T) {
	r := newRig(t, nil)
	a := r.beginAt(embeddingsPath, 1, "")
	f := send(t, a, askVectors)
	if f.Path != "/v1beta/models/gemini-embedding-001:batchEmbedContents" || f.Set.Get("accept") != "application/json" ||
		string(f.Body) != `{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]}},{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"b"}]}}]}` {
		t.Errorf("%s %v %s", f.Path, f.Set, f.Body)
	}
	act := answerWith(a, 200, twoVectors)
	want := `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]},{"object":"embedding","index":1,"embedding":[0,-1]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":9,"total_tokens":9}}`
	if act.Step != policies.Send || !act.End || act.Head.Status != 200 || string(act.Body) != want {
		t.Errorf("got %+v\n%s\nwant %s", act, act.Body, want)
	}
	if act.Head.Set.Get("x-heald-model") != "gemini-embedding-001" || act.Head.Set.Get("content-type") != "application/json" || act.Head.Set.Get("x-request-id") != "id-1" {
		t.Errorf("headers %v", act.Head.Set)
	}
	line := r.log.FilterMessage("request finished").All()
	if len(line) != 1 || line[0].ContextMap()["outcome"] != "passed" || usageIn(line[0])["input"] != int64(9) {
		t.Errorf("log %v", line)
	}
}

// A client gets the shape of its own method, whichever backend has answered.
func TestEmbeddingsOfEachBackendForEachClient(t *testing.T) {
	const (
		single  = `{"embedding":{"values":[3,4]},"usageMetadata":{"promptTokenCount":2}}`
		predict = `{"predictions":[{"embeddings":{"values":[3,4],"statistics":{"token_count":2,"truncated":false}}}]}`
	)
	for _, c := range []struct{ path, body, want string }{
		{nativeEmbed, `{"content":{"parts":[{"text":"a"}]}}`, single},
		{nativeBatch, `{"requests":[{"content":{"parts":[{"text":"a"}]}}]}`, `{"embeddings":[{"values":[3,4]}],"usageMetadata":{"promptTokenCount":2}}`},
		{vertexPredict, `{"instances":[{"content":"a"}]}`, predict},
		{embeddingsPath, `{"model":"gemini-embedding-001","input":"a","encoding_format":"float"}`, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]}],"model":"gemini-embedding-001","usage":{"prompt_tokens":2,"total_tokens":2}}`},
	} {
		for i, upstream := range []struct{ path, reply string }{
			{"/v1beta/models/gemini-embedding-001:embedContent", single},
			{"/v1/projects/p/locations/europe-west4/publishers/google/models/gemini-embedding-001:predict", predict},
		} {
			a := newRig(t, func(cfg *Config) {
				cfg.Backends = cfg.Backends[i : i+1]
				cfg.Accounts = cfg.Accounts[2*i : 2*i+1]
			}).beginAt(c.path, 1, "")
			if f := send(t, a, c.body); f.Path != upstream.path {
				t.Errorf("%s goes to %s", c.path, f.Path)
			}
			if act := answerWith(a, 200, upstream.reply); act.Step != policies.Send || string(act.Body) != c.want {
				t.Errorf("%s by %s: got %+v %s", c.path, upstream.path, act.Reply, act.Body)
			}
		}
	}
}

// What is no reply is judged by the table of all attempts.
func TestEmbeddingsThatFail(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		body    string
		verdict policies.Verdict
		reason  string
	}{
		{"overloaded", 503, overload, policies.Retry, heal.ReasonOverloaded},
		{"over its rate", 429, minute, policies.Retry, heal.ReasonRateLimit},
		{"key refused", 403, forbidden, policies.Retry, heal.ReasonForbidden},
		{"not its fault", 400, `{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}`, policies.Fail, heal.ReasonInvalid},
		{"nothing", 200, "", policies.Retry, heal.ReasonPeekEOF},
		{"a page", 200, "<html>", policies.Retry, heal.ReasonPeekGarbage},
		{"cut", 200, twoVectors[:30], policies.Retry, heal.ReasonPeekTruncated},
		{"empty vectors", 200, `{"embeddings":[{"values":[]},{"values":[]}]}`, policies.Retry, heal.ReasonPeekNoContent},
		{"one vector for two inputs", 200, `{"embeddings":[{"values":[1]}]}`, policies.Retry, heal.ReasonPeekNoContent},
		{"an error under 200", 200, overload, policies.Retry, heal.ReasonPeekError},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newRig(t, nil).beginAt(embeddingsPath, 1, "")
			send(t, a, askVectors)
			act := answerWith(a, c.status, c.body)
			if act.Step != policies.Answer || act.Reply.Verdict != c.verdict || act.Reply.Reason != c.reason || !json.Valid(act.Reply.Body) || !strings.Contains(string(act.Reply.Body), `"error"`) {
				t.Errorf("got %+v %s", act.Reply, act.Reply.Body)
			}
		})
	}
}

// Failover goes to another backend, but never to another model: the vectors of
// two models cannot be compared.
func TestEmbeddingsStayWithTheirModel(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.Models.Aliases = map[string]route.Chain{"text-embedding-3-small": {{Model: "gemini-embedding-001"}, {Model: "gemini-embedding-2"}}}
	})
	memory := ""
	for n, account := range []string{"a-1", "b-1", "a-2"} {
		a := r.beginAt(embeddingsPath, n+1, memory)
		send(t, a, askVectors)
		if a.account.ID != account || a.model != "gemini-embedding-001" {
			t.Fatalf("attempt %d asks %s for %s", n+1, a.account.ID, a.model)
		}
		memory = answerWith(a, 404, noModel).Reply.Memory
	}
	if memory != "" {
		t.Error("after all accounts the request goes on")
	}
}

// A backend that takes fewer inputs is passed over; if there is no other, the
// client is told the limit.
func TestEmbeddingsOfManyInputs(t *testing.T) {
	ask := func(n int) string {
		return `{"model":"gemini-embedding-001","input":["a"` + strings.Repeat(`,"a"`, n-1) + `]}`
	}
	a := newRig(t, nil).beginAt(embeddingsPath, 1, "")
	if f := send(t, a, ask(101)); a.backend.Name != "b" || !strings.HasSuffix(f.Path, ":predict") {
		t.Errorf("101 inputs go to %s%s", a.backend.Name, f.Path)
	}
	a = newRig(t, nil).beginAt(embeddingsPath, 1, "")
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatal(reply)
	}
	_, reply := a.RequestBody(context.Background(), []byte(ask(251)))
	if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), `"param":"input"`) || !strings.Contains(string(reply.Body), "takes 100 in one request") {
		t.Errorf("251 inputs: %+v", reply)
	}
}

// Embedding models have no answers, and others no embeddings.
func TestModelsOfTheWrongKind(t *testing.T) {
	for _, c := range []struct{ path, body string }{
		{embeddingsPath, `{"model":"gpt-5","input":"a"}`},
		{nativeEmbed[:len("/v1beta/models/")] + "gemini-3.5-flash:embedContent", `{"content":{"parts":[{"text":"a"}]}}`},
		{"/v1/messages", strings.Replace(ask, "gemini-3.5-flash", "gemini-embedding-001", 1)},
		{"/v1beta/models/gemini-embedding-001:generateContent", `{"contents":[{"parts":[{"text":"a"}]}]}`},
	} {
		a := newRig(t, nil).beginAt(c.path, 1, "")
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatal(reply)
		}
		_, reply := a.RequestBody(context.Background(), []byte(c.body))
		if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), "embeddings") {
			t.Errorf("%s: %+v", c.path, reply)
		}
	}
}

// A reply comes in pieces, and silence within it is not waited for without end.
func TestEmbeddingsInPieces(t *testing.T) {
	a := newRig(t, nil).beginAt(embeddingsPath, 1, "")
	send(t, a, askVectors)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	for i := range len(twoVectors) - 1 {
		if act := a.ResponseBody([]byte(twoVectors[i:i+1]), false); act.Step != policies.Hold {
			t.Fatalf("byte %d: %+v", i, act)
		}
	}
	if act := a.Wake(); act.Step != policies.Hold || act.Wake <= 0 {
		t.Errorf("given up while it comes: %+v", act)
	}
	if act := a.ResponseBody([]byte("}"), true); act.Step != policies.Send || !act.End {
		t.Errorf("got %+v", act)
	}
	a = newRig(t, nil).beginAt(embeddingsPath, 1, "")
	send(t, a, askVectors)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	if act := a.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTimeout {
		t.Errorf("silence: %+v", act)
	}
}

// A reply must not take the memory of all others.
func TestEmbeddingsAreBounded(t *testing.T) {
	r := newRig(t, nil)
	a := r.beginAt(embeddingsPath, 1, "")
	send(t, a, askVectors)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	piece, last := make([]byte, 1<<20), policies.Action{}
	for i := 0; i <= vectorsLimit>>20 && last.Step == policies.Hold; i++ {
		last = a.ResponseBody(piece, false)
	}
	if last.Step != policies.Answer || last.Reply.Reason != heal.ReasonPeekTooLong {
		t.Errorf("got %+v", last)
	}
}

// What upstream has cut is told; counts that it did not give are estimated.
func TestEmbeddingsOfLongTexts(t *testing.T) {
	a := newRig(t, func(cfg *Config) { cfg.Backends, cfg.Accounts = cfg.Backends[1:], cfg.Accounts[2:] }).beginAt(embeddingsPath, 1, "")
	send(t, a, fmt.Sprintf(`{"model":"gemini-embedding-001","input":["a","%s"]}`, strings.Repeat("x", 700)))
	act := answerWith(a, 200, `{"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":5}}},{"embeddings":{"values":[1],"statistics":{"truncated":true}}}]}`)
	if got := act.Head.Set.Get("x-heald-warning"); !strings.Contains(got, "input[1]: longer than the model reads") || strings.Contains(got, "input[0]") {
		t.Errorf("warning %q", got)
	}
	if !strings.Contains(string(act.Body), `"prompt_tokens":206`) { // 5, and 702 bytes
		t.Errorf("got %s", act.Body[len(act.Body)-80:])
	}
}

// It is not sent a second time, and not resumed.
func TestEmbeddingsAreNotHedged(t *testing.T) {
	a := newRig(t, func(cfg *Config) {
		s := route.DefaultSettings()
		s.Hedge = "1s"
		cfg.Policies = map[string]route.Settings{route.DefaultPolicy: s}
	}).beginAt(embeddingsPath, 1, "")
	if f := send(t, a, askVectors); f.Set.Get(policies.HeaderHedge) != "" {
		t.Errorf("headers %v", f.Set)
	}
}
