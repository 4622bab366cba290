package native

import (
	"strings"
	"testing"
)

// Upstream's own words are cleaned; the model's, and the bytes of a frame
// without a secret, stay.
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
		{"array", "[{\"responseId\":\"house\"},\n{\"modelVersion\":\"key\"}]", "[{\"responseId\":\"[n]\"},\n{\"modelVersion\":\"[h]\"}]"},
		{"mark before", "\ufeff{\"modelVersion\":\"key\"}", "{\"modelVersion\":\"[h]\"}"},
	} {
		if c.want == "" {
			c.want = c.in
		}
		if got := string(Clean([]byte(c.in), note, hide)); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}
