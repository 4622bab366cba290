package claude

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// appendStop writes stop_reason and the like, which stand in a message and in
// message_delta alike.
func appendStop(dst []byte, s stop) []byte {
	dst = append(dst, `"stop_reason":`...)
	dst = jsonwalk.AppendString(dst, s.reason)
	dst = jsonwalk.AppendNullable(append(dst, `,"stop_sequence":`...), s.sequence)
	if s.refused {
		dst = append(dst, `,"stop_details":{"type":"refusal","category":null,"explanation":`...)
		dst = append(jsonwalk.AppendNullable(dst, s.note), '}')
	}
	return dst
}

// appendHead writes the fields of a message up to its content.
func appendHead(dst []byte, h messageHead) []byte {
	dst = append(dst, `"id":`...)
	dst = jsonwalk.AppendString(dst, h.id)
	dst = append(dst, `,"type":"message","role":"assistant","model":`...)
	dst = jsonwalk.AppendString(dst, h.model)
	return append(dst, `,"content":[`...)
}

// appendError writes an error document, the data of an error event too.
func appendError(dst []byte, kind, message, requestID string) []byte {
	dst = append(dst, `{"type":"error","error":{"type":`...)
	dst = jsonwalk.AppendString(dst, kind)
	dst = append(dst, `,"message":`...)
	dst = jsonwalk.AppendString(dst, message)
	dst = jsonwalk.AppendNullable(append(dst, `},"request_id":`...), requestID)
	return append(dst, '}')
}

func appendFault(dst []byte, err *conversation.Error) []byte {
	return appendError(dst, rowOf(err).kind, messageOf(err), err.RequestID)
}
