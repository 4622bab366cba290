package responses

import (
	"cmp"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// response is the response object as it is now. detail is its error if it
// failed, or why it is incomplete.
func (m *machine) response(status string, detail []byte) []byte {
	none := []byte(`null`)
	completed, fault, incomplete := none, none, none
	switch status {
	case "completed":
		completed = strconv.AppendInt(nil, m.d.now().Unix(), 10)
	case "failed":
		fault = detail
	case "incomplete":
		incomplete = detail
	}
	b := jsonwalk.AppendString([]byte(`{"id":`), m.id)
	b = strconv.AppendInt(append(b, `,"object":"response","created_at":`...), m.created, 10)
	b = append(append(append(b, `,"status":"`...), status...), `","background":false,"completed_at":`...)
	b = append(append(b, completed...), `,"error":`...)
	b = append(append(b, fault...), `,"incomplete_details":`...)
	b = append(append(b, incomplete...), `,"model":`...)
	b = jsonwalk.AppendString(b, m.req.Model)
	b = append(append(append(b, `,"output":[`...), m.output...), ']')
	b = append(b, `,"previous_response_id":null,"service_tier":"`...)
	b = append(b, cmp.Or(openai.TierName(m.usage.Tier), "default")...) // which it always has
	b = append(b, `","store":false`...)
	b = m.own.appendEcho(b)
	b = append(b, `,"usage":`...)
	if status == "in_progress" || status == "failed" && !m.usage.Known {
		return append(b, `null}`...)
	}
	return append(appendUsage(b, m.usage), '}')
}

// appendUsage writes the usage object. As in ours, input tokens include what
// came from a cache and output tokens the thoughts. Codex needs every number.
func appendUsage(dst []byte, u conversation.Usage) []byte {
	dst = strconv.AppendInt(append(dst, `{"input_tokens":`...), int64(u.Input), 10)
	dst = strconv.AppendInt(append(dst, `,"input_tokens_details":{"cached_tokens":`...), int64(u.Cached), 10)
	dst = strconv.AppendInt(append(dst, `,"cache_write_tokens":0},"output_tokens":`...), int64(u.Output), 10)
	dst = strconv.AppendInt(append(dst, `,"output_tokens_details":{"reasoning_tokens":`...), int64(u.Thoughts), 10)
	dst = strconv.AppendInt(append(dst, `},"total_tokens":`...), int64(u.Input+u.Output), 10)
	return append(dst, '}')
}

func appendFault(dst []byte, code, message string) []byte {
	dst = jsonwalk.AppendString(append(dst, `{"code":`...), code)
	dst = jsonwalk.AppendString(append(dst, `,"message":`...), message)
	return append(dst, '}')
}
