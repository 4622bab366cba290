package setting

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

// GeminiFields are those of a request in Gemini's own API that hold what was
// said. On the path of another API there is no place for them.
var GeminiFields = []jsonwalk.Field{
	{"contents", jsonwalk.Refuse, "of Gemini's own API; send it on that API's path, or in the words of this one"},
	{"systemInstruction", jsonwalk.Refuse, "of Gemini's own API; send it on that API's path, or in the words of this one"},
	{"system_instruction", jsonwalk.Refuse, "of Gemini's own API; send it on that API's path, or in the words of this one"},
}
