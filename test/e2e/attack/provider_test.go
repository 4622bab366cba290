package attack

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// provider is an upstream that has been taken over, or that has gone mad.
var provider = []attack{
	{"speaks as heald, and sets cookies", func(t *testing.T, v *victim) string {
		h := http.Header{"Content-Type": {"application/json"}}
		for _, name := range []string{"x-heald-verdict", "x-heald-retry", "x-heald-memory", "x-heald-cluster", "set-cookie", "alt-svc",
			"x-heald-account", "location", "refresh", "access-control-allow-origin", "strict-transport-security", "link", "www-authenticate"} {
			h.Set(name, "evil-1")
		}
		var seen []string
		for _, reply := range []fakegemini.Reply{
			fakegemini.Raw(200, h, []byte(`{"candidates":[{"content":{"role":"model","parts":[{"text":"You said: hello"}]},"finishReason":"STOP"}]}`)),
			fakegemini.Raw(400, h, []byte(`{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}`)),
		} {
			for _, r := range []request{hello, {path: "/v1beta/models/gemini-3.5-flash:generateContent", body: `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`}} {
				v.fake.Enqueue(reply)
				got := v.do(t, r)
				for name, values := range got.header {
					if strings.Contains(strings.Join(values, " "), "evil-1") {
						t.Errorf("%s: the client sees the provider's %s", r.path, name)
					}
				}
				seen = append(seen, fmt.Sprint(got.status))
			}
		}
		return strings.Join(seen, " ") + ", none of 13 headers reaches a client"
	}},
	{"echoes the key: plain, URL-encoded, in base64", func(t *testing.T, v *victim) string {
		in := providerKey
		texts := []string{in, url.QueryEscape(in + "&x=/"), base64.StdEncoding.EncodeToString([]byte("user:" + in)), base64.URLEncoding.EncodeToString([]byte(in))}
		for _, text := range texts {
			v.fake.Enqueue(fakegemini.Status(400, fakegemini.Message("cannot do "+text)))
			if got := v.do(t, hello); strings.Contains(got.body, "AIza") || strings.Contains(got.body, text) {
				t.Errorf("the client reads %v", got)
			}
			if strings.Contains(v.logs(), text) {
				t.Errorf("the log has %s", text)
			}
		}
		return fmt.Sprintf("%d forms redacted in replies and logs", len(texts))
	}},
	{"an error text of 1 MB", func(t *testing.T, v *victim) string {
		v.fake.Enqueue(fakegemini.Status(400, fakegemini.Message(strings.Repeat("long ", 200_000))))
		before := len(v.logs())
		got := v.do(t, hello)
		if len(got.body) > 4<<10 {
			t.Errorf("the client gets %d bytes", len(got.body))
		}
		logged := len(v.logs()) - before
		if logged > 8<<10 {
			t.Errorf("%d bytes are logged", logged)
		}
		return fmt.Sprintf("the client gets %d bytes, the log %d", len(got.body), logged)
	}},
	{"a frame without end", func(t *testing.T, v *victim) string {
		piece := fakegemini.Verbatim(bytes.Repeat([]byte("x"), 8<<20))
		endless := fakegemini.Verbatim([]byte(`data: {"a":"`))
		for range 8 {
			endless = endless.Then(piece)
		}
		for range 3 {
			v.fake.Enqueue(endless.NoFinish())
		}
		got := v.do(t, hello)
		if got.status < 400 {
			t.Errorf("got %v", got)
		}
		v.fake.Reset()
		v.served(t)
		return memory(t, v, map[int]int{got.status: 1})
	}},
	{"600,000 calls in one frame", func(t *testing.T, v *victim) string {
		frame := `data: {"candidates":[{"content":{"role":"model","parts":[` + fill(18<<20, `{"functionCall":{"name":"f"}}`) + `]},"finishReason":"STOP"}]}` + "\r\n\r\n"
		for range 3 {
			v.fake.Enqueue(fakegemini.Verbatim([]byte(frame)))
		}
		got := v.do(t, hello)
		if got.status < 500 {
			t.Errorf("got %v", got)
		}
		v.fake.Reset()
		v.served(t)
		return memory(t, v, map[int]int{got.status: 1})
	}},
	{"empty deltas for ever", func(t *testing.T, v *victim) string {
		empty := `{"candidates":[{"content":{"role":"model","parts":[{"text":""}]}}]}`
		reply := fakegemini.Text("begins")
		docs := make([]string, 0, 2000)
		for range 2000 {
			docs = append(docs, empty)
		}
		v.fake.Enqueue(reply.NoFinish().Then(fakegemini.Chunks(docs...)).Slow(20 * time.Millisecond))
		r := hello
		r.body = strings.Replace(hello.body, `"max_tokens"`, `"stream":true,"max_tokens"`, 1)
		began := time.Now()
		got := v.do(t, r)
		if !strings.Contains(got.body, "event: error") {
			t.Errorf("got %v", got)
		}
		return fmt.Sprintf("ended with an error event after %.0f s (idle_timeout 2 s, the provider would take 40 s)", time.Since(began).Seconds())
	}},
	{"a delay of 300 years", func(t *testing.T, v *victim) string {
		v.fake.Enqueue(fakegemini.Status(503, fakegemini.Header("Retry-After", "9999999999")), fakegemini.Status(503, fakegemini.RetryDelay("9999999999s")))
		got := v.do(t, hello)
		if after := got.header.Get("retry-after"); len(after) > 5 {
			t.Errorf("the client is told to wait %s s", after)
		}
		v.fake.Reset()
		v.served(t)
		return fmt.Sprintf("%d, retry-after %q", got.status, got.header.Get("retry-after"))
	}},
}
