package exchange

import (
	"strings"
	"testing"
)

// Requests are measured without their media, and the estimate learns from what
// upstream counts.
func TestTokensAreEstimated(t *testing.T) {
	r := newRig(t, nil)
	picture := `{"model":"gemini-3.5-flash","max_tokens":10,"stream":true,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` +
		strings.Repeat("QUJD", 10_000) + `"}}]}]}`
	a := r.begin(1, "")
	send(t, a, picture)
	if a.size.text > 300 || a.size.media != 1120 {
		t.Errorf("an image of 30 KB is %+v", a.size)
	}
	long := saying(strings.Repeat("word ", 400)) // 2,000 bytes: 500 tokens by the rule of thumb
	estimate := func() int64 {
		a := r.begin(1, "")
		send(t, a, long)
		return a.x.accounts.EstimateTokens("default", "gemini-3.5-flash", a.size.text, a.size.media)
	}
	before := estimate()
	for range 20 {
		a := r.begin(1, "")
		send(t, a, long)
		answerWith(a, 200, hello+strings.Replace(stop, `"promptTokenCount": 3`, `"promptTokenCount": 1200`, 1))
	}
	if after := estimate(); before > 600 || after < 1100 {
		t.Errorf("estimated %d at first, and %d after 20 requests of 1,200", before, after)
	}
}
