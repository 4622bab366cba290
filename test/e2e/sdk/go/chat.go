package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

// chatAPI is OpenAI Chat Completions.
type chatAPI struct{ client openai.Client }

func newOpenAI(base string) openai.Client {
	return openai.NewClient(option.WithBaseURL(base+"/v1"), option.WithAPIKey("test"), option.WithMaxRetries(0))
}

func newChat(base string) api { return chatAPI{newOpenAI(base)} }

func askChat(message openai.ChatCompletionMessageParamUnion) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: model, MaxCompletionTokens: openai.Int(4000),
		Messages: []openai.ChatCompletionMessageParamUnion{message},
	}
}

// thoughts reads the field in which thoughts come; the SDK does not know it.
func thoughts(raw string) string {
	var delta struct {
		Thoughts string `json:"reasoning_content"`
	}
	if json.Unmarshal([]byte(raw), &delta) != nil {
		return ""
	}
	return delta.Thoughts
}

func (a chatAPI) send(ctx context.Context, p openai.ChatCompletionNewParams, streamed bool) (c openai.ChatCompletion, got answer, err error) {
	if streamed {
		p.StreamOptions.IncludeUsage = openai.Bool(true)
		var all openai.ChatCompletionAccumulator
		stream := a.client.Chat.Completions.NewStreaming(ctx, p)
		for stream.Next() {
			chunk := stream.Current()
			if !all.AddChunk(chunk) {
				return c, got, errors.New("the accumulator refuses a chunk: " + chunk.RawJSON())
			}
			for _, choice := range chunk.Choices {
				got.Thinking += thoughts(choice.Delta.RawJSON())
				if choice.Delta.Content != "" {
					got.Chunks++
				}
			}
		}
		c, err = all.ChatCompletion, stream.Err()
	} else {
		var whole *openai.ChatCompletion
		if whole, err = a.client.Chat.Completions.New(ctx, p); err == nil {
			c = *whole
			got.Thinking = thoughts(c.Choices[0].Message.RawJSON())
		}
	}
	if err != nil {
		return c, got, err
	}
	if len(c.Choices) == 0 {
		return c, got, errors.New("no choices")
	}
	got.Text, got.Tokens = c.Choices[0].Message.Content, c.Usage.CompletionTokens
	return c, got, nil
}

func (a chatAPI) chat(ctx context.Context, prompt string) (answer, error) {
	_, got, err := a.send(ctx, askChat(openai.UserMessage(prompt)), false)
	return got, err
}

func (a chatAPI) stream(ctx context.Context, prompt string) (answer, error) {
	_, got, err := a.send(ctx, askChat(openai.UserMessage(prompt)), true)
	return got, err
}

func (a chatAPI) tools(ctx context.Context, prompt string, streamed bool) (answer, error) {
	p := askChat(openai.UserMessage(prompt))
	p.ReasoningEffort = shared.ReasoningEffortMedium
	for _, name := range toolNames {
		p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: name, Description: openai.String(describe(name)), Parameters: toolSchema,
		}))
	}
	var all answer
	for {
		c, got, err := a.send(ctx, p, streamed)
		if err != nil {
			return all, err
		}
		all.Text, all.Tokens = got.Text, got.Tokens
		all.Thinking += got.Thinking
		if c.Choices[0].FinishReason != "tool_calls" {
			return all, nil
		}
		p.Messages = append(p.Messages, c.Choices[0].Message.ToParam())
		for _, call := range c.Choices[0].Message.ToolCalls {
			told, output, err := use(call.Function.Name, call.Function.Arguments)
			if err != nil {
				return all, err
			}
			all.Calls = append(all.Calls, told)
			p.Messages = append(p.Messages, openai.ToolMessage(output, call.ID))
		}
	}
}

// dataURL is a picture as the OpenAI APIs take it.
func dataURL(png []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(png)
}

func (a chatAPI) image(ctx context.Context, prompt string, png []byte) (answer, error) {
	_, got, err := a.send(ctx, askChat(openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
		openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: dataURL(png)}),
		openai.TextContentPart(prompt),
	})), false)
	return got, err
}

func (a chatAPI) structured(ctx context.Context, prompt string) (answer, error) {
	p := askChat(openai.UserMessage(prompt))
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
		JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "weather", Strict: openai.Bool(true), Schema: shape},
	}
	_, got, err := a.send(ctx, p, false)
	return answer{Value: json.RawMessage(got.Text)}, err
}

func (a chatAPI) told(err error) (int, string) {
	var e *openai.Error
	if errors.As(err, &e) {
		return e.StatusCode, e.Message
	}
	return 0, err.Error()
}
