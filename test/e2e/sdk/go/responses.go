package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// responsesAPI is OpenAI Responses.
type responsesAPI struct{ client openai.Client }

func newResponses(base string) api { return responsesAPI{newOpenAI(base)} }

func askResponses(content ...responses.ResponseInputContentUnionParam) responses.ResponseNewParams {
	message := responses.ResponseInputItemParamOfMessage(responses.ResponseInputMessageContentListParam(content), "user")
	return responses.ResponseNewParams{
		Model: model, MaxOutputTokens: openai.Int(4000), Store: openai.Bool(false),
		Input: responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{message}},
	}
}

func (a responsesAPI) send(ctx context.Context, p responses.ResponseNewParams, streamed bool) (r responses.Response, got answer, err error) {
	if streamed {
		stream := a.client.Responses.NewStreaming(ctx, p)
		for stream.Next() {
			switch event := stream.Current(); event.Type {
			case "response.output_text.delta":
				got.Chunks++
			case "response.completed":
				r = event.Response
			case "response.failed":
				return r, got, errors.New(event.Response.Error.Message)
			case "error":
				return r, got, errors.New(event.Message)
			}
		}
		err = stream.Err()
	} else {
		var whole *responses.Response
		if whole, err = a.client.Responses.New(ctx, p); err == nil {
			r = *whole
		}
	}
	if err != nil {
		return r, got, err
	}
	if r.Status != "completed" {
		return r, got, errors.New("the response is not completed: " + r.RawJSON())
	}
	for _, item := range r.Output {
		for _, s := range item.Summary {
			got.Thinking += s.Text
		}
	}
	got.Text, got.Tokens = r.OutputText(), r.Usage.OutputTokens
	return r, got, nil
}

func (a responsesAPI) chat(ctx context.Context, prompt string) (answer, error) {
	_, got, err := a.send(ctx, askResponses(responses.ResponseInputContentParamOfInputText(prompt)), false)
	return got, err
}

func (a responsesAPI) stream(ctx context.Context, prompt string) (answer, error) {
	_, got, err := a.send(ctx, askResponses(responses.ResponseInputContentParamOfInputText(prompt)), true)
	return got, err
}

func (a responsesAPI) tools(ctx context.Context, prompt string, streamed bool) (answer, error) {
	p := askResponses(responses.ResponseInputContentParamOfInputText(prompt))
	p.Reasoning = shared.ReasoningParam{Effort: shared.ReasoningEffortMedium, Summary: shared.ReasoningSummaryAuto}
	p.Include = []responses.ResponseIncludable{responses.ResponseIncludableReasoningEncryptedContent}
	for _, name := range toolNames {
		tool := responses.ToolParamOfFunction(name, toolSchema, false)
		tool.OfFunction.Description = openai.String(describe(name))
		p.Tools = append(p.Tools, tool)
	}
	var all answer
	for {
		r, got, err := a.send(ctx, p, streamed)
		if err != nil {
			return all, err
		}
		all.Text, all.Tokens = got.Text, got.Tokens
		all.Thinking += got.Thinking
		var results responses.ResponseInputParam
		for _, item := range r.Output {
			// The SDK has no conversion: items are sent back unchanged.
			var same responses.ResponseInputItemUnionParam
			if err := json.Unmarshal([]byte(item.RawJSON()), &same); err != nil {
				return all, err
			}
			p.Input.OfInputItemList = append(p.Input.OfInputItemList, same)
			if item.Type != "function_call" {
				continue
			}
			call := item.AsFunctionCall()
			told, output, err := use(call.Name, call.Arguments)
			if err != nil {
				return all, err
			}
			all.Calls = append(all.Calls, told)
			result := responses.ResponseInputItemParamOfFunctionCallOutput(output)
			result.OfFunctionCallOutput.CallID = openai.String(call.CallID)
			results = append(results, result)
		}
		if len(results) == 0 {
			return all, nil
		}
		p.Input.OfInputItemList = append(p.Input.OfInputItemList, results...)
	}
}

func (a responsesAPI) image(ctx context.Context, prompt string, png []byte) (answer, error) {
	picture := responses.ResponseInputContentParamOfInputImage(responses.ResponseInputImageDetailAuto)
	picture.OfInputImage.ImageURL = openai.String(dataURL(png))
	_, got, err := a.send(ctx, askResponses(picture, responses.ResponseInputContentParamOfInputText(prompt)), false)
	return got, err
}

func (a responsesAPI) structured(ctx context.Context, prompt string) (answer, error) {
	p := askResponses(responses.ResponseInputContentParamOfInputText(prompt))
	p.Text.Format = responses.ResponseFormatTextConfigParamOfJSONSchema("weather", shape)
	_, got, err := a.send(ctx, p, false)
	return answer{Value: json.RawMessage(got.Text)}, err
}

func (a responsesAPI) told(err error) (int, string) { return chatAPI(a).told(err) }
