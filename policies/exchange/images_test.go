package exchange

import (
	"context"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// drawing is a frame with an image.
const drawing = `data: {"candidates":[{"content":{"role":"model","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}],"responseId":"r"}` + "\n\n"

// askForImage sends a request for an image as attempt n.
func askForImage(t *testing.T, r rig, n int, memory, fields string) *attempt {
	t.Helper()
	a := r.begin(n, memory)
	a.in.Path = "/v1/images/generations"
	f := send(t, a, `{"prompt":"a dot",`+fields+`}`)
	if a.model != "gemini-3.1-flash-image" || !strings.Contains(string(f.Body), `"contents":[{"role":"user","parts":[{"text":"a dot"}]}]`) ||
		!strings.Contains(string(f.Body), `"generationConfig":{"responseModalities":["IMAGE"],"imageConfig":{"aspectRatio":"1:1"}}`) {
		t.Errorf("%s gets %s", a.model, f.Body)
	}
	return a
}

// What is no answer is asked for again, in a stream as well: it is held whole.
func TestImages(t *testing.T) {
	for fields, want := range map[string]string{
		`"model":"dall-e-3","size":"1024x1024"`:                  "application/json",
		`"model":"gpt-image-1","size":"1024x1024","stream":true`: "text/event-stream; charset=utf-8",
	} {
		r, memory := newRig(t, nil), ""
		for n, reply := range []string{finishes("NO_IMAGE"), drawing, drawing + stop} {
			act := answerWith(askForImage(t, r, n+1, memory, fields), 200, reply)
			if n < 2 {
				reason := []string{heal.ReasonPeekNoContent, heal.ReasonPeekTruncated}[n]
				if memory = act.Reply.Memory; !act.Reply.Verdict.Again() || act.Reply.Reason != reason {
					t.Fatalf("got %+v, want %s", act.Reply, reason)
				}
				continue
			}
			if got := string(act.Body); !strings.Contains(got, `"b64_json":"AAAA"`) || !strings.Contains(got, `"usage":{`) || act.Head.Set.Get("content-type") != want {
				t.Errorf("got %s %+v", got, act.Head)
			}
		}
	}
}

// An answer that will not become an image is an error with its status, and no
// reason to ask again.
func TestNoImage(t *testing.T) {
	for reply, want := range map[string]string{
		finishes("IMAGE_SAFETY"):       "moderation_blocked",
		finishes("PROHIBITED_CONTENT"): "moderation_blocked",
		hello + stop:                   "made no image: Hello",
	} {
		for _, fields := range []string{`"size":"1024x1024"`, `"size":"1024x1024","stream":true`} {
			r := newRig(t, nil)
			act := answerWith(askForImage(t, r, 1, "", fields), 200, reply)
			if act.Step != policies.Answer || act.Reply.Status != 400 || act.Reply.Verdict != policies.Fail || !strings.Contains(string(act.Reply.Body), want) {
				t.Errorf("%s: %+v %s", want, act.Reply, act.Body)
			}
		}
	}
}

// Models that make no images, or cannot be asked here, are refused with the name
// of one that does.
func TestNoImageModel(t *testing.T) {
	for model, want := range map[string]string{
		"gemini-3.5-flash":        "model gemini-3.5-flash makes no image; ask for one that does, such as gemini-3.1-flash-image",
		"imagen-4.0-generate-001": "Imagen's models are not served here; ask for a Gemini model that makes images, such as gemini-3.1-flash-image",
	} {
		a := newRig(t, nil).begin(1, "")
		a.in.Path = "/v1/images/generations"
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatal(reply)
		}
		_, reply := a.RequestBody(context.Background(), []byte(`{"model":"`+model+`","prompt":"a dot"}`))
		if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), want) || !strings.Contains(string(reply.Body), `"param":"model"`) {
			t.Errorf("%s: %+v %s", model, reply, reply.Body)
		}
	}
}
