package sdk

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// scenario is one task, what the upstream does, and what must come of it.
type scenario struct {
	name   string
	task   task
	script []fakegemini.Reply // empty: the fake's own model answers
	// fails is the status of the exception; 0 for any, -1 for none.
	fails int
	check func(t *testing.T, p program, got told, upstream []fakegemini.Request)
}

const none = -1

// pixel is a PNG of one pixel.
var pixel = mustBase64("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

func mustBase64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// threeSteps is a loop of tools: parallel calls in one chunk, parallel calls
// in chunks of their own, one call alone; then the answer.
func threeSteps() []fakegemini.Reply {
	call := func(name, city string) fakegemini.FunctionCall {
		return fakegemini.FunctionCall{Name: name, Args: `{"city":"` + city + `"}`}
	}
	return []fakegemini.Reply{
		fakegemini.Think("I need ", "both cities.").Then(fakegemini.Calls(call("weather", "Paris"), call("weather", "Rome"))),
		fakegemini.Think("Now the times.").Then(fakegemini.CallsApart(call("time", "Paris"), call("time", "Rome"))),
		fakegemini.Calls(call("weather", "Lima")),
		fakegemini.Text("It is sunny ", "everywhere."),
	}
}

// slowly makes an upstream fall silent before each piece, for longer than the
// set-up's ping.
func slowly(r fakegemini.Reply) fakegemini.Reply { return r.Slow(120 * time.Millisecond) }

func slowSteps(yield func(fakegemini.Reply) bool) {
	for _, r := range threeSteps() {
		if !yield(slowly(r)) {
			return
		}
	}
}

// searched is an answer with a source that comes last, as it does upstream: the
// text has streamed by then. Its places are bytes. The next turn has the answer
// in its history.
func searched() []fakegemini.Reply {
	return []fakegemini.Reply{
		fakegemini.Chunks(
			`{"candidates":[{"content":{"parts":[{"text":"Größe 😀. Ruby "}],"role":"model"},"index":0}],"responseId":"r1"}`,
			`{"candidates":[{"content":{"parts":[{"text":"4 is out."}],"role":"model"},"index":0}],"responseId":"r1"}`,
			`{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0,"groundingMetadata":{"webSearchQueries":["ruby"],`+
				`"groundingChunks":[{"web":{"uri":"https://ruby.example/redirect","title":"ruby.example"}}],`+
				`"groundingSupports":[{"segment":{"startIndex":14,"endIndex":28,"text":"Ruby 4 is out."},"groundingChunkIndices":[0,9]}]}}],`+
				`"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":7,"totalTokenCount":16},"responseId":"r1"}`),
		fakegemini.Text("Quite ", "sure."),
	}
}

func (c *scenario) searches() bool { return strings.HasPrefix(c.task.Do, "search") }

func checkCited(t *testing.T, _ program, got told, upstream []fakegemini.Request) {
	const page = "https://ruby.example/redirect"
	got.Cited = slices.Compact(got.Cited) // Vercel's AI SDK also counts what the search found
	if len(got.Cited) != 1 || got.Cited[0] != "Ruby 4 is out. "+page && got.Cited[0] != page || got.Text != "Quite sure." {
		t.Errorf("cited %q, then said %q", got.Cited, got.Text)
	}
	if len(upstream) != 2 || !strings.Contains(string(upstream[1].Body), "Ruby 4 is out.") {
		t.Fatalf("%d upstream requests, want 2, the second with the first answer", len(upstream))
	}
	if !strings.Contains(string(upstream[0].Body), `"tools":[{"googleSearch":{}}]`) {
		t.Errorf("no search was asked for: %s", upstream[0].Body)
	}
}

var loopCalls = []string{"weather Paris", "weather Rome", "time Paris", "time Rome", "weather Lima"}

// scenarios run in this order; the last leaves the account cooling.
var scenarios = []scenario{
	{"chat", task{Do: "chat", Prompt: "Say hello."}, nil, none, checkEcho},
	{"stream", task{Do: "stream", Prompt: "Say hello."}, nil, none, func(t *testing.T, p program, got told, upstream []fakegemini.Request) {
		checkEcho(t, p, got, upstream)
		if got.Chunks < 2 {
			t.Errorf("the answer came in %d pieces; the upstream sent three", got.Chunks)
		}
	}},
	// Keep-alives come between the pieces. They must change neither what is read
	// nor what is sent back.
	{"tools streamed with silences", task{Do: "tools_stream", Prompt: "How is it there?"}, slices.Collect(slowSteps), none, checkLoop},
	{"heals an empty reply", task{Do: "chat", Prompt: "Say hello."}, []fakegemini.Reply{fakegemini.EmptyOK()}, none, checkEcho},
	{"tools", task{Do: "tools", Prompt: "How is it there?"}, threeSteps(), none, checkLoop},
	{"tools streamed", task{Do: "tools_stream", Prompt: "How is it there?"}, threeSteps(), none, checkLoop},
	{"search", task{Do: "search", Prompt: "Which Ruby is out?"}, searched(), none, checkCited},
	{"search streamed", task{Do: "search_stream", Prompt: "Which Ruby is out?"}, searched(), none, checkCited},
	{"image", task{Do: "image", Prompt: "What is this?", Image: pixel}, nil, none, checkImage},
	{"structured output", task{Do: "structured", Prompt: "The weather in Paris?"}, nil, none, checkValue},
	{"refused request", task{Do: "chat", Prompt: "Hi."}, []fakegemini.Reply{fakegemini.Status(400, fakegemini.Message(refusal))}, 400,
		func(t *testing.T, p program, got told, _ []fakegemini.Request) {
			if got.Error.Class != p.invalid || !strings.Contains(got.Error.Message, refusal) {
				t.Errorf("raised %+v, want %s with the upstream's words", *got.Error, p.invalid)
			}
		}},
	{"broken stream", task{Do: "stream", Prompt: "Hi."}, slices.Repeat([]fakegemini.Reply{broken}, 3), 0,
		func(t *testing.T, _ program, got told, _ []fakegemini.Request) {
			if !strings.Contains(got.Error.Message, "overloaded") {
				t.Errorf("raised %+v, want the upstream's words", *got.Error)
			}
		}},
	{"quota used up", task{Do: "chat", Prompt: "Hi."}, slices.Repeat([]fakegemini.Reply{quota}, 3), 429,
		func(t *testing.T, p program, got told, _ []fakegemini.Request) {
			if got.Error.Class != p.limited {
				t.Errorf("raised %+v, want %s", *got.Error, p.limited)
			}
		}},
}

// broken fails after the client has begun to read. Where heald is so slow that
// it has not, the client gets the error at once, after as many attempts.
var broken = fakegemini.ErrorAfterContent(503).Slow(100 * time.Millisecond)

const refusal = "Unable to process input image."

var quota = fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel"), fakegemini.RetryDelay("3600s"))

func checkEcho(t *testing.T, _ program, got told, _ []fakegemini.Request) {
	if want := "You said: Say hello."; got.Text != want || got.Tokens == 0 {
		t.Errorf("text %q with %d tokens, want %q", got.Text, got.Tokens, want)
	}
}

func checkImage(t *testing.T, _ program, got told, upstream []fakegemini.Request) {
	if want := "You said: What is this?"; got.Text != want {
		t.Errorf("text %q, want %q", got.Text, want)
	}
	// Python's SDK writes base64url, as JSON of proto may.
	sent := strings.NewReplacer("-", "+", "_", "/").Replace(string(upstream[len(upstream)-1].Body))
	if !strings.Contains(sent, base64.StdEncoding.EncodeToString(pixel)) {
		t.Errorf("the image did not arrive: %s", sent)
	}
}

func checkValue(t *testing.T, _ program, got told, _ []fakegemini.Request) {
	var value struct {
		City  string `json:"city"`
		Sunny bool   `json:"sunny"`
	}
	if err := json.Unmarshal(got.Value, &value); err != nil || value.City != "text" || !value.Sunny {
		t.Errorf("value %s (%v), want the fake's sample of the schema", got.Value, err)
	}
}

func checkLoop(t *testing.T, p program, got told, upstream []fakegemini.Request) {
	if want := "It is sunny everywhere."; got.Text != want || !slices.Equal(got.Calls, loopCalls) {
		t.Errorf("calls %q, then %q; want %q, then %q", got.Calls, got.Text, loopCalls, want)
	}
	if want := "I need both cities.Now the times."; p.thoughts && got.Thinking != want {
		t.Errorf("thinking %q, want %q", got.Thinking, want)
	}
	if len(upstream) != 4 {
		t.Fatalf("%d upstream requests, want 4", len(upstream))
	}
	checkHistory(t, upstream[3].Body)
}
