package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// rig is an exchange and what it logged.
type rig struct {
	*Exchange
	log *observer.ObservedLogs
}

func newRig(t *testing.T, change func(*Config)) rig {
	t.Helper()
	cfg := Config{
		Backends: []Backend{{Name: "a", Kind: AIStudio}, {Name: "b", Kind: Vertex, Project: "p", Location: "europe-west4"}},
		Accounts: []account.Account{
			{ID: "a-1", Backend: "a", Secret: account.NewSecret("key-a-1")},
			{ID: "a-2", Backend: "a", Secret: account.NewSecret("key-a-2")},
			{ID: "b-1", Backend: "b", Scheme: account.Bearer, Secret: account.NewSecret("token-b-1")},
		},
		MemoryKey: []byte("k"),
	}
	if change != nil {
		change(&cfg)
	}
	core, logs := observer.New(zapcore.DebugLevel)
	x, err := New(cfg, Deps{Log: zap.New(core), Metrics: NewMetrics(prometheus.NewRegistry())})
	if err != nil {
		t.Fatal(err)
	}
	x.random = func() float64 { return 1 } // no jitter
	return rig{x, logs}
}

const (
	ask       = `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}`
	askWhole  = `{"model":"gemini-3.5-flash","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}`
	hello     = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hello\"}],\"role\": \"model\"}}],\"usageMetadata\": {\"promptTokenCount\": 3,\"totalTokenCount\": 3},\"responseId\": \"r1\"}\r\n\r\n"
	stop      = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\"}],\"usageMetadata\": {\"promptTokenCount\": 3,\"candidatesTokenCount\": 1,\"totalTokenCount\": 4}}\r\n\r\n"
	heartbeat = ": keep-alive\r\n\r\n"
)

// begin starts attempt n of a request. memory is what the attempt before left.
func (r rig) begin(n int, memory string, headers ...string) *attempt {
	in := &policies.Request{Method: "POST", Path: "/v1/messages?beta=true", Authority: "llm.example", Headers: policies.Headers{
		{Name: "x-request-id", Value: "id-1"}, {Name: "x-envoy-attempt-count", Value: fmt.Sprint(n)},
		{Name: "x-api-key", Value: "client-secret"}, {Name: "authorization", Value: "Bearer client-secret"},
		{Name: "content-type", Value: "application/json"},
	}}
	if memory != "" {
		in.Headers = append(in.Headers, policies.Header{Name: "x-heald-memory", Value: memory})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		in.Headers.Set(headers[i], headers[i+1])
	}
	return r.Begin(context.Background(), in).(*attempt)
}

// send takes an attempt up to the point where the provider has the request.
func send(t *testing.T, a *attempt, body string) *policies.Forward {
	t.Helper()
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %d %s", reply.Status, reply.Body)
	}
	f, reply := a.RequestBody(context.Background(), []byte(body))
	if reply != nil {
		t.Fatalf("refused: %d %s", reply.Status, reply.Body)
	}
	return f
}

// answerWith plays a response of the provider, in one piece, and closes the
// attempt.
func answerWith(a *attempt, status int, body string, headers ...string) policies.Action {
	defer a.Close(policies.EndComplete)
	resp := &policies.Response{Status: status, Details: policies.ViaUpstream}
	for i := 0; i+1 < len(headers); i += 2 {
		resp.Headers = append(resp.Headers, policies.Header{Name: headers[i], Value: headers[i+1]})
	}
	if act := a.ResponseHeaders(resp); act.Step == policies.Answer {
		return act
	}
	return a.ResponseBody([]byte(body), true)
}

func TestAnswerPasses(t *testing.T) {
	r := newRig(t, nil)
	a := r.begin(1, "")
	f := send(t, a, ask)
	if f.Cluster != "a" || f.Authority != "generativelanguage.googleapis.com" ||
		f.Path != "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse" {
		t.Errorf("forward %+v", f)
	}
	act := answerWith(a, 200, hello+stop, "content-type", "text/event-stream", "alt-svc", "h3", "x-heald-verdict", "pass")
	if act.Step != policies.Send || !act.End || act.Head == nil {
		t.Fatalf("action %+v", act)
	}
	if !strings.Contains(string(act.Body), `"text":"Hello"`) || !strings.HasSuffix(string(act.Body), "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") {
		t.Errorf("body:\n%s", act.Body)
	}
	for name, want := range map[string]string{
		"x-heald-account": "a-1", "x-heald-backend": "a", "x-heald-model": "gemini-3.5-flash",
		"x-heald-attempts": "1", "x-heald-request-id": "id-1", "content-type": "text/event-stream",
	} {
		if got := act.Head.Set.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := strings.Join(act.Head.Remove, " "); !strings.Contains(got, "alt-svc") || !strings.Contains(got, "x-heald-verdict") {
		t.Errorf("the provider's headers stay: removed only %s", got)
	}
}

// The client's credential must not reach the provider, nor anything else that
// the client chose to send.
func TestClientHeadersStayHere(t *testing.T) {
	r := newRig(t, nil)
	f := send(t, r.begin(1, "", "cookie", "c", "x-heald-session", "s"), ask)
	removed := " " + strings.Join(f.Remove, " ") + " "
	for _, name := range []string{"x-api-key", "authorization", "cookie", "x-heald-session"} {
		if !strings.Contains(removed, " "+name+" ") {
			t.Errorf("%s goes upstream", name)
		}
	}
	if f.Set.Get("x-goog-api-key") != "key-a-1" {
		t.Errorf("credential %q", f.Set.Get("x-goog-api-key"))
	}
	if bytes.Contains(f.Body, []byte("client-secret")) {
		t.Error("the body holds the client's credential")
	}
}

// retry plays an attempt that must be marked, and returns its reply.
func (r rig) retry(t *testing.T, n int, memory, body string, status int, response string, want policies.Verdict) *policies.Reply {
	t.Helper()
	a := r.begin(n, memory)
	send(t, a, body)
	act := answerWith(a, status, response)
	if act.Step != policies.Answer || act.Reply.Verdict != want || (act.Reply.Memory == "") == want.Again() {
		t.Fatalf("attempt %d: action %+v %+v, want verdict %v", n, act, act.Reply, want)
	}
	return act.Reply
}

const (
	forbidden = `{"error":{"code":403,"message":"Permission denied on project 123.","status":"PERMISSION_DENIED"}}`
	minute    = `{"error":{"code":429,"message":"Resource has been exhausted.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]}}`
	overload  = `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`
	corrupted = `{"error":{"code":400,"message":"Corrupted thought signature.","status":"INVALID_ARGUMENT"}}`
)

func TestNextAttemptTakesAnotherAccountThenAnotherBackend(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 403, forbidden, policies.Retry)
	second := r.retry(t, 2, first.Memory, ask, 403, forbidden, policies.Failover)
	a := r.begin(3, second.Memory)
	f := send(t, a, ask)
	if a.account.ID != "b-1" || f.Cluster != "b" || f.Set.Get("authorization") != "Bearer token-b-1" ||
		f.Path != "/v1/projects/p/locations/europe-west4/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse" {
		t.Errorf("third attempt: account %s, %+v", a.account.ID, f)
	}
	if act := answerWith(a, 200, hello+stop); act.Head.Set.Get("x-heald-attempts") != "3" {
		t.Errorf("attempts %q", act.Head.Set.Get("x-heald-attempts"))
	}
}

// Whole seconds are waited for by Envoy, the rest by the next attempt.
func TestWaitIsSplit(t *testing.T) {
	for _, c := range []struct {
		wait        string
		envoy, here time.Duration
	}{
		{"envoy", time.Second, 500 * time.Millisecond},
		{"heald", 0, 1500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) {
				cfg.Accounts = cfg.Accounts[:1]
				cfg.Backends = cfg.Backends[:1]
				cfg.Policies = map[string]Settings{"default": {Wait: c.wait}}
			})
			first := r.retry(t, 1, "", ask, 429, minute, policies.Retry)
			if first.Wait != c.envoy {
				t.Errorf("wait %s: Envoy waits %v, want %v", c.wait, first.Wait, c.envoy)
			}
			before := time.Now()
			send(t, r.begin(2, first.Memory), ask)
			if got := time.Since(before); got != c.here {
				t.Errorf("wait %s: the next attempt waits %v, want %v", c.wait, got, c.here)
			}
		})
	}
}

func TestBudgetsEndTheRetries(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
	// The last attempt fails without a word from upstream: the client gets
	// what upstream said before.
	second := r.retry(t, 2, first.Memory, ask, 200, "", policies.Retry)
	last := r.retry(t, 3, second.Memory, ask, 200, "", policies.Fail)
	if last.Status != 529 || !strings.Contains(string(last.Body), "overloaded") {
		t.Errorf("client gets %d %s", last.Status, last.Body)
	}

	t.Run("deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
			time.Sleep(10*time.Minute - 500*time.Millisecond)
			r.retry(t, 2, first.Memory, ask, 503, overload, policies.Fail)
		})
	})
	t.Run("without memory, Envoy's count", func(t *testing.T) {
		newRig(t, nil).retry(t, 3, "", ask, 503, overload, policies.Fail)
	})
	t.Run("attempts of the route", func(t *testing.T) {
		r := newRig(t, nil)
		a := r.begin(1, "", "x-heald-set", "attempts=1")
		send(t, a, ask)
		if act := answerWith(a, 503, overload); act.Reply.Verdict != policies.Fail {
			t.Errorf("verdict %v", act.Reply.Verdict)
		}
	})
}

func TestMemoryOfAnotherKeyIsIgnoredAndSaid(t *testing.T) {
	other := newRig(t, func(c *Config) { c.MemoryKey = []byte("other") })
	first := other.retry(t, 1, "", ask, 403, forbidden, policies.Retry)
	r := newRig(t, nil)
	a := r.begin(2, first.Memory)
	send(t, a, ask)
	if a.account.ID != "a-1" || a.number != 2 {
		t.Errorf("account %s, attempt %d", a.account.ID, a.number)
	}
	lines := r.log.FilterMessage("memory of earlier attempts was ignored").All()
	if len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0].ContextMap()["error"]), "same memory_key") {
		t.Errorf("log: %v", lines)
	}
}

func TestRepairHappensOnce(t *testing.T) {
	r := newRig(t, nil)
	history := `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"tools":[{"name":"Bash","input_schema":{"type":"object","properties":{"command":{"type":"string"}}}}],"messages":[
		{"role":"user","content":"run it"},
		{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"ls"}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"x"}]}]}`
	first := r.retry(t, 1, "", history, 400, corrupted, policies.Repair)
	a := r.begin(2, first.Memory)
	f := send(t, a, history)
	if !bytes.Contains(f.Body, []byte("could not be verified")) {
		t.Errorf("no repair prompt in %s", f.Body)
	}
	act := answerWith(a, 400, corrupted)
	if act.Reply.Verdict != policies.Fail || act.Reply.Status != 400 || !strings.Contains(string(act.Reply.Body), "Corrupted thought signature") {
		t.Errorf("second refusal: %v %d %s", act.Reply.Verdict, act.Reply.Status, act.Reply.Body)
	}
}

// Heartbeats must not extend the deadline, and silence must end in a retry as
// surely as they do.
func TestPeekDeadlineIsAbsolute(t *testing.T) {
	r := newRig(t, nil)
	a := r.begin(1, "")
	f := send(t, a, ask)
	if f.Wake != time.Minute {
		t.Errorf("wake after %v", f.Wake)
	}
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	for range 100 {
		if act := a.ResponseBody([]byte(heartbeat), false); act.Step != policies.Hold || act.Wake != 0 {
			t.Fatalf("heartbeat: %+v", act)
		}
	}
	if act := a.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTimeout {
		t.Errorf("deadline: %+v", act)
	}
	before := r.begin(1, "")
	send(t, before, ask)
	if act := before.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTimeout {
		t.Errorf("deadline before headers: %+v", act)
	}
}

func TestPassedStreamIsKeptAliveAndEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		a := r.begin(1, "")
		send(t, a, ask)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello), false)
		if act.Step != policies.Send || act.Wake != 15*time.Second {
			t.Fatalf("first content: %+v", act)
		}
		pings := 0
		for act.Step != policies.Send || !act.End {
			if act.Wake <= 0 {
				t.Fatalf("nobody would wake a stalled stream: %+v", act)
			}
			time.Sleep(act.Wake)
			act = a.Wake()
			if bytes.Contains(act.Body, []byte("event: ping")) {
				pings++
			}
		}
		if !bytes.Contains(act.Body, []byte("event: error")) || bytes.Contains(act.Body, []byte("message_stop")) {
			t.Errorf("stalled stream ends with\n%s", act.Body)
		}
		if pings < 18 || pings > 20 { // every 15 s for 5 min
			t.Errorf("%d pings", pings)
		}
		a.Close(policies.EndComplete)
		if lines := r.log.FilterMessage("request finished").All(); len(lines) != 1 || lines[0].ContextMap()["broken_by"] != heal.ReasonStreamStalled {
			t.Errorf("log: %v", lines)
		}
	})
}

// A provider that has finished but stays connected must not keep the client.
func TestFinishedStreamIsEndedAfterAMoment(t *testing.T) {
	for name, body := range map[string]string{"stream": ask, "whole": askWhole} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "")
				send(t, a, body)
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				act := a.ResponseBody([]byte(hello+stop), false)
				if act.Wake != finishGrace {
					t.Fatalf("finish: %+v", act)
				}
				time.Sleep(act.Wake)
				if act = a.Wake(); act.Step != policies.Send || !act.End || bytes.Contains(act.Body, []byte(`"error"`)) {
					t.Errorf("after the grace: %+v %s", act, act.Body)
				}
			})
		})
	}
}

// A document may take long once there is content; only silence ends it.
func TestDocumentMayTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "")
		f := send(t, a, askWhole)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		a.ResponseBody([]byte(hello), false)
		time.Sleep(f.Wake)
		act := a.Wake()
		if act.Step != policies.Hold || act.Wake <= 0 {
			t.Fatalf("after the first deadline: %+v", act)
		}
		time.Sleep(act.Wake)
		if act = a.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTruncated {
			t.Errorf("after the idle time: %+v", act)
		}
	})
}

// What the model signed in one turn must come back in the next, whichever
// place the dialect has for it.
func TestSignaturesSurviveTheClient(t *testing.T) {
	const sig = "c2lnbmF0dXJlIG9mIHRoZSBjYWxs"
	reply := "data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"Bash\",\"args\": {\"command\": \"ls\"},\"id\": \"c1\"},\"thoughtSignature\": \"" + sig + "\"}],\"role\": \"model\"},\"finishReason\": \"STOP\"}]}\r\n\r\n"
	for name, thinking := range map[string]string{
		"thinking on":  `"thinking":{"type":"adaptive"},`,
		"thinking off": ``,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			turn := func(messages string) string {
				return `{"model":"gemini-3.5-flash","max_tokens":100,` + thinking + `"tools":[{"name":"Bash","input_schema":{"type":"object","properties":{"command":{"type":"string"}}}}],"messages":[` + messages + `]}`
			}
			a := r.begin(1, "")
			send(t, a, turn(`{"role":"user","content":"run it"}`))
			var message struct {
				Content []map[string]any `json:"content"`
			}
			if err := json.Unmarshal(answerWith(a, 200, reply).Body, &message); err != nil {
				t.Fatal(err)
			}
			content, err := json.Marshal(message.Content)
			if err != nil {
				t.Fatal(err)
			}
			id := message.Content[len(message.Content)-1]["id"]
			f := send(t, r.begin(1, ""), turn(fmt.Sprintf(`{"role":"user","content":"run it"},{"role":"assistant","content":%s},{"role":"user","content":[{"type":"tool_result","tool_use_id":%q,"content":"x"}]}`, content, id)))
			if !bytes.Contains(f.Body, []byte(`"thoughtSignature":"`+sig+`"`)) {
				t.Errorf("the signature is lost:\n%s\nfrom\n%s", f.Body, content)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*Config)
		headers []string
		path    string
		body    string
		status  int
		reason  string
		text    string
	}{
		{name: "unknown path", path: "/nothing", status: 404, reason: heal.ReasonRefused, text: "/nothing is no path"},
		{name: "no JSON", body: "{", status: 400, reason: heal.ReasonRefused, text: "invalid_request_error"},
		{name: "model that is a path", body: strings.Replace(ask, "gemini-3.5-flash", "../../x", 1), status: 400, reason: heal.ReasonRefused, text: "model"},
		{name: "hop secret missing", change: func(c *Config) { c.Hop = "s3cret-s3cret" }, status: 403, reason: heal.ReasonHop, text: "outer listener"},
		{name: "unknown policy", headers: []string{"x-heald-policy", "gold"}, status: 500, reason: heal.ReasonRefused, text: `policy \"gold\"`},
		{name: "unknown setting", headers: []string{"x-heald-set", "attempt=3"}, status: 500, reason: heal.ReasonRefused, text: "is no setting"},
		{name: "impossible setting", headers: []string{"x-heald-set", "attempts=300"}, status: 500, reason: heal.ReasonRefused, text: "not between 1 and 10"},
		{name: "no backend", change: func(c *Config) { c.Backends, c.Accounts = nil, nil }, status: 500, reason: heal.ReasonRefused, text: "no backend is configured"},
		{name: "backends of the route, broken", headers: []string{"x-heald-backends", "x=bedrock"}, status: 500, reason: heal.ReasonRefused, text: "bedrock"},
		{name: "backend of the route without account", headers: []string{"x-heald-backends", "new=ai_studio,"}, status: 500, reason: heal.ReasonNoAccount, text: "backend new has no account"},
		{name: "model that nobody serves", change: func(c *Config) { c.Backends[0].Models, c.Backends[1].Models = []string{"m"}, []string{"m"} }, status: 404, reason: heal.ReasonNoBackend, text: "served by no backend"},
		{name: "strict", headers: []string{"x-heald-set", "strict=true"}, body: strings.Replace(ask, `"stream":true`, `"stream":true,"speed":"fast"`, 1), status: 400, reason: heal.ReasonRefused, text: "speed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.change)
			a := r.begin(1, "", c.headers...)
			if c.path != "" {
				a.in.Path = c.path + "?key=secret"
			}
			body := ask
			if c.body != "" {
				body = c.body
			}
			reply := a.RequestHeaders()
			if reply == nil {
				_, reply = a.RequestBody(context.Background(), []byte(body))
			}
			if reply == nil {
				t.Fatal("not refused")
			}
			a.Close(policies.EndComplete)
			if reply.Status != c.status || reply.Reason != c.reason || reply.Verdict != policies.Fail || !strings.Contains(string(reply.Body), c.text) {
				t.Errorf("%d %s %v %s\nwant %d %s with %q", reply.Status, reply.Reason, reply.Verdict, reply.Body, c.status, c.reason, c.text)
			}
			if strings.Contains(string(reply.Body), "secret") {
				t.Errorf("the reply tells a secret: %s", reply.Body)
			}
			if n := r.log.FilterMessage("request finished").Len(); n != 1 {
				t.Errorf("%d lines for the request", n)
			}
		})
	}
}

func TestEnvoysOwnReplies(t *testing.T) {
	for _, c := range []struct {
		name    string
		resp    policies.Response
		before  bool // instead of the request body
		verdict policies.Verdict
		reason  string
	}{
		{"refused connection", policies.Response{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}"}, false, policies.Retry, heal.ReasonConnect},
		{"no such cluster", policies.Response{Status: 503, Details: "cluster_not_found", NoBody: true}, false, policies.Failover, heal.ReasonNoCluster},
		{"body over Envoy's limit", policies.Response{Status: 413, Details: "request_payload_too_large"}, true, policies.Fail, heal.ReasonBodyTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			if c.before {
				a.RequestHeaders()
			} else {
				send(t, a, ask)
			}
			act := a.ResponseHeaders(&c.resp)
			a.Close(policies.EndComplete)
			if act.Step != policies.Answer || act.Reply.Verdict != c.verdict || act.Reply.Reason != c.reason {
				t.Errorf("%+v %+v, want %v %s", act, act.Reply, c.verdict, c.reason)
			}
		})
	}
}

func TestRefuseSpeaksThePathsDialect(t *testing.T) {
	r := newRig(t, nil)
	f := &policies.Fault{Verdict: policies.Retry, Reason: heal.ReasonPanic, Err: fmt.Errorf("internal error")}
	for _, req := range []*policies.Request{nil, {Method: "POST", Path: "/v1/messages"}} {
		reply := r.Refuse(req, f)
		if reply.Status != 500 || reply.Verdict != policies.Retry || !strings.Contains(string(reply.Body), `"type":"error"`) {
			t.Errorf("%+v: %d %s", req, reply.Status, reply.Body)
		}
	}
}

func TestModels(t *testing.T) {
	m := Models{Aliases: map[string]string{"claude-opus-5-5": "gemini-3.1-pro-preview", "claude-*": "gemini-3.7-flash", "claude-haiku-*": "gemini-3.5-flash-lite"}}
	for name, want := range map[string]string{
		"claude-opus-5-5":         "gemini-3.1-pro-preview",
		"claude-sonnet-5":         "gemini-3.7-flash",
		"claude-haiku-4-5":        "gemini-3.5-flash-lite",
		"gpt-5.5":                 "gemini-3.8-flash",
		"gemini-3.5-flash":        "gemini-3.5-flash",
		"models/gemini-3.5-flash": "gemini-3.5-flash",
	} {
		if got := m.Resolve(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// Gemini takes five stop sequences; the sixth is heald's to enforce, and ends
// the upstream call.
func TestMoreStopSequencesThanUpstreamTakes(t *testing.T) {
	for name, stream := range map[string]string{"stream": "true", "whole": "false"} {
		t.Run(name, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			send(t, a, `{"model":"gemini-3.5-flash","max_tokens":100,"stream":`+stream+`,"stop_sequences":["a1","b2","c3","d4","e5","lo, wo"],"messages":[{"role":"user","content":"hi"}]}`)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			act := a.ResponseBody([]byte(hello), false)
			body := string(act.Body)
			if act.End {
				t.Fatalf("ended too early: %s", body)
			}
			act = a.ResponseBody([]byte(strings.Replace(hello, "Hello", ", world", 1)), false)
			body += string(act.Body)
			if !act.End || strings.Contains(body, "world") || !strings.Contains(body, `"stop_sequence":"lo, wo"`) {
				t.Errorf("end %v:\n%s", act.End, body)
			}
		})
	}
}

// The request's own deadline bounds an attempt that is held, and one that
// would begin too late does not begin.
func TestDeadlineBoundsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
		time.Sleep(9*time.Minute + 40*time.Second)
		if f := send(t, r.begin(2, first.Memory), ask); f.Wake >= time.Minute || f.Wake <= 0 {
			t.Errorf("an attempt near the deadline is woken after %v", f.Wake)
		}
		time.Sleep(time.Minute)
		late := r.begin(2, first.Memory)
		late.RequestHeaders()
		_, reply := late.RequestBody(context.Background(), []byte(ask))
		if reply == nil || reply.Reason != heal.ReasonDeadline || reply.Status != 504 {
			t.Errorf("after the deadline: %+v", reply)
		}
	})
}

// Attempts that left no memory are Envoy's own retries; heald forgives one, and
// then ends the request in the client's dialect.
func TestLostAttemptsAreBounded(t *testing.T) {
	r := newRig(t, nil)
	if reply := r.begin(4, "").RequestHeaders(); reply != nil {
		t.Errorf("one lost attempt: %s", reply.Body)
	}
	reply := r.begin(5, "").RequestHeaders()
	if reply == nil || reply.Verdict != policies.Fail || reply.Reason != heal.ReasonConnect || !strings.Contains(string(reply.Body), `"type":"error"`) {
		t.Errorf("two lost attempts: %+v", reply)
	}
}

// A backend without capacity, or that nobody can reach, is passed over for a
// while also by other requests.
func TestTiredBackendIsPassedOver(t *testing.T) {
	r := newRig(t, nil)
	a := r.begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 503, Details: "upstream_reset_before_response_started{remote_connection_failure}"})
	next := r.begin(1, "")
	if send(t, next, ask); next.backend.Name != "b" {
		t.Errorf("the next request goes to %s", next.backend.Name)
	}
}

// An error in mid-stream keeps its kind: the client may act on it.
func TestErrorAfterContentKeepsItsKind(t *testing.T) {
	a := newRig(t, nil).begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(hello), false)
	act := a.ResponseBody([]byte("data: "+overload+"\r\n\r\n"), false)
	if !act.End || !strings.Contains(string(act.Body), "overloaded_error") {
		t.Errorf("got %+v %s", act, act.Body)
	}
}
