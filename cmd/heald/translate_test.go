package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fixture"
)

// randomID matches ids that differ from run to run.
var randomID = regexp.MustCompile(`\b(msg|chatcmpl|resp)([_-])[A-Za-z0-9]{16,}`)

// The cases are what users do: a file, some flags, and what they see.
func TestTranslate(t *testing.T) {
	for _, c := range fixture.Load(t, filepath.Join("testdata", "translate")) {
		t.Run(c.Name, func(t *testing.T) {
			var out, notes bytes.Buffer
			args := append([]string{"translate"}, strings.Fields(string(c.File("args")))...)
			code := run(context.Background(), append(args, c.Path("input")), streams{&out, &notes})
			got := fmt.Sprintf("%s── standard error, exit %d\n%s", out.Bytes(), code, notes.Bytes())
			got = randomID.ReplaceAllString(got, "$1${2}random")
			fixture.Diff(t, c.Path("output"), c.File("output"), []byte(got))
		})
	}
}

func TestTranslateUsage(t *testing.T) {
	body := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(body, []byte(`{"messages":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--stream", "--json", body}, exitUsage, "exclude each other"},
		{[]string{"--target", "azure", body}, exitUsage, `neither "ai_studio" nor "vertex"`},
		{[]string{"--target", "vertex,region=x", body}, exitUsage, "region"},
		{[]string{body, body}, exitUsage, "unexpected argument"},
		{[]string{body, "--dialect", "cobol"}, exitFailed, `"cobol" is none of`},
		{[]string{body + "-missing"}, exitFailed, "no such file"},
		{[]string{"--reply", "--path", "/v1/messages", body}, exitFailed, "--request FILE or --dialect"},
	} {
		var out, notes bytes.Buffer
		code := run(context.Background(), append([]string{"translate"}, c.args...), streams{&out, &notes})
		if code != c.code || !strings.Contains(notes.String(), c.want) {
			t.Errorf("%v: exit %d, %q; want %d, %q", c.args, code, notes.String(), c.code, c.want)
		}
	}
}

// A report may be pasted into a public place.
func TestTranslateShowsNoSecret(t *testing.T) {
	t.Setenv("GEMINI_API_KEY", "secret-of-the-environment")
	var out, notes bytes.Buffer
	args := []string{"translate", "--explain", filepath.Join("testdata", "translate", "claude-request", "input")}
	if code := run(context.Background(), args, streams{&out, &notes}); code != exitOK {
		t.Fatalf("exit %d: %s", code, notes.Bytes())
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret-of-the-environment", "x-goog-api-key", "authorization", dir} {
		if strings.Contains(strings.ToLower(out.String()), secret) {
			t.Errorf("the output holds %q", secret)
		}
	}
}
