package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

var update = flag.Bool("update", false, "make the picture for README anew")

// picture is the one in README: a healed failure, as the page shows it.
var picture = filepath.Join("cmd", "heald", "admin", "monitor", "healed.png")

// largestPicture is how large it may be, in bytes: everybody who clones gets it.
const largestPicture = 200_000

const model = "gemini-3.5-flash"

// request is one to a real heald.
type request struct {
	name, path, body string
	replies          []fakegemini.Reply // of the provider, the first ones
	status           int                // to the client
}

// sent are requests of all four APIs, with every outcome.
var sent = []request{
	{"passed", "/v1/messages", `{"model":"` + model + `","max_tokens":1000,"messages":[{"role":"user","content":"hello"}]}`, nil, 200},
	{"chat", "/v1/chat/completions", `{"model":"` + model + `","stream":true,"messages":[{"role":"user","content":"hello"}]}`, []fakegemini.Reply{fakegemini.EmptyOK()}, 200},
	{"native", "/v1beta/models/" + model + ":streamGenerateContent?alt=sse", `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`, nil, 200},
	{"failed", "/v1/responses", `{"model":"` + model + `","input":"a prompt that failed"}`, []fakegemini.Reply{fakegemini.Status(400, fakegemini.Message("the provider's refusal"))}, 400},
	{"refused", "/v1/messages", `{"model":"` + model + `","max_tokens":1000,"messages":[{"role":"nobody","content":"hello"}]}`, nil, 400},
	{"broken", "/v1/messages", `{"model":"` + model + `","max_tokens":1000,"stream":true,"messages":[{"role":"user","content":"hello"}]}`, []fakegemini.Reply{fakegemini.EndWithoutFinish("half an ", "answer")}, 200},
	{"healed", "/v1/responses", `{"model":"` + model + `","stream":true,"input":"hello"}`, []fakegemini.Reply{fakegemini.ErrorEvent(500), fakegemini.Status(503, fakegemini.Message("The model is overloaded. Please try again later."))}, 200},
}

// The page, from a real heald behind a real Envoy: as it starts by itself, and with
// a history on disk, bodies and a token. `heald why` tells the same story from the
// log that this heald has written.
func TestRealHeald(t *testing.T) {
	tools(t)
	const token = "a token that is long enough for it"
	t.Run("memory", func(t *testing.T) {
		h := newHeald(t, "")
		h.look(t, "MONITOR_STORE=memory", "MONITOR_BODIES=off")
	})
	t.Run("sqlite, bodies and a token", func(t *testing.T) {
		h := newHeald(t, "record: {store: 'sqlite:"+filepath.Join(t.TempDir(), "history.db")+"', bodies: failed}\nadmin: {token: {env: TEST_ADMIN_TOKEN}}\n", "TEST_ADMIN_TOKEN="+token)
		h.look(t, "MONITOR_STORE=sqlite", "MONITOR_BODIES=failed", "MONITOR_TOKEN="+token)
	})
}

// heald is a running `heald up`, with what was asked of it.
type heald struct {
	*stack.Up
	fake *fakegemini.Server
	ids  map[string]string // of requests, by their names in sent
}

func newHeald(t *testing.T, config string, env ...string) *heald {
	t.Helper()
	fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{"provider-key-1", "provider-key-2"}})
	file := filepath.Join(t.TempDir(), "heald.yaml")
	config = "backends: [{name: gemini, kind: ai_studio, url: '" + fake.URL() + "'}]\naccounts: [{id: gemini-1, backend: gemini, secret: {env: TEST_UP_KEY}}, {id: gemini-2, backend: gemini, secret: {env: TEST_UP_KEY_2}}]\n" + config
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptTime)
	defer cancel()
	up, err := stack.StartUp(ctx, stack.Binary(t), append([]string{"TEST_UP_KEY=provider-key-1", "TEST_UP_KEY_2=provider-key-2"}, env...),
		"--envoy", stack.EnvoyBinary(t, ""), "--drain", "1s", "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := up.Stop(); err != nil {
			t.Error(err)
		}
		if strings.Contains(up.Log.Text(), "DATA RACE") {
			t.Error(up.Log.Text())
		}
	})
	h := &heald{Up: up, fake: fake, ids: map[string]string{}}
	for _, s := range sent {
		h.send(t, s)
	}
	return h
}

// send sends a request and waits until it is told of.
func (h *heald) send(t *testing.T, s request) {
	t.Helper()
	h.fake.Enqueue(s.replies...)
	resp, err := http.Post(h.URL+s.path, "application/json", strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != s.status {
		t.Errorf("%s: %d, %v: %s", s.name, resp.StatusCode, err, text)
	}
	h.ids[s.name] = resp.Header.Get("x-heald-request-id")
	ctx, cancel := context.WithTimeout(t.Context(), scriptTime)
	defer cancel()
	if _, err := h.Log.Wait(ctx, 1, "request finished", "request_id", h.ids[s.name]); err != nil {
		t.Fatal(err)
	}
}

// look runs the script in a browser, and the shell's command beside it.
func (h *heald) look(t *testing.T, env ...string) {
	t.Helper()
	ids, err := json.Marshal(h.ids)
	if err != nil {
		t.Fatal(err)
	}
	run(t, filepath.Join("browser", "heald", "heald.test.mjs"), append(env, "MONITOR_URL="+strings.TrimSuffix(h.Page(), "/"), "MONITOR_ENVOY="+h.URL, "MONITOR_IDS="+string(ids))...)
	for name, words := range map[string][]string{
		"healed":  {"through the responses API, as a stream", "peek_error_event", "upstream_overloaded", "The model is overloaded", "(ok)", "the answer was complete"},
		"failed":  {"through the responses API", "invalid_request", "the provider's refusal", "the client got an error, 400"},
		"refused": {"through the claude API", "refused", "no provider was asked"},
		"broken":  {"stream_truncated"},
	} {
		cmd := exec.Command(stack.Binary(t), "why", "--log", "-", h.ids[name])
		cmd.Stdin = strings.NewReader(h.Log.Text())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		rest := string(out)
		for _, w := range words {
			before, after, found := strings.Cut(rest, w)
			if !found {
				t.Errorf("%s: %q is not where it should be:\n%s", name, w, out)
				break
			}
			_, rest = before, after
		}
	}
}

// README's picture is of the page, and small. -update makes it anew.
func TestPicture(t *testing.T) {
	committed := filepath.Join(stack.Root(), picture)
	if *update {
		h := newHeald(t, "")
		h.send(t, request{"picture", "/v1/messages", `{"model":"` + model + `","max_tokens":1000,"stream":true,"messages":[{"role":"user","content":"hello"}]}`, []fakegemini.Reply{
			fakegemini.Heartbeats(150*time.Millisecond, 6), fakegemini.Status(503, fakegemini.Message("The model is overloaded. Please try again later.")),
			fakegemini.Text("It ", "was ", "healed ", "before ", "anybody ", "noticed.").Slow(250 * time.Millisecond),
		}, 200})
		ids, _ := json.Marshal(h.ids) // strings always encode
		run(t, filepath.Join("browser", "heald", "picture.test.mjs"), "MONITOR_URL="+strings.TrimSuffix(h.Page(), "/"), "MONITOR_IDS="+string(ids), "MONITOR_PICTURE="+committed)
	}
	b, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || c.Width < 1000 || c.Height < 500 || len(b) > largestPicture {
		t.Errorf("%v: %d × %d, %d bytes", err, c.Width, c.Height, len(b))
	}
}
