package openai

import (
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }

// AppendUsage writes the usage object of Chat Completions and of Completions.
// As in conversation.Usage, completion tokens include the thoughts, and prompt
// tokens the cached ones.
func AppendUsage(dst []byte, u conversation.Usage) []byte {
	dst = appendInt(append(dst, `{"prompt_tokens":`...), u.Input)
	dst = appendInt(append(dst, `,"completion_tokens":`...), u.Output)
	dst = appendInt(append(dst, `,"total_tokens":`...), u.Input+u.Output)
	dst = appendInt(append(dst, `,"prompt_tokens_details":{"cached_tokens":`...), u.Cached)
	dst = appendInt(append(dst, `,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":`...), u.Thoughts)
	return append(dst, `,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`...)
}
