package fakegemini

import (
	"strings"
	"testing"
)

func TestSignatureCheck(t *testing.T) {
	s := &signer{[]byte("key")}
	const scope = "studio/gemini-3.5-flash"
	subject := callSubject("f", []byte(`{"a":1,"b":"x"}`))
	sig := s.sign(signedCall, scope, subject)
	if raw, err := decodeBytes(sig); err != nil || len(raw) < 300 {
		t.Fatalf("signature of %d bytes, %v", len(raw), err)
	}
	flip := []byte(sig)
	flip[len(flip)-9] ^= 1
	urlSafe := strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(sig), "=")
	for _, tc := range []struct {
		name, signature string
		kind            signatureKind
		scope           string
		subject         []byte
		want            standing
	}{
		{"as issued", sig, signedCall, scope, subject, genuine},
		{"url-safe without padding", urlSafe, signedCall, scope, subject, genuine},
		{"args re-serialized", sig, signedCall, scope, callSubject("f", []byte("{ \"b\":\"\\u0078\", \"a\":1.0 }")), genuine},
		{"other args", sig, signedCall, scope, callSubject("f", []byte(`{"a":2,"b":"x"}`)), misplaced},
		{"other name", sig, signedCall, scope, callSubject("g", []byte(`{"a":1,"b":"x"}`)), misplaced},
		{"other model", sig, signedCall, "studio/gemini-3.6-flash", subject, misplaced},
		{"other surface", sig, signedCall, "vertex/p/gemini-3.5-flash", subject, misplaced},
		{"on text", sig, signedText, scope, nil, misplaced},
		{"altered at the end", string(flip), signedCall, scope, subject, corrupted},
		{"cut", sig[:len(sig)-8], signedCall, scope, subject, corrupted},
		{"foreign", "EsoBCscBAR", signedCall, scope, subject, corrupted},
		{"other key", (&signer{[]byte("no")}).sign(signedCall, scope, subject), signedCall, scope, subject, corrupted},
		{"no base64", "%", signedCall, scope, subject, corrupted},
		{"placeholder", "skip_thought_signature_validator", signedCall, scope, subject, placeholder},
		{"placeholder encoded", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=", signedCall, scope, subject, placeholder},
		{"other placeholder", "context_engineering_is_the_way_to_go", signedCall, scope, subject, placeholder},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := s.check(tc.signature, tc.kind, tc.scope, tc.subject); got != tc.want {
				t.Errorf("standing %d, want %d", got, tc.want)
			}
		})
	}
}

// No signature other than the issued bytes may ever pass for genuine.
func FuzzSignatureCheck(f *testing.F) {
	s := &signer{[]byte("key")}
	subject := callSubject("f", []byte(`{}`))
	issued := s.sign(signedCall, "scope", subject)
	f.Add(issued)
	f.Add(issued[4:])
	f.Add("skip_thought_signature_validator")
	want, err := decodeBytes(issued)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, signature string) {
		got, err := decodeBytes(signature)
		same := err == nil && string(got) == string(want)
		if (s.check(signature, signedCall, "scope", subject) == genuine) != same {
			t.Errorf("%q: genuine differs from being the issued bytes", signature)
		}
	})
}

const (
	missingStudio = "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:a` , position 2. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
	missingVertex = "Unable to submit request because function call `default_api:a` in the 2. content block is missing a `thought_signature`. Learn more: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures"
)

func TestSignatureRules(t *testing.T) {
	call := func(id, signature string) string {
		if signature != "" {
			signature = `,"thoughtSignature":"` + signature + `"`
		}
		return `{"functionCall":{"id":"` + id + `","name":"a","args":{}}` + signature + `}`
	}
	answer := func(id, more string) string {
		return `{"functionResponse":{"id":"` + id + `","name":"a","response":{}}` + more + `}`
	}
	const dummy = "skip_thought_signature_validator"
	user, model := func(p string) string { return `{"role":"user","parts":[` + p + `]}` }, func(p string) string { return `{"role":"model","parts":[` + p + `]}` }
	list := func(c ...string) string { return contentsOf(strings.Join(c, ",")) }
	text := `{"text":"t"}`
	for _, tc := range []struct{ name, path, body, want string }{
		{"missing", studio35, list(user(text), model(call("1", "")), user(answer("1", ""))), missingStudio},
		{"missing after text", studio35, list(user(text), model(text+","+call("1", "")), user(answer("1", ""))), missingStudio},
		{"missing on vertex", vertex35, strings.ReplaceAll(list(user(text), model(call("1", "")), user(answer("1", ""))), `"id":"1",`, ""), missingVertex},
		{"missing in a later step", studio35, list(user(text), model(call("1", dummy)), user(answer("1", "")), model(call("2", "")), user(answer("2", ""))), strings.Replace(missingStudio, "position 2", "position 4", 1)},
		{"sibling needs none", studio35, list(user(text), model(call("1", dummy)+","+call("2", "")), user(answer("1", "")+","+answer("2", ""))), ""},
		{"only on the sibling", studio35, list(user(text), model(call("1", "")+","+call("2", dummy)), user(answer("1", "")+","+answer("2", ""))), missingStudio},
		{"earlier turn needs none", studio35, list(user(text), model(call("1", "")), user(answer("1", "")), model(text), user(text)), ""},
		{"text after the answers opens a turn", studio35, list(user(text), model(call("1", "")), user(answer("1", "")), user(text)), ""},
		{"2.5 needs none", studio25, list(user(text), model(call("1", "")), user(answer("1", ""))), ""},
		{"corrupted", studio35, list(user(text), model(call("1", "EsoBCscBAR")), user(answer("1", ""))), "Corrupted thought signature."},
		{"corrupted on old text", studio35, list(user(text), model(`{"text":"x","thoughtSignature":"EsoBCscBAR"}`), user(text)), "Corrupted thought signature."},
		{"of a text on a call", studio35, list(user(text), model(call("1", (&signer{[]byte("fakegemini: not a secret")}).sign(signedText, "studio/gemini-3.5-flash", nil))), user(answer("1", ""))), "Invalid thought signature."},
		{"on an answer", studio35, list(user(text), model(call("1", dummy)), user(answer("1", `,"thoughtSignature":"`+dummy+`"`))), "Thought signature is not supported on function_response parts."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, body := send(t, Start(t), tc.path, tc.body)
			if tc.want == "" && status != 200 || tc.want != "" && (status != 400 || errorMessage(t, body) != tc.want) {
				t.Errorf("status %d: %s", status, body)
			}
		})
	}
}

func TestSignatureOptions(t *testing.T) {
	body := toolTurn(callA, answerA)
	if status, reply := send(t, Start(t, Options{RefusePlaceholder: true}), studio35, body); status != 400 || errorMessage(t, reply) != "Invalid thought signature." {
		t.Errorf("placeholder refused: %d %s", status, reply)
	}
	foreign := strings.Replace(body, "skip_thought_signature_validator", "EsoBCscBAR", 1)
	if status, reply := send(t, Start(t, Options{PresenceOnly: true}), studio35, foreign); status != 200 {
		t.Errorf("presence only: %d %s", status, reply)
	}
}
