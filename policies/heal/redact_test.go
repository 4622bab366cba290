package heal

import (
	"strings"
	"testing"
)

const someKey = "AIzaSyA1234567890abcdefghijklmnopqrstuv"

// Whatever upstream says, and with whatever status.
func TestJudgeTellsNoKeys(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 413, 418, 429, 500, 503} {
		r := Judge(seen(status, message("Consumer 'api_key:"+someKey+"' in projects/123456789012, see https://x.example/")))
		for where, text := range map[string]string{"client": r.Client.Message, "log": r.Err.Error()} {
			if strings.Contains(text, someKey) {
				t.Errorf("%d: the %s gets the key: %s", status, where, text)
			}
		}
		if strings.Contains(r.Client.Message, "123456789012") || strings.Contains(r.Client.Message, "https:") {
			t.Errorf("%d: the client gets %s", status, r.Client.Message)
		}
	}
}
