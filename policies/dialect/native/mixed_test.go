package native

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// What stands beside answers is moved whole, mended, and nowhere else.
func TestSplit(t *testing.T) {
	const a, b = `{"functionResponse":{"name":"a"}}`, `{"functionResponse":{"name":"b"}}`
	const next = `]},{"role":"user","parts":[`
	for _, c := range []struct{ name, parts, want string }{
		{"answers alone", a + `,` + b, a + `,` + b},
		{"text alone", `{"text":"x"}`, `{"text":"x"}`},
		{"behind", a + `,{"text":"x"}`, a + next + `{"text":"x"}`},
		{"before", `{"text":"x"} , ` + a, a + next + `{"text":"x"}`},
		{"between", `{"text":"x"},` + a + `,{"text":"y"},` + b + `,{"text":"z"}`, a + `,` + b + next + `{"text":"x"},{"text":"y"},{"text":"z"}`},
		{"mended", `{"inlineData":{"displayName":"n","data":""}},` + a + `,{"fileData":{"displayName":"m","fileUri":"u"}},{"fileData":{"fileUri":"v","displayName":"m"}}`,
			a + next + `{"inlineData":{"data":""}},{"fileData":{"fileUri":"u"}},{"fileData":{"fileUri":"v"}}`},
		{"beside a call", a + `,{"functionCall":{"name":"c"},"thoughtSignature":"QQ=="}`, a + `,{"functionCall":{"name":"c"},"thoughtSignature":"QQ=="}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			repaired := func(target gemini.Target, head, parts, tail string) string {
				got, _, err := New().Repair(&conversation.Request{}, []byte(head+parts+tail), target, gemini.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return string(got)
			}
			const head, tail = `{"contents":[{"role":"user","parts":[`, `]}]}`
			if got := repaired(gemini.Target{Model: "gemini-3.5-flash"}, head, c.parts, tail); got != head+c.want+tail {
				t.Errorf("got %s\nwant %s", got, head+c.want+tail)
			}
			// Recorded requests show that models before 3.5 do not mind, and a
			// content in place of a list cannot be split.
			if got := repaired(gemini.Target{Kind: gemini.Vertex, Model: "gemini-3.1-pro-preview"}, head, c.parts, tail); got != head+c.parts+tail {
				t.Errorf("before 3.5: %s", got)
			}
			const alone, end = `{"contents":{"role":"user","parts":[`, `]}}`
			if got := repaired(gemini.Target{Kind: gemini.Vertex, Model: "gemini-3.5-flash"}, alone, c.parts, end); got != alone+c.parts+end {
				t.Errorf("alone: %s", got)
			}
		})
	}
}

// The time to split must not grow faster than the content.
func BenchmarkSplit(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		parts := bytes.Repeat([]byte(`{"functionResponse":{"name":"a"}},{"fileData":{"displayName":"n","fileUri":"u"}},`), n)
		body := append(append([]byte(`{"contents":[{"role":"user","parts":[`), bytes.TrimSuffix(parts, []byte(","))...), `]}]}`...)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, _, err := New().Repair(&conversation.Request{}, body, gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
