package setting

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

// GeminiFields are the fields of Gemini's own API that hold content. They are
// refused on the path of another API.
var GeminiFields = []jsonwalk.Field{
	{"contents", jsonwalk.Refuse, "of Gemini's own API; send it on that API's path, or in the words of this one"},
	{"systemInstruction", jsonwalk.Refuse, "of Gemini's own API; send it on that API's path, or in the words of this one"},
	{"system_instruction", jsonwalk.Refuse, "of Gemini's own API; send it on that API's path, or in the words of this one"},
}
