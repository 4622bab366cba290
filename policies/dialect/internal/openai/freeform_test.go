package openai

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestFreeformText(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"input", `{"input":"a\nb"}`, "a\nb"},
		{"input among others", `{"note":"n","input":"a","n":1}`, "a"},
		{"another name", `{"patch":"a","n":1}`, "a"},
		{"two names", `{"patch":"a","note":"b"}`, `{"patch":"a","note":"b"}`},
		{"no string", `{"n":1}`, `{"n":1}`},
		{"no object", `"a"`, `"a"`},
		{"broken", `{"input":"a`, `{"input":"a`},
		{"nothing", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FreeformText([]byte(tt.args)).String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFreeformArgs(t *testing.T) {
	for _, c := range []struct {
		text conversation.Text
		want string
	}{{nil, `{"input":""}`}, {conversation.Quote(""), `{"input":""}`}, {conversation.Quote("a\n"), `{"input":"a\n"}`}} {
		if got := FreeformArgs(c.text); string(got) != c.want {
			t.Errorf("%q: got %s, want %s", c.text, got, c.want)
		}
	}
}

func TestGrammar(t *testing.T) {
	syntax, definition := conversation.Quote("lark"), conversation.Quote("start: A")
	for _, c := range []struct{ description, want string }{
		{"", "The input is text that obeys this grammar (lark):\nstart: A"},
		{"Runs.", "Runs.\n\nThe input is text that obeys this grammar (lark):\nstart: A"},
	} {
		if got := Grammar(conversation.Quote(c.description), syntax, definition).String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// Text survives the way to the upstream and back, and any arguments give a
// valid literal.
func FuzzFreeform(f *testing.F) {
	f.Add("*** Begin Patch\n+a\"\\\u2028")
	f.Add(`{"input":"\ud800"}`)
	f.Fuzz(func(t *testing.T, s string) {
		text := conversation.Quote(s)
		if got := FreeformText(FreeformArgs(text)); string(got) != string(text) {
			t.Errorf("got %s, want %s", got, text)
		}
		if got := FreeformText([]byte(s)); !jsontext.Value(got).IsValid() {
			t.Errorf("%q gives %q", s, got)
		}
	})
}

func TestArguments(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"object in a string", `"{\"a\": 1}"`, `{"a": 1}`},
		{"space around", `" {} "`, `{}`},
		{"nothing", `""`, ``},
		{"no JSON", `"{a"`, `"{a"`},
		{"half a surrogate pair", `"{\"a\":\"\\ud800\"}"`, `{"a":"\ufffd"}`},
		{"the object itself", `{"a":1}`, `{"a":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Arguments(jsontext.Value(tt.value)); string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
