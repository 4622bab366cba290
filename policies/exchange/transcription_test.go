package exchange

import (
	"context"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// spoken is the form of a request for a transcript, with bytes that are no text.
const spoken = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\x00\x00\xff\xfe\r\n" +
	"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n"

// A recording becomes a conversation, and its answer a transcript; what is no
// answer is asked for again.
func TestTranscription(t *testing.T) {
	r, memory := newRig(t, nil), ""
	for n, reply := range []string{": nothing\n\n", hello + stop} {
		a := r.begin(n+1, memory, "content-type", "multipart/form-data; boundary=b")
		a.in.Path = "/v1/audio/transcriptions"
		f := send(t, a, spoken)
		if a.model != "gemini-3.5-flash-lite" || !strings.Contains(string(f.Body), `{"inlineData":{"mimeType":"audio/wav","data":"UklGRgAA//4="}}`) {
			t.Errorf("%s gets %s", a.model, f.Body)
		}
		if len(a.req.Warnings) > 0 {
			t.Errorf("warnings %v", a.req.Warnings)
		}
		act := answerWith(a, 200, reply)
		if n == 0 {
			if memory = act.Reply.Memory; act.Reply.Verdict != policies.Retry || act.Reply.Reason != heal.ReasonPeekEOF {
				t.Fatalf("got %+v", act.Reply)
			}
			continue
		}
		if want := `{"text":"Hello","usage":{"type":"tokens","input_tokens":3,"output_tokens":1,"total_tokens":4}}`; string(act.Body) != want || act.Head.Set.Get("content-type") != "application/json" {
			t.Errorf("got %s %+v, want %s", act.Body, act.Head, want)
		}
	}
}

// What is no form is told in the words of the API.
func TestFormsAreForms(t *testing.T) {
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json", `{"model":"whisper-1"}`, "multipart/form-data"},
		{"multipart/form-data; boundary=b", spoken[:len(spoken)-20], "cut"},
	} {
		a := newRig(t, nil).begin(1, "", "content-type", c.contentType)
		a.in.Path = "/v1/audio/transcriptions"
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatal(reply)
		}
		_, reply := a.RequestBody(context.Background(), []byte(c.body))
		if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), c.want) || !strings.Contains(string(reply.Body), `"param"`) {
			t.Errorf("%s: %+v", c.contentType, reply)
		}
	}
}

// A document has no word for an answer that was cut or refused, so it is an
// error, with its status.
func TestTranscriptionThatIsNotComplete(t *testing.T) {
	for finish, status := range map[string]int{"MAX_TOKENS": 413, "RECITATION": 400, "SAFETY": 400} {
		r := newRig(t, nil)
		a := r.begin(1, "", "content-type", "multipart/form-data; boundary=b")
		a.in.Path = "/v1/audio/transcriptions"
		send(t, a, spoken)
		act := answerWith(a, 200, hello+strings.Replace(stop, "STOP", finish, 1))
		if act.Step != policies.Answer || act.Reply.Status != status || act.Reply.Verdict != policies.Fail || !strings.Contains(string(act.Reply.Body), `"error"`) {
			t.Errorf("%s: %+v %s", finish, act.Reply, act.Body)
		}
		if lines := r.log.FilterMessage("request finished").All(); len(lines) != 1 || lines[0].ContextMap()["outcome"] != "failed" {
			t.Errorf("%s: log %v", finish, lines)
		}
	}
}
