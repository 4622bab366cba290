package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// claudeAPI is Anthropic Messages.
type claudeAPI struct{ client anthropic.Client }

func newAnthropic(base string) api {
	return claudeAPI{anthropic.NewClient(option.WithBaseURL(base), option.WithAPIKey("test"), option.WithMaxRetries(0))}
}

func askClaude(content ...anthropic.ContentBlockParamUnion) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: model, MaxTokens: 4000,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(content...)},
	}
}

func (a claudeAPI) send(ctx context.Context, p anthropic.MessageNewParams, streamed bool) (m anthropic.Message, got answer, err error) {
	if streamed {
		stream := a.client.Messages.NewStreaming(ctx, p)
		for stream.Next() {
			event := stream.Current()
			if err := m.Accumulate(event); err != nil {
				return m, got, err
			}
			if event.Delta.Type == "text_delta" {
				got.Chunks++
			}
		}
		err = stream.Err()
	} else {
		var whole *anthropic.Message
		if whole, err = a.client.Messages.New(ctx, p); err == nil {
			m = *whole
		}
	}
	for _, b := range m.Content {
		got.Text += b.Text
		got.Thinking += b.Thinking
	}
	got.Tokens = m.Usage.OutputTokens
	return m, got, err
}

func (a claudeAPI) chat(ctx context.Context, prompt string) (answer, error) {
	_, got, err := a.send(ctx, askClaude(anthropic.NewTextBlock(prompt)), false)
	return got, err
}

func (a claudeAPI) stream(ctx context.Context, prompt string) (answer, error) {
	_, got, err := a.send(ctx, askClaude(anthropic.NewTextBlock(prompt)), true)
	return got, err
}

func (a claudeAPI) tools(ctx context.Context, prompt string, streamed bool) (answer, error) {
	p := askClaude(anthropic.NewTextBlock(prompt))
	p.Thinking = anthropic.ThinkingConfigParamOfEnabled(2000)
	for _, name := range toolNames {
		p.Tools = append(p.Tools, anthropic.ToolUnionParam{OfTool: &anthropic.ToolParam{
			Name: name, Description: anthropic.String(describe(name)),
			InputSchema: anthropic.ToolInputSchemaParam{Properties: toolProperties, Required: []string{"city"}},
		}})
	}
	var all answer
	for {
		m, got, err := a.send(ctx, p, streamed)
		if err != nil {
			return all, err
		}
		all.Text, all.Tokens = got.Text, got.Tokens
		all.Thinking += got.Thinking
		if m.StopReason != anthropic.StopReasonToolUse {
			return all, nil
		}
		var results []anthropic.ContentBlockParamUnion
		for _, b := range m.Content {
			if b.Type != "tool_use" {
				continue
			}
			told, output, err := use(b.Name, string(b.Input))
			if err != nil {
				return all, err
			}
			all.Calls = append(all.Calls, told)
			results = append(results, anthropic.NewToolResultBlock(b.ID, output, false))
		}
		p.Messages = append(p.Messages, m.ToParam(), anthropic.NewUserMessage(results...))
	}
}

func (a claudeAPI) image(ctx context.Context, prompt string, png []byte) (answer, error) {
	picture := anthropic.NewImageBlockBase64("image/png", base64.StdEncoding.EncodeToString(png))
	_, got, err := a.send(ctx, askClaude(picture, anthropic.NewTextBlock(prompt)), false)
	return got, err
}

func (a claudeAPI) structured(ctx context.Context, prompt string) (answer, error) {
	p := askClaude(anthropic.NewTextBlock(prompt))
	p.OutputConfig.Format.Schema = shape
	_, got, err := a.send(ctx, p, false)
	return answer{Value: json.RawMessage(got.Text)}, err
}

func (a claudeAPI) told(err error) (int, string) {
	var e *anthropic.Error
	if errors.As(err, &e) {
		return e.StatusCode, e.Error()
	}
	return 0, err.Error()
}
