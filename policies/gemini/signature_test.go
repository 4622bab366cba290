package gemini

import (
	"encoding/base64"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestPlaceholder(t *testing.T) {
	if got, _ := base64.StdEncoding.DecodeString(placeholder); string(got) != "skip_thought_signature_validator" {
		t.Errorf("%q", got)
	}
}

func TestSignatures(t *testing.T) {
	history := []conversation.Message{
		user(text("hi")),
		model(signed("T1", thought("hm")), thought("unsigned"), signed("X1", text("look")), signed("C1", call("a", "A", `{}`)), call("b", "B", `{}`)),
		user(result("a"), result("b")),
		model(signed("T2", thought("only"))),
		model(call("c", "C", `{}`)),
		user(signed("R", result("c"))),
	}
	const answers = "U {\"answer\":{\"name\":\"A\",\"r\":{\"output\":\"\"}}} {\"answer\":{\"name\":\"B\",\"r\":{\"output\":\"\"}}}\n"
	const last = "U {\"answer\":{\"name\":\"C\",\"r\":{\"output\":\"\"}}}\n"
	for _, c := range []struct {
		name, model string
		opts        Options
		want        string
	}{
		{"dropped thoughts", strict, Options{},
			"U {\"hi\"}\nM {\"look\",\"sig\":\"X1\"} {\"call\":{\"name\":\"A\",\"args\":{}},\"sig\":\"C1\"} {\"call\":{\"name\":\"B\",\"args\":{}}}\n" + answers +
				"M {\"call\":{\"name\":\"C\",\"args\":{}},\"sig\":\"PLACEHOLDER\"}\n" + last},
		{"kept thoughts", strict, Options{History: Keep},
			"U {\"hi\"}\nM {\"hm\",\"thought\":true,\"sig\":\"T1\"} {\"look\",\"sig\":\"X1\"} {\"call\":{\"name\":\"A\",\"args\":{}},\"sig\":\"C1\"} {\"call\":{\"name\":\"B\",\"args\":{}}}\n" + answers +
				"M {\"only\",\"thought\":true,\"sig\":\"T2\"} {\"call\":{\"name\":\"C\",\"args\":{}},\"sig\":\"PLACEHOLDER\"}\n" + last},
		{"2.5 needs none", older, Options{},
			"U {\"hi\"}\nM {\"look\",\"sig\":\"X1\"} {\"call\":{\"name\":\"A\",\"args\":{}},\"sig\":\"C1\"} {\"call\":{\"name\":\"B\",\"args\":{}}}\n" + answers +
				"M {\"call\":{\"name\":\"C\",\"args\":{}}}\n" + last},
		{"stripped", strict, Options{History: Keep, StripSignatures: true},
			"U {\"hi\"}\nM {\"look\"} {\"call\":{\"name\":\"A\",\"args\":{}},\"sig\":\"PLACEHOLDER\"} {\"call\":{\"name\":\"B\",\"args\":{}}}\n" + answers +
				"M {\"(no visible output)\"} {\"call\":{\"name\":\"C\",\"args\":{}},\"sig\":\"PLACEHOLDER\"}\n" + last},
		{"stripped, placeholder refused, with prompt", strict, Options{StripSignatures: true, NoPlaceholder: true, RepairPrompt: "go on"},
			"U {\"hi\"}\nM {\"look\"} {\"call\":{\"name\":\"A\",\"args\":{}}} {\"call\":{\"name\":\"B\",\"args\":{}}}\n" + answers +
				"M {\"(no visible output)\"} {\"call\":{\"name\":\"C\",\"args\":{}}}\n" + last + "U {\"go on\"}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.OmitIDs = true
			body := rendered(t, &conversation.Request{Messages: history}, Target{Model: c.model}, c.opts)
			if got := short(t, body["contents"]); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestRepairPrompt(t *testing.T) {
	for _, c := range []struct {
		name, model string
		messages    []conversation.Message
		want        string
	}{
		{"joins the user's text", strict, []conversation.Message{user(text("hi"))}, "U {\"hi\"} {\"P\"}\n"},
		{"before a prefill", strict, []conversation.Message{user(text("hi")), model(text("{"))}, "U {\"hi\"} {\"P\"}\nM {\"{\"}\n"},
		{"before a prefill after answers", strict,
			[]conversation.Message{user(text("hi")), model(call("a", "A", "{}")), user(result("a")), model(text("{"))},
			"U {\"hi\"}\nM {\"call\":{\"id\":\"a\",\"name\":\"A\",\"args\":{}},\"sig\":\"PLACEHOLDER\"}\nU {\"answer\":{\"id\":\"a\",\"name\":\"A\",\"r\":{\"output\":\"\"}}}\nU {\"P\"}\nM {\"{\"}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := rendered(t, &conversation.Request{Messages: c.messages}, Target{Model: c.model}, Options{StripSignatures: true, RepairPrompt: "P"})
			if got := short(t, body["contents"]); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}
