package native

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// A frame of a continuation loses what the client has, and nothing else.
func TestSeam(t *testing.T) {
	used := conversation.Usage{Known: true, Input: 10, Cached: 3, Output: 7, Thoughts: 2}
	frame := func(parts, more string) string {
		return `{"candidates":[{"content":{"parts":[` + parts + `],"role":"model"},"index":0` + more + `}],"responseId":"r"}`
	}
	for _, c := range []struct {
		name     string
		in, want string
		drop     int
		usage    conversation.Usage
	}{
		{"nothing to drop", frame(`{"text":"a \u0062"}`, ``), frame(`{"text":"a \u0062"}`, ``), 0, conversation.Usage{}},
		{"a beginning", frame(`{"text":"g\u0072o\u00df ist"}`, ``), frame(`{"text":" ist"}`, ``), 5, conversation.Usage{}},
		{"a whole part and more", frame(`{"text":"ab"},{"text":"cd"}`, ``), frame(`{"text":"d"}`, ``), 3, conversation.Usage{}},
		{"all, and the finish", frame(`{"text":"ab"}`, `,"finishReason":"STOP"`), frame(``, `,"finishReason":"STOP"`), 2, conversation.Usage{}},
		{"thoughts", frame(`{"text":"hm","thought":true},{"text":"ab"}`, ``), frame(`{"text":"b"}`, ``), 1, conversation.Usage{}},
		{"a signed text", frame(`{"text":"ab","thoughtSignature":"QQ=="}`, ``), frame(`{"text":"ab"}`, ``), 0, conversation.Usage{}},
		{"a signature alone", frame(`{"text":"ab"},{"text":"","thoughtSignature":"QQ=="}`, ``), frame(`{"text":"ab"}`, ``), 0, conversation.Usage{}},
		{"a call", frame(`{"text":"ab"},{"functionCall":{"name":"f","args":{"text":"x"}},"thoughtSignature":"QQ=="}`, ``),
			frame(`{"functionCall":{"name":"f","args":{"text":"x"}},"thoughtSignature":"QQ=="}`, ``), 2, conversation.Usage{}},
		{"counts", `{"usageMetadata":{"promptTokenCount":1,"promptTokensDetails":[]}}`,
			`{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":2,"cachedContentTokenCount":3,"totalTokenCount":17}}`, 0, used},
		{"counts that nobody knows", `{"usageMetadata":{"promptTokenCount":1}}`, `{"usageMetadata":{"promptTokenCount":1}}`, 0, conversation.Usage{}},
		{"an array", "[" + frame(`{"text":"ab"}`, ``) + ",\n" + frame(`{"text":"cd"}`, ``) + "]", "[" + frame(``, ``) + ",\n" + frame(`{"text":"d"}`, ``) + "]", 3, conversation.Usage{}},
		{"broken", `{"candidates":[{"content":`, ``, 0, conversation.Usage{}},
	} {
		var s Seam
		for range 2 { // it is used again
			if got := string(s.Fit([]byte(c.in), c.drop, c.usage)); got != c.want {
				t.Errorf("%s: got %s, want %s", c.name, got, c.want)
			}
		}
	}
}

// However a text is written and cut into parts, what is left is the text without
// what was dropped, in valid JSON.
func FuzzSeam(f *testing.F) {
	f.Add("größer \u2028 \"als\"", uint8(3), uint8(4))
	f.Add("\U0001f600\\n", uint8(4), uint8(1))
	f.Fuzz(func(t *testing.T, text string, cut, drop uint8) {
		text = strings.ToValidUTF8(text, "?")
		at := runeStart(text, int(cut))
		n := runeStart(text, int(drop))
		frame := `{"candidates":[{"content":{"parts":[{"text":` + quoted(text[:at]) + `},{"text":` + quoted(text[at:]) + `}]}}]}`
		var s Seam
		got := s.Fit([]byte(frame), n, conversation.Usage{})
		if !jsontext.Value(got).IsValid() {
			t.Fatalf("%s became %s", frame, got)
		}
		var e documentEncoder
		e.EncodeFrame(nil, got)
		want := `{"candidates":[{"content":{"parts":[{"text":` + quoted(text[n:]) + `}]}}]}`
		if text[n:] == "" {
			want = `{"candidates":[{"content":{}}]}`
		}
		if out := e.Encode(nil, finish); string(out) != want {
			t.Errorf("%s without %d bytes became %s, want %s", frame, n, out, want)
		}
	})
}

// runeStart moves an offset into s, and to the beginning of a character.
func runeStart(s string, at int) int {
	at = min(at, len(s))
	for at > 0 && at < len(s) && s[at]&0xc0 == 0x80 {
		at--
	}
	return at
}
