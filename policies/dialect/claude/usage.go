package claude

import (
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// appendUsage writes the usage object. message_start and message_delta carry
// the same counters: Claude Code reads both. Unlike ours, the dialect's
// input_tokens do not include what came from a cache.
func appendUsage(dst []byte, u conversation.Usage, searches int) []byte {
	dst = append(dst, `{"input_tokens":`...)
	dst = strconv.AppendInt(dst, int64(max(u.Input-u.Cached, 0)), 10)
	dst = append(dst, `,"cache_creation_input_tokens":0,"cache_read_input_tokens":`...)
	dst = strconv.AppendInt(dst, int64(u.Cached), 10)
	dst = append(dst, `,"output_tokens":`...)
	dst = strconv.AppendInt(dst, int64(u.Output), 10)
	dst = append(dst, `,"output_tokens_details":{"thinking_tokens":`...)
	dst = strconv.AppendInt(dst, int64(u.Thoughts), 10)
	dst = append(dst, '}')
	if u.Tier == "standard" || u.Tier == "priority" { // the API has no flex
		dst = append(append(append(dst, `,"service_tier":"`...), u.Tier...), '"')
	}
	if searches > 0 {
		dst = append(dst, `,"server_tool_use":{"web_search_requests":`...)
		dst = append(strconv.AppendInt(dst, int64(searches), 10), '}')
	}
	return append(dst, '}')
}
