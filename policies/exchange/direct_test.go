package exchange

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	nativeStream = "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse&key=client-secret"
	nativeArray  = "/v1/models/gemini-3.5-flash:streamGenerateContent?$alt=json;enum-encoding%3Dint"
	nativeWhole  = "/v1beta1/projects/theirs/locations/us-central1/publishers/google/models/gemini-3.5-flash:generateContent"

	nativeAsk = `{"contents": [{"role": "user","parts": [{"text": "hi"}]}],  "generationConfig": {"temperature": 1}}`
)

// native starts attempt n of a request in Google's own API.
func (r rig) native(path string, n int, memory string, headers ...string) *attempt {
	a := r.begin(n, memory, append(headers, "x-goog-api-key", "client-secret")...)
	a.in.Path = path
	return a
}

func TestNativeAnswers(t *testing.T) {
	frame := func(s string) string {
		return strings.TrimSuffix(strings.TrimPrefix(s, "data: "), "\r\n\r\n")
	}
	for path, want := range map[string]struct{ contentType, body string }{
		nativeStream: {"text/event-stream", hello + stop},
		nativeArray:  {"application/json; charset=UTF-8", "[" + frame(hello) + "\n,\r\n" + frame(stop) + "\n]"},
		nativeWhole: {"application/json; charset=UTF-8", `{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP"}],` +
			`"usageMetadata":{"promptTokenCount": 3,"candidatesTokenCount": 1,"totalTokenCount": 4},"responseId":"r1"}`},
	} {
		t.Run(path, func(t *testing.T) {
			r := newRig(t, nil)
			a := r.native(path, 1, "")
			f := send(t, a, nativeAsk)
			if string(f.Body) != nativeAsk {
				t.Errorf("the body was changed: %s", f.Body)
			}
			if f.Path != "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse" || f.Set.Get("x-goog-api-key") != "key-a-1" {
				t.Errorf("forward %+v", f)
			}
			act := answerWith(a, 200, heartbeat+hello+stop, "content-type", "text/event-stream")
			if act.Step != policies.Send || !act.End || string(act.Body) != want.body {
				t.Errorf("body %q\nwant %q", act.Body, want.body)
			}
			if got := act.Head.Set.Get("content-type"); got != want.contentType {
				t.Errorf("content-type %q", got)
			}
			lines := r.log.FilterMessage("request finished").All()
			if len(lines) != 1 || usageIn(lines[0])["output"] != int64(1) || lines[0].ContextMap()["alias"] != "gemini-3.5-flash" {
				t.Errorf("log: %v", lines)
			}
		})
	}
}

// However the frames are cut, a stream's bytes are the upstream's.
func TestNativeStreamIsVerbatim(t *testing.T) {
	a := newRig(t, nil).native(nativeStream, 1, "")
	send(t, a, nativeAsk)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	var got []byte
	for _, b := range []byte(hello + heartbeat + stop) {
		got = append(got, a.ResponseBody([]byte{b}, false).Body...)
	}
	if got = append(got, a.ResponseBody(nil, true).Body...); string(got) != hello+stop {
		t.Errorf("%q", got)
	}
}

func TestNativeFaultsAreRetried(t *testing.T) {
	for _, path := range []string{nativeStream, nativeArray, nativeWhole} {
		r := newRig(t, nil)
		a := r.native(path, 1, "")
		send(t, a, nativeAsk)
		first := answerWith(a, 200, "").Reply
		if first == nil || first.Verdict != policies.Retry || first.Reason != heal.ReasonPeekEOF || !strings.Contains(string(first.Body), `"status": "INTERNAL"`) {
			t.Fatalf("%s: %+v", path, first)
		}
		a = r.native(path, 2, first.Memory)
		if f := send(t, a, nativeAsk); f.Set.Get("x-goog-api-key") != "key-a-2" {
			t.Errorf("%s: second attempt %+v", path, f)
		}
		if act := answerWith(a, 200, hello+stop); !act.End || !bytes.Contains(act.Body, []byte("Hello")) {
			t.Errorf("%s: %+v", path, act)
		}
	}
}

// A refused signature is taken away for the second attempt, and with it what
// the model is told of it.
func TestNativeSignatureRepair(t *testing.T) {
	const history = `{"contents":[{"role":"user","parts":[{"text":"run it"}]},` +
		`{"role":"model","parts":[{"functionCall":{"id":"c1","name":"ls","args":{}},"thoughtSignature":"Zm9yZWlnbg=="}]},` +
		`{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"ls","response":{}}}]}],"tools":[{"functionDeclarations":[{"name":"ls"}]}]}`
	r := newRig(t, nil)
	a := r.native(nativeStream, 1, "")
	if f := send(t, a, history); string(f.Body) != history {
		t.Errorf("changed without need: %s", f.Body)
	}
	first := answerWith(a, 400, corrupted).Reply
	if first == nil || first.Verdict != policies.Repair {
		t.Fatalf("%+v", first)
	}
	f := send(t, r.native(nativeStream, 2, first.Memory), history)
	if bytes.Contains(f.Body, []byte("Zm9yZWlnbg==")) || !bytes.Contains(f.Body, []byte(`"thoughtSignature":"c2tpcF90`)) ||
		!bytes.Contains(f.Body, []byte("could not be verified")) {
		t.Errorf("second attempt: %s", f.Body)
	}
}

// A body made for one API is repaired for the backend that serves it.
func TestNativeRequestAtTheOtherAPI(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Backends, c.Accounts = c.Backends[1:], c.Accounts[2:]
		c.Models.Aliases = map[string]route.Chain{"house-model": route.Only("gemini-3.5-flash")}
	})
	a := r.native("/v1beta/models/house-model:generateContent", 1, "")
	a.in.Headers.Set("x-heald-set", "allow.labels=true,allow.tiers=priority")
	f := send(t, a, `{"model":"models/house-model","serviceTier":"priority","labels":{"team":"a"},"contents":[{"parts":[{"text":"hi"}]}]}`)
	if got, want := string(f.Body), `{"labels":{"team":"a"},"contents":[{"parts":[{"text":"hi"}],"role":"user"}]}`; got != want {
		t.Errorf("body %s\nwant %s", got, want)
	}
	if f.Path != "/v1/projects/p/locations/europe-west4/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse" ||
		f.Set.Get("x-vertex-ai-llm-shared-request-type") != "priority" {
		t.Errorf("forward %+v", f)
	}
}

// gemini-cli finds a line that was begun where an answer breaks off, others do not.
func TestNativeOpenLine(t *testing.T) {
	for agent, open := range map[string]bool{"GeminiCLI/0.61.0/gemini-3.8-flash (linux; x64)": true, "google-genai-sdk/3.1.0 gl-node/v20": false} {
		a := newRig(t, nil).native(nativeStream, 1, "")
		a.in.Headers.Set("user-agent", agent)
		send(t, a, nativeAsk)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello), false)
		if got := strings.HasSuffix(string(act.Body), "\r\n\r\ndata: "); got != open {
			t.Errorf("%s: %q", agent, act.Body)
		}
		a.Close(policies.EndCancelled)
	}
}

func TestNativeBreaksOffHonestly(t *testing.T) {
	const broken = `{"error":{"code":500,"message":"Server error: the model backend ended the reply without finishing it","status":"INTERNAL"}}`
	for path, want := range map[string]string{
		nativeStream: "\r\n\r\ndata: " + broken + "\r\n\r\n" + broken + "\r\n",
		nativeArray:  "}\n,\r\n" + broken + "\n]",
	} {
		a := newRig(t, nil).native(path, 1, "")
		send(t, a, nativeAsk)
		act := answerWith(a, 200, hello)
		if !act.End || !strings.HasSuffix(string(act.Body), want) || !strings.Contains(string(act.Body), "Hello") {
			t.Errorf("%s:\n%q\nwant the end %q", path, act.Body, want)
		}
	}
	a := newRig(t, nil).native(nativeWhole, 1, "")
	send(t, a, nativeAsk)
	if act := answerWith(a, 200, hello); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTruncated {
		t.Errorf("document: %+v", act)
	}
}

// A client of a silent upstream hears that it is still there; but a stall ends.
func TestNativeStallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).native(nativeStream, 1, "", "x-heald-set", "ping=10s,idle_timeout=35s")
		send(t, a, nativeAsk)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello), false)
		keepAlives := 0
		for !act.End {
			if act.Wake <= 0 {
				t.Fatalf("nobody would wake it: %+v", act)
			}
			time.Sleep(act.Wake)
			if act = a.Wake(); !act.End && string(act.Body) == "\r\n\r\n" {
				keepAlives++
			}
		}
		if keepAlives != 3 || !bytes.Contains(act.Body, []byte("stopped sending")) {
			t.Errorf("%d keep-alives, want 3; then %q", keepAlives, act.Body)
		}
	})
}

// An upstream that has finished has nothing more to wait for.
func TestNoKeepAliveAfterTheFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).native(nativeStream, 1, "", "x-heald-set", "ping=1s")
		send(t, a, nativeAsk)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello+stop), false)
		for !act.End {
			time.Sleep(act.Wake)
			if act = a.Wake(); len(act.Body) > 0 {
				t.Errorf("%q", act.Body)
			}
		}
	})
}

func TestNativeRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		path, body, text string
		headers          []string
	}{
		"no object":     {nativeStream, "[]", "not a JSON object", nil},
		"cut short":     {nativeStream, `{"contents":[`, "ends too early", nil},
		"alt":           {strings.Replace(nativeStream, "alt=sse", "alt=proto", 1), nativeAsk, "alt=proto", nil},
		"model":         {"/v1beta/models/..%2Fx:generateContent", nativeAsk, "model name", nil},
		"Cloud Storage": {nativeWhole, `{"contents":[{"parts":[{"fileData":{"fileUri":"gs://b/o"}}]}]}`, "contents[0].parts[0].fileData.fileUri", nil},
		"strict":        {nativeWhole, `{"labels":{"a":"b"},"contents":[]}`, "refused because this route is strict", []string{"x-heald-set", "strict=true"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newRig(t, nil).native(c.path, 1, "", c.headers...)
			reply := a.RequestHeaders()
			if reply == nil {
				_, reply = a.RequestBody(context.Background(), []byte(c.body))
			}
			if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), c.text) ||
				!strings.Contains(string(reply.Body), `"status": "INVALID_ARGUMENT"`) || strings.Contains(string(reply.Body), "client-secret") {
				t.Errorf("%+v\n%s", reply, reply.Body)
			}
		})
	}
}

// The events of all a native client's forms of a stream are frames.
func TestNativeEncodersTakeFrames(t *testing.T) {
	for _, path := range []string{nativeStream, nativeWhole, "/v1beta/models/gemini-3.5-flash:streamGenerateContent"} {
		a := newRig(t, nil).begin(1, "")
		a.in.Path = path
		send(t, a, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`)
		if !a.answer.takesFrames() {
			t.Errorf("%s is not answered with frames", path)
		}
	}
}
