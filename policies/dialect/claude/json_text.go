package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// appendString writes s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func appendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // its error only tells of the U+FFFD
	return dst
}

// appendStop writes stop_reason and its kin, which stand in a message and in
// message_delta alike.
func appendStop(dst []byte, s stop) []byte {
	dst = append(dst, `"stop_reason":`...)
	dst = appendString(dst, s.reason)
	dst = append(dst, `,"stop_sequence":null`...)
	if s.refused {
		dst = append(dst, `,"stop_details":{"type":"refusal","category":null,"explanation":`...)
		if s.note == "" {
			dst = append(dst, `null`...)
		} else {
			dst = appendString(dst, s.note)
		}
		dst = append(dst, '}')
	}
	return dst
}

// appendHead writes the fields of a message up to its content.
func appendHead(dst []byte, h messageHead) []byte {
	dst = append(dst, `"id":`...)
	dst = appendString(dst, h.id)
	dst = append(dst, `,"type":"message","role":"assistant","model":`...)
	dst = appendString(dst, h.model)
	return append(dst, `,"content":[`...)
}

// appendError writes an error document, the data of an error event too.
func appendError(dst []byte, kind, message, requestID string) []byte {
	dst = append(dst, `{"type":"error","error":{"type":`...)
	dst = appendString(dst, kind)
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, message)
	dst = append(dst, `},"request_id":`...)
	if requestID == "" {
		dst = append(dst, `null`...)
	} else {
		dst = appendString(dst, requestID)
	}
	return append(dst, '}')
}

func appendFault(dst []byte, err *conversation.Error) []byte {
	return appendError(dst, rowOf(err).kind, messageOf(err), err.RequestID)
}
