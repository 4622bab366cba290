package chat

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// foldStream makes the document of a stream that the SDKs would make, or the
// error it ends with. Usage is left out unless the stream tells it.
func foldStream(stream string) (object, error) {
	events, err := parseStream(stream)
	if err != nil {
		return nil, err
	}
	var doc object
	message, probs := object{"refusal": nil}, []any(nil)
	var sound []byte
	for _, data := range events {
		if data == streamDone {
			break
		}
		var chunk object
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			return nil, err
		}
		if chunk["error"] != nil {
			delete(chunk, "usage") // a document that failed has none
			return chunk, nil
		}
		if doc == nil {
			doc = object{"id": chunk["id"], "model": chunk["model"], "created": chunk["created"], "object": "chat.completion"}
		}
		choices := chunk["choices"].([]any)
		if len(choices) == 0 {
			doc["usage"] = chunk["usage"]
			continue
		}
		c := choices[0].(object)
		if l, ok := c["logprobs"].(object); ok {
			probs = append(probs, l["content"].([]any)...)
		}
		foldDelta(message, c["delta"].(object), &sound)
		choice := object{"index": c["index"], "message": message, "logprobs": nil, "finish_reason": c["finish_reason"]}
		if probs != nil {
			choice["logprobs"] = object{"content": probs, "refusal": nil}
		}
		doc["choices"] = []any{choice}
	}
	if doc == nil {
		return nil, fmt.Errorf("an empty stream")
	}
	if audio, ok := message["audio"].(object); ok {
		audio["data"] = base64.StdEncoding.EncodeToString(sound)
	}
	// The role chunk's empty content means nothing beside something else.
	for _, name := range []string{"tool_calls", "function_call", "images", "audio"} {
		if message["content"] == "" && message[name] != nil {
			message["content"] = nil
		}
	}
	if message["content"] == "" && message["refusal"] != nil {
		message["content"] = nil
	}
	return doc, nil
}

func foldDelta(message, delta object, sound *[]byte) {
	for name, v := range delta {
		switch name {
		case "content", "refusal", "reasoning_content":
			if v != nil {
				old, _ := message[name].(string)
				message[name] = old + v.(string)
			}
		case "tool_calls":
			foldCalls(message, v.([]any))
		case "function_call":
			old, ok := message[name].(object)
			if !ok {
				message[name] = v
				break
			}
			old["arguments"] = old["arguments"].(string) + v.(object)["arguments"].(string)
		case "images", "annotations":
			old, _ := message[name].([]any)
			message[name] = append(old, v.([]any)...)
		case "audio":
			piece, err := base64.StdEncoding.DecodeString(v.(object)["data"].(string))
			if err == nil {
				*sound = append(*sound, piece...)
			}
			message[name] = v
		default:
			message[name] = v
		}
	}
}

func foldCalls(message object, list []any) {
	calls, _ := message["tool_calls"].([]any)
	for _, v := range list {
		call := v.(object)
		if call["type"] != nil {
			delete(call, "index")
			calls = append(calls, call)
			continue
		}
		old := calls[int(call["index"].(float64))].(object)
		for _, kind := range []string{"function", "custom"} {
			piece, _ := call[kind].(object)
			for field, text := range piece {
				body := old[kind].(object)
				body[field] = body[field].(string) + text.(string)
			}
		}
	}
	message["tool_calls"] = calls
}
