package gemini

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestFinishOf(t *testing.T) {
	for _, c := range []struct {
		reason string
		want   conversation.Finish
	}{
		{"STOP", conversation.FinishStop},
		{"MAX_TOKENS", conversation.FinishLength},
		{"SAFETY", conversation.FinishRefused},
		{"MODEL_ARMOR", conversation.FinishRefused},
		{"IMAGE_RECITATION", conversation.FinishRefused},
		{"LANGUAGE", conversation.FinishRefused},
		{"MALFORMED_FUNCTION_CALL", conversation.FinishMalformed},
		{"MALFORMED_RESPONSE", conversation.FinishMalformed},
		{"UNEXPECTED_TOOL_CALL", conversation.FinishMalformed},
		{"TOO_MANY_TOOL_CALLS", conversation.FinishPause},
		{"MISSING_THOUGHT_SIGNATURE", conversation.FinishSignature},
		{"OTHER", conversation.FinishOther},
		{"NO_IMAGE", conversation.FinishOther},
		{"A_REASON_OF_NEXT_YEAR", conversation.FinishOther},
		// Numbers, as both APIs read them.
		{"0", conversation.FinishOther},
		{"1", conversation.FinishStop},
		{"2", conversation.FinishLength},
		{"3", conversation.FinishRefused},
		{"4", conversation.FinishRefused},
		{"5", conversation.FinishOther},
		{"6", conversation.FinishRefused},
		{"7", conversation.FinishRefused},
		{"8", conversation.FinishRefused},
		{"9", conversation.FinishOther},
		{"10", conversation.FinishOther},
		{"11", conversation.FinishRefused},
		{"-1", conversation.FinishOther},
		{"99", conversation.FinishOther},
	} {
		if got := finishOf(enumName(c.reason, finishNumbers[:])); got != c.want {
			t.Errorf("%s: got %d, want %d", c.reason, got, c.want)
		}
	}
}
