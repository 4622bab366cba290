package gemini

import (
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// finishes says what each finishReason means. A reason that is not here, also
// one that does not exist yet, is FinishOther.
var finishes = map[string]conversation.Finish{
	"STOP":       conversation.FinishStop,
	"MAX_TOKENS": conversation.FinishLength,

	"SAFETY":                   conversation.FinishRefused,
	"RECITATION":               conversation.FinishRefused,
	"LANGUAGE":                 conversation.FinishRefused,
	"BLOCKLIST":                conversation.FinishRefused,
	"PROHIBITED_CONTENT":       conversation.FinishRefused,
	"SPII":                     conversation.FinishRefused,
	"MODEL_ARMOR":              conversation.FinishRefused,
	"IMAGE_SAFETY":             conversation.FinishRefused,
	"IMAGE_PROHIBITED_CONTENT": conversation.FinishRefused,
	"IMAGE_RECITATION":         conversation.FinishRefused,

	"MALFORMED_FUNCTION_CALL": conversation.FinishMalformed,
	"MALFORMED_RESPONSE":      conversation.FinishMalformed,
	"UNEXPECTED_TOOL_CALL":    conversation.FinishMalformed,

	"TOO_MANY_TOOL_CALLS":       conversation.FinishPause,
	"MISSING_THOUGHT_SIGNATURE": conversation.FinishSignature,

	"FINISH_REASON_UNSPECIFIED": conversation.FinishOther,
	"OTHER":                     conversation.FinishOther,
	"IMAGE_OTHER":               conversation.FinishOther,
	"NO_IMAGE":                  conversation.FinishOther,

	// With enum-encoding=int the reason is a number, and the two APIs number
	// differently from 6 on (6 is LANGUAGE at AI Studio, BLOCKLIST at Vertex
	// AI). These mean a refusal at both; 9, 10 and from 12 on nothing is sure.
	"6": conversation.FinishRefused, "7": conversation.FinishRefused,
	"8": conversation.FinishRefused, "11": conversation.FinishRefused,
}

// finishNumbers names the numbers on which both APIs agree.
var finishNumbers = [...]string{
	"FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER",
}

// blockNumbers names the numbers of blockReason on which both APIs agree.
var blockNumbers = [...]string{"", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT"}

// finishOf returns what a finishReason means.
func finishOf(reason string) conversation.Finish {
	if f, ok := finishes[reason]; ok {
		return f
	}
	return conversation.FinishOther
}

// enumName returns the name of an enum value that may have come as a number.
func enumName(value string, names []string) string {
	if value == "" || value[0] > '9' {
		return value // nearly always; Atoi would make an error of it
	}
	if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < len(names) {
		return names[n]
	}
	return value
}
