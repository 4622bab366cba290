package sdk

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// checkHistory looks at the last request of the loop: every call and answer in
// place, and a signature on the first call of each step. That each is the one
// which the upstream issued for this call, the fake has checked.
func checkHistory(t *testing.T, body []byte) {
	t.Helper()
	var request struct {
		Contents []struct {
			Role  string `json:"role"`
			Parts []struct {
				ThoughtSignature string `json:"thoughtSignature"`
				FunctionCall     *struct {
					Name string            `json:"name"`
					Args map[string]string `json:"args"`
				} `json:"functionCall"`
				FunctionResponse *struct {
					Name     string          `json:"name"`
					Response json.RawMessage `json:"response"`
				} `json:"functionResponse"`
			} `json:"parts"`
		} `json:"contents"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		t.Fatal(err)
	}
	var calls []string
	answers, signed := 0, 0
	for _, c := range request.Contents {
		for _, p := range c.Parts {
			if p.FunctionCall != nil {
				calls = append(calls, p.FunctionCall.Name+" "+p.FunctionCall.Args["city"])
				if p.ThoughtSignature != "" {
					signed++
				}
			}
			if p.FunctionResponse == nil || answers == len(calls) {
				continue
			}
			name, city, _ := strings.Cut(calls[answers], " ")
			if !strings.Contains(string(p.FunctionResponse.Response), name+" of "+city) {
				t.Errorf("answer %d to %q is %s", answers, calls[answers], p.FunctionResponse.Response)
			}
			answers++
		}
	}
	if !slices.Equal(calls, loopCalls) || answers != len(loopCalls) || signed != 3 {
		t.Errorf("upstream saw calls %q, %d of them signed, and %d answers; want %q, 3, %d\n%s",
			calls, signed, answers, loopCalls, len(loopCalls), body)
	}
}
