package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"

	"google.golang.org/genai"
)

// geminiAPI is Google's own API.
type geminiAPI struct{ client *genai.Client }

func newGenAI(base string) api {
	client, err := genai.NewClient(context.Background(), &genai.ClientConfig{
		APIKey: "test", Backend: genai.BackendGeminiAPI, HTTPOptions: genai.HTTPOptions{BaseURL: base},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return geminiAPI{client}
}

// joined reads the replies of a stream.
func joined(replies iter.Seq2[*genai.GenerateContentResponse, error]) (parts []*genai.Part, got answer, err error) {
	for reply, err := range replies {
		if err != nil {
			return nil, got, err
		}
		got.Chunks++
		if reply.UsageMetadata != nil {
			got.Tokens = int64(reply.UsageMetadata.CandidatesTokenCount)
		}
		if len(reply.Candidates) == 0 || reply.Candidates[0].Content == nil {
			continue
		}
		for _, p := range reply.Candidates[0].Content.Parts {
			parts = append(parts, p)
			if p.Thought {
				got.Thinking += p.Text
			} else {
				got.Text += p.Text
			}
		}
	}
	return parts, got, nil
}

// single is a whole reply as a stream of one.
func single(reply *genai.GenerateContentResponse, err error) iter.Seq2[*genai.GenerateContentResponse, error] {
	return func(yield func(*genai.GenerateContentResponse, error) bool) { yield(reply, err) }
}

func (a geminiAPI) generate(ctx context.Context, config *genai.GenerateContentConfig, parts ...*genai.Part) (answer, error) {
	contents := []*genai.Content{genai.NewContentFromParts(parts, genai.RoleUser)}
	_, got, err := joined(single(a.client.Models.GenerateContent(ctx, model, contents, config)))
	return got, err
}

func (a geminiAPI) chat(ctx context.Context, prompt string) (answer, error) {
	return a.generate(ctx, nil, genai.NewPartFromText(prompt))
}

func (a geminiAPI) stream(ctx context.Context, prompt string) (answer, error) {
	_, got, err := joined(a.client.Models.GenerateContentStream(ctx, model, genai.Text(prompt), nil))
	return got, err
}

// tools lets the SDK's own chat keep the history.
func (a geminiAPI) tools(ctx context.Context, prompt string, streamed bool) (answer, error) {
	var functions []*genai.FunctionDeclaration
	for _, name := range toolNames {
		functions = append(functions, &genai.FunctionDeclaration{Name: name, Description: describe(name), ParametersJsonSchema: toolSchema})
	}
	chat, err := a.client.Chats.Create(ctx, model, &genai.GenerateContentConfig{
		ThinkingConfig: &genai.ThinkingConfig{IncludeThoughts: true},
		Tools:          []*genai.Tool{{FunctionDeclarations: functions}},
	}, nil)
	if err != nil {
		return answer{}, err
	}
	var all answer
	message := []*genai.Part{genai.NewPartFromText(prompt)}
	for len(message) > 0 {
		var replies iter.Seq2[*genai.GenerateContentResponse, error]
		if streamed {
			replies = chat.SendStream(ctx, message...)
		} else {
			replies = single(chat.Send(ctx, message...))
		}
		parts, got, err := joined(replies)
		if err != nil {
			return all, err
		}
		all.Text, all.Tokens = got.Text, got.Tokens
		all.Thinking += got.Thinking
		message = nil
		for _, p := range parts {
			if p.FunctionCall == nil {
				continue
			}
			told, result, err := answerCall(p.FunctionCall)
			if err != nil {
				return all, err
			}
			all.Calls, message = append(all.Calls, told), append(message, result)
		}
	}
	return all, nil
}

func answerCall(call *genai.FunctionCall) (told string, result *genai.Part, err error) {
	arguments, err := json.Marshal(call.Args)
	if err != nil {
		return "", nil, err
	}
	told, output, err := use(call.Name, string(arguments))
	result = genai.NewPartFromFunctionResponse(call.Name, map[string]any{"output": output})
	result.FunctionResponse.ID = call.ID
	return told, result, err
}

func (a geminiAPI) image(ctx context.Context, prompt string, png []byte) (answer, error) {
	return a.generate(ctx, nil, genai.NewPartFromBytes(png, "image/png"), genai.NewPartFromText(prompt))
}

func (a geminiAPI) structured(ctx context.Context, prompt string) (answer, error) {
	config := &genai.GenerateContentConfig{ResponseMIMEType: "application/json", ResponseJsonSchema: shape}
	got, err := a.generate(ctx, config, genai.NewPartFromText(prompt))
	return answer{Value: json.RawMessage(got.Text)}, err
}

func (a geminiAPI) told(err error) (int, string) {
	var e genai.APIError
	if errors.As(err, &e) {
		return e.Code, e.Message
	}
	return 0, err.Error()
}
