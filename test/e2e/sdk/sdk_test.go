package sdk

import (
	"os"
	"os/exec"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// program is one SDK, speaking one API.
type program struct {
	name string
	cmd  func(testing.TB) *exec.Cmd
	// thoughts reports that the SDK shows them.
	thoughts bool
	// invalid and limited are the exceptions for status 400 and 429.
	invalid, limited string
	// searches reports that it does the tasks with a search.
	searches bool
	// own are rules that the SDK breaks by itself, in a body that heald passes
	// on as it is.
	own []fakegemini.Rule
}

// emptyText: the chats of Google's SDKs keep the empty text of a last frame in
// the history. Recorded histories show that the API takes it.
var emptyText = []fakegemini.Rule{fakegemini.RuleEmptyText}

var programs = []program{
	{"go/anthropic", golang("anthropic"), true, "Error", "Error", false, nil},
	{"go/openai-chat", golang("openai-chat"), true, "Error", "Error", false, nil},
	{"go/openai-responses", golang("openai-responses"), true, "Error", "Error", false, nil},
	{"go/genai", golang("genai"), true, "APIError", "APIError", false, emptyText},
	{"npm/anthropic", npm("anthropic.mjs"), true, "BadRequestError", "RateLimitError", true, nil},
	{"npm/openai-chat", npm("openai-chat.mjs"), true, "BadRequestError", "RateLimitError", true, nil},
	{"npm/openai-responses", npm("openai-responses.mjs"), true, "BadRequestError", "RateLimitError", true, nil},
	{"npm/genai", npm("genai.mjs"), true, "ApiError", "ApiError", false, emptyText},
	{"npm/ai-anthropic", npm("ai.mjs", "anthropic"), true, "APICallError", "APICallError", true, nil},
	{"npm/ai-chat", npm("ai.mjs", "chat"), false, "APICallError", "APICallError", false, nil},
	{"npm/ai-responses", npm("ai.mjs", "responses"), true, "APICallError", "APICallError", true, nil},
	{"npm/ai-google", npm("ai.mjs", "google"), true, "APICallError", "APICallError", false, nil},
	{"python/anthropic", python("anthropic_messages.py"), true, "BadRequestError", "RateLimitError", true, nil},
	{"python/openai-chat", python("openai_chat.py"), true, "BadRequestError", "RateLimitError", true, nil},
	{"python/openai-responses", python("openai_responses.py"), true, "BadRequestError", "RateLimitError", true, nil},
	{"python/genai", python("google_genai.py"), true, "ClientError", "ClientError", false, emptyText},
}

func npm(script string, args ...string) func(testing.TB) *exec.Cmd {
	return func(t testing.TB) *exec.Cmd { return npmProgram(t, script, args...) }
}

func python(script string) func(testing.TB) *exec.Cmd {
	return func(t testing.TB) *exec.Cmd { return pythonProgram(t, script) }
}

func golang(api string) func(testing.TB) *exec.Cmd {
	return func(testing.TB) *exec.Cmd { return goProgram(api) }
}

func TestSDK(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			cmd := p.cmd(t)
			// A stand-in for a signature that was lost would hide the loss.
			s := stack.Start(t, stack.Options{Policy: "{ping: 40ms}", Fake: fakegemini.Options{RefusePlaceholder: true, Tolerate: p.own}})
			running := start(t, s.URL, cmd)
			for _, c := range scenarios {
				if c.searches() && !p.searches {
					continue
				}
				t.Run(c.name, func(t *testing.T) { c.run(t, p, running, s.Fake()) })
			}
		})
	}
}

// run does the task of a scenario and checks what came of it.
func (c scenario) run(t *testing.T, p program, running *process, fake *fakegemini.Server) {
	fake.Reset()
	fake.Enqueue(c.script...)
	got := running.do(t, c.task)
	upstream := fake.Requests()
	for _, r := range upstream {
		if r.Rejected != "" {
			t.Errorf("refused upstream: %s\n%s", r.Rejected, r.Body)
		}
		for _, mark := range r.Marks {
			t.Logf("upstream would rather not have seen: %s", mark)
		}
	}
	switch {
	case c.fails == none && got.Error != nil:
		t.Fatalf("raised %s %d: %s", got.Error.Class, got.Error.Status, got.Error.Message)
	case c.fails != none && got.Error == nil:
		t.Fatalf("raised nothing, and said %+v", got)
	case c.fails > 0 && got.Error.Status != c.fails:
		t.Errorf("raised %+v, want status %d", *got.Error, c.fails)
	}
	c.check(t, p, got, upstream)
}
