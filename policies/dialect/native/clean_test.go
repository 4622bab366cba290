package native

import (
	"strings"
	"testing"
)

// Upstream's own texts are cleaned; the model's texts, and frames without a
// secret, are unchanged.
func TestClean(t *testing.T) {
	note := func(s string) string { return strings.ReplaceAll(s, "house", "[n]") }
	hide := func(s string) string { return strings.ReplaceAll(s, "key", "[h]") }
	for _, c := range []struct{ name, in, want string }{
		{"nothing", `{ "candidates":[{"content":{"parts":[{"text":"key house"}]}}],"usageMetadata":{"a":1}}`, ""},
		{"finish", `{"candidates":[{"content":{"parts":[{"text":"key"}],"role":"key"},"finishMessage":"the \u0068ouse"}]}`,
			`{"candidates":[{"content":{"parts":[{"text":"key"}],"role":"[h]"},"finishMessage":"the [n]"}]}`},
		{"one candidate", `{"candidates":{"finish_message":"house"}}`, `{"candidates":{"finish_message":"[n]"}}`},
		{"block", `{"promptFeedback":{"blockReasonMessage":"house","x":["a","\u006bey"]}}`, `{"promptFeedback":{"blockReasonMessage":"[n]","x":["a","[h]"]}}`},
		{"name in escapes", `{"promptFeedback":{"block\u0052easonMessage":"house"}}`, `{"promptFeedback":{"block\u0052easonMessage":"[n]"}}`},
		{"fit as one, not as the other", `{"modelVersion":"house","responseId":"house","x":"key"}`, `{"modelVersion":"house","responseId":"[n]","x":"[h]"}`},
		{"array", "[{\"responseId\":\"house\"},\n{\"modelVersion\":\"key\"}]", "[{\"responseId\":\"[n]\"},\n{\"modelVersion\":\"[h]\"}]"},
		{"mark before", "\ufeff{\"modelVersion\":\"key\"}", "{\"modelVersion\":\"[h]\"}"},
	} {
		if c.want == "" {
			c.want = c.in
		}
		cleaner := NewCleaner(note, hide)
		for i := range 2 { // the second time it knows the strings
			if got := string(cleaner.Clean([]byte(c.in))); got != c.want {
				t.Errorf("%s, %d: %s\nwant %s", c.name, i, got, c.want)
			}
		}
	}
}

// Frames have the same strings again and again; they are looked at once.
func TestCleanLooksOnce(t *testing.T) {
	looks := 0
	look := func(s string) string { looks++; return s }
	c := NewCleaner(look, look)
	for range 100 {
		c.Clean([]byte(`{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"}}],"modelVersion":"m","responseId":"r"}`))
	}
	if looks != 3 {
		t.Errorf("%d looks, want 3", looks)
	}
	for i := range 1000 {
		c.Clean([]byte(`{"x":"` + strings.Repeat("y", i) + `"}`))
	}
	if len(c.hid) > mostKnown {
		t.Errorf("%d strings are kept", len(c.hid))
	}
}
