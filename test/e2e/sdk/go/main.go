package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
)

// model is what every task asks for.
const model = "gemini-3.5-flash"

// task is what to do; answer is what the SDK made of the reply.
type task struct {
	Do     string `json:"do"`
	Prompt string `json:"prompt"`
	Image  []byte `json:"image"`
}

type answer struct {
	Text     string          `json:"text"`
	Thinking string          `json:"thinking"`
	Tokens   int64           `json:"tokens"`
	Chunks   int             `json:"chunks"`
	Calls    []string        `json:"calls"`
	Value    json.RawMessage `json:"value,omitempty"`
	Error    *failure        `json:"error,omitempty"`
}

type failure struct {
	Class   string `json:"class"`
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// api does tasks with one SDK.
type api interface {
	chat(ctx context.Context, prompt string) (answer, error)
	stream(ctx context.Context, prompt string) (answer, error)
	tools(ctx context.Context, prompt string, streamed bool) (answer, error)
	image(ctx context.Context, prompt string, png []byte) (answer, error)
	structured(ctx context.Context, prompt string) (answer, error)
	// told is the content of an error: the HTTP status, 0 if it has none, and the
	// text of the service.
	told(err error) (status int, message string)
}

func main() {
	base := os.Getenv("BASE_URL")
	apis := map[string]func(string) api{
		"anthropic": newAnthropic, "openai-chat": newChat, "openai-responses": newResponses, "genai": newGenAI,
	}
	if len(os.Args) != 2 || apis[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "name an API: anthropic, openai-chat, openai-responses, genai")
		os.Exit(2)
	}
	a := apis[os.Args[1]](base)
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var t task
		if err := in.Decode(&t); err != nil {
			return // the end of the input
		}
		got, err := do(context.Background(), a, t)
		if err != nil {
			status, message := a.told(err)
			got = answer{Error: &failure{reflect.Indirect(reflect.ValueOf(err)).Type().Name(), status, message}}
		}
		if err := out.Encode(got); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func do(ctx context.Context, a api, t task) (answer, error) {
	switch t.Do {
	case "chat":
		return a.chat(ctx, t.Prompt)
	case "stream":
		return a.stream(ctx, t.Prompt)
	case "tools":
		return a.tools(ctx, t.Prompt, false)
	case "tools_stream":
		return a.tools(ctx, t.Prompt, true)
	case "image":
		return a.image(ctx, t.Prompt, t.Image)
	case "structured":
		return a.structured(ctx, t.Prompt)
	}
	return answer{}, fmt.Errorf("no task %q", t.Do)
}
