package main

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// pastedKeys are the forms of keys that people paste by mistake; none is one.
var pastedKeys = map[string]string{
	"Google API key":     "AIzaSyA1234567890abcdefghijklmnopqrstuv",
	"new Google key":     "AQ.Ab8RN6JxQwErTyUiOpAsDfGh",
	"access token":       "ya29.a0AfH6SMBxQwErTyUiOp-y_z",
	"Anthropic key":      "sk-ant-api03-abcdefghijklmnopqrstuvwx",
	"OpenAI key":         "sk-proj-abcdefghijklmnopqrstuvwx",
	"GitHub token":       "gho_16C7e42F292c6912E7710c838347Ae178B4a",
	"JWT":                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
	"PEM":                "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nqwertyuiopasdfgh\n-----END PRIVATE KEY-----\n",
	"base64":             "kJ8vQ2x+Zr5TnW1bYp0/LmG7dHcUe9sXfA4iRoV6Byc=",
	"base64url":          "kJ8vQ2x-Zr5TnW1bYp0_LmG7dHcUe9sXfA4iRoV6Byc",
	"hex":                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"URL with password":  "https://house:qwertyuiop1234@llm.example.com",
	"URL with a key":     "https://llm.example.com/?key=qwertyuiopasdf",
	"key in a sentence":  "the key is AIzaSyA1234567890abcdefghijklmnopqrstuv.",
	"authorization":      "Bearer qwertyuiopasdfghjkl",
	"key and a line end": "AIzaSyA1234567890abcdefghijklmnopqrstuv\n",
}

// leaked returns what of a key was printed: any 12 characters in a row, but for
// those of words that say what it is.
func leaked(out, key string) string {
	public := regexp.MustCompile(`-----(?:BEGIN|END) PRIVATE KEY-----|the key is |https://(?:llm\.example\.com/\?key=)?|@llm\.example\.com`)
	for _, part := range strings.FieldsFunc(public.ReplaceAllString(key, "\n"), func(r rune) bool { return r == '\n' }) {
		for i := 0; i+12 <= len(part); i++ {
			if strings.Contains(out, part[i:i+12]) {
				return part[i : i+12]
			}
		}
	}
	return ""
}

// place is a heald.yaml with a key at one place.
type place struct {
	name string
	file any
}

// placesOf are the places of a type where a text can stand: each value, also
// where a mapping or a list belongs, and the name of a setting in each mapping.
func placesOf(t reflect.Type, key string) []place {
	if t.Kind() == reflect.Pointer {
		return placesOf(t.Elem(), key)
	}
	out := []place{{"", key}}
	wrap := func(name string, inner []place, file func(any) any) {
		for _, p := range inner {
			out = append(out, place{name + p.name, file(p.file)})
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		out = append(out, place{".KEY", map[string]any{key: 1}})
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			if name == "" {
				continue
			}
			wrap("."+name, placesOf(t.Field(i).Type, key), func(v any) any { return map[string]any{name: v} })
		}
	case reflect.Slice:
		wrap("[0]", placesOf(t.Elem(), key), func(v any) any { return []any{v} })
		out = append(out, placesOf(t.Elem(), key)...) // where one stands for a list
	case reflect.Map:
		out = append(out, place{".KEY", map[string]any{key: map[string]any{}}})
		wrap(".x", placesOf(t.Elem(), key), func(v any) any { return map[string]any{"x": v} })
	}
	return out
}

// runOnce runs a command that would serve, were its configuration taken, only
// for as long as it takes to see that.
func runOnce(args ...string) (code int, out string) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var b bytes.Buffer
	code = run(ctx, args, streams{&b, &b})
	return code, b.String()
}

// A key that was pasted anywhere into heald.yaml is refused, not printed, and
// the message says where it belongs.
func TestPastedKeysAreNotPrinted(t *testing.T) {
	t.Setenv("GEMINI_API_KEY", "")
	source := regexp.MustCompile(`^\.(accounts\[0\]\.secret|memory_key|hop_secret)`)
	n := 0
	for name, key := range pastedKeys {
		places := placesOf(reflect.TypeFor[config.Config](), key)
		for _, p := range places {
			text, err := yaml.Marshal(p.file)
			if err != nil {
				t.Fatal(err)
			}
			file := write(t, "heald.yaml", string(text))
			commands := []string{"check"}
			if name == "Google API key" { // they load the file alike
				commands = []string{"check", "serve", "up", "envoy"}
			}
			for _, command := range commands {
				n++
				code, out := runOnce(command, "--config", file)
				want := exitFailed
				if command == "check" {
					want = exitProblems
				}
				if piece := leaked(out, key); code != want || piece != "" {
					t.Errorf("%s at %q, heald %s: exit %d, prints %q:\n%s", name, p.name, command, code, piece, out)
				}
				if command == "check" && source.MatchString(p.name) && !strings.Contains(out, "{env: VARIABLE} or {file: /path}") {
					t.Errorf("%s at %q: the message does not say what belongs there:\n%s", name, p.name, out)
				}
			}
		}
	}
	t.Logf("%d runs", n)
}

// The library's errors about the text itself quote it, too.
func TestPastedKeysInBrokenYAML(t *testing.T) {
	t.Setenv("GEMINI_API_KEY", "")
	for name, key := range pastedKeys {
		key = strings.ReplaceAll(key, "\n", " ")
		for _, form := range []string{
			"%s", "%s: x", "secret: %s: x", "secret: *%s", "secret: &%s x", "secret: !%s x", "%%%s", "!!int %s", "max_body: !!int %s",
			"memory_key: {env: %s", "memory_key: \"%s", "\t%s", "accounts: [{secret: %s}]", "? {%s: 1}\n: 2", "listen: 1\n--- %s", "- %s", "max_body: %s",
			"policies: {default: {deadline: %s, strict: %s}}", "policies: {<<: %s}", "memory_key: |\n  %s\n x: 1", "a: %s\na: %s",
		} {
			text := fmt.Sprintf(strings.ReplaceAll(form, "%s", "%[1]s"), key)
			code, out := runOnce("check", "--config", write(t, "heald.yaml", text))
			if piece := leaked(out, key); piece != "" || code != exitProblems {
				t.Errorf("%s in %q: exit %d, prints %q:\n%s", name, form, code, piece, out)
			}
			for _, theirs := range goWords {
				if strings.Contains(out, theirs) {
					t.Errorf("%s in %q: prints %q:\n%s", name, form, theirs, out)
				}
			}
		}
	}
}

// goWords are those of Go's packages and of the YAML library.
var goWords = []string{"strconv", " yaml: ", "unmarshal", "invalid syntax", "!!", "exchange.", "route.S", "route.B", "route.M", "route.K", "config.", "no such file", "time: ", "parse error", "goroutine"}

// No command takes a credential on its command line, where every process can
// read it.
func TestPastedKeysOnTheCommandLine(t *testing.T) {
	t.Setenv("GEMINI_API_KEY", "")
	flags := regexp.MustCompile(`(?m)^  (?:-\w, )?--(\S+)`)
	for name, key := range pastedKeys {
		refused := func(args ...string) {
			t.Helper()
			code, out := runOnce(args...)
			if piece := leaked(out, key); code != exitUsage || piece != "" || !strings.Contains(out, "does not belong on a command line") {
				t.Errorf("%s in heald %.60q: exit %d, prints %q:\n%s", name, args, code, piece, out)
			}
		}
		refused(key)
		for _, c := range commands(newRoot(streams{})) {
			line := strings.Fields(c.CommandPath())[1:]
			with := func(args ...string) []string { return slices.Concat(line, args) }
			refused(with(key)...)
			refused(with("--" + key)...)
			refused(with("--" + key + "=x")...)
			_, help := runOnce(with("-h")...)
			for _, f := range flags.FindAllStringSubmatch(help, -1) {
				flag := "--" + f[1]
				forms := []string{"%s", "a=env:%s"}
				if name == "Google API key" { // each form of a value is cut up alike
					forms = append(forms, "a=%s", "a=file:%s", "env:%s", "%s=env:KEY", "a=ai_studio,%s", "a=%s,http://x", "a=vertex,,project=%s")
				}
				for _, value := range forms {
					value = strings.Replace(value, "%s", key, 1)
					refused(with(flag, value)...)
					refused(with(flag + "=" + value)...)
				}
			}
		}
	}
}

// What has a hash in it is no credential: buckets, hosts, and sentences that
// speak of one. A key in the same place is still found.
func TestHashesInAddresses(t *testing.T) {
	t.Setenv("KEY", "a credential of the test")
	const key = "AIzaSyA1234567890abcdefghijklmnopqrstuv"
	for _, text := range []string{
		"policies: {default: {allow: {file_uris: ['gs://prod-uploads-7f3a9c2b1d4e5f60718293a4/docs/']}}}",
		"policies: {default: {allow: {file_uris: [public, 'https://cdn.example.com/7f3a9c2b1d4e5f60718293a4b5c6d7e8/']}}}",
		"policies: {default: {repair_prompt: 'See note 7f3a9c2b1d4e5f60718293a4b5c6d7e8 of the handbook.'}}",
		"browsers: {origins: ['https://7f3a9c2b1d4e5f60718293a4b5c6d7e8.example.com']}",
		"resume_via: http://7f3a9c2b1d4e5f60718293a4b5c6d7e8.example.com:10077",
	} {
		if code, out := runOnce("check", "--config", write(t, "heald.yaml", minimal+text+"\n")); code != exitOK {
			t.Errorf("%s: exit %d:\n%s", text, code, out)
		}
		text = strings.ReplaceAll(strings.ReplaceAll(text, "7f3a9c2b1d4e5f60718293a4b5c6d7e8", key), "7f3a9c2b1d4e5f60718293a4", key)
		code, out := runOnce("check", "--config", write(t, "heald.yaml", minimal+text+"\n"))
		if piece := leaked(out, key); code != exitProblems || piece != "" || !strings.Contains(out, "looks like a credential") {
			t.Errorf("%s: exit %d, prints %q:\n%s", text, code, piece, out)
		}
	}
	// A token that an address ends with is not printed where it is refused.
	const token = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for _, text := range []string{"browsers: {origins: ['https://h/%s']}", "listen: {grpc: ['https://%s']}", "resume_via: https://%s", "models: {aliases: {a: 'https://%s'}}"} {
		code, out := runOnce("check", "--config", write(t, "heald.yaml", minimal+fmt.Sprintf(text, token)+"\n"))
		if piece := leaked(out, token); piece != "" {
			t.Errorf("%s: exit %d, prints %q:\n%s", text, code, piece, out)
		}
	}
}

// A reload that fails is logged with the place, and without the key.
func TestPastedKeysInAReload(t *testing.T) {
	t.Setenv("KEY", "a credential of the test")
	good := "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}]\n"
	for name, key := range pastedKeys {
		file := write(t, "heald.yaml", good)
		s, _ := loadedSidecar(t, file)
		core, logs := observer.New(zap.InfoLevel)
		s.log = zap.New(core)
		text, _ := yaml.Marshal(map[string]any{"accounts": []any{map[string]any{"secret": key}}})
		rewrite(t, file, string(text))
		s.reload()
		lines := fmt.Sprint(logs.All())
		if piece := leaked(lines, key); piece != "" || !strings.Contains(lines, "accounts[0].secret") {
			t.Errorf("%s: the log tells %q:\n%s", name, piece, lines)
		}
	}
}
