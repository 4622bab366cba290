package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fixture"
)

// One fault per file, and beside it what heald check says: place, consequence
// and fix, in words for operators. Files whose names begin with note- are
// accepted all the same.
func TestBadConfigurations(t *testing.T) {
	for name, value := range map[string]string{
		"GEMINI_API_KEY": "", "NOTHING": "", "KEY": "a credential of the tests", "SHORT": "short",
		"LINES": "{\n\"type\": \"service_account\"\n}", "CONTROL": "a credential\x01of the tests", "BLANK": "a credential of the tests ",
		"MEMORY": "a memory key of thirty-two bytes", "MEMORY2": "another memory key of 32 bytes..", "MEMORY3": "the third memory key of 32 bytes",
		"MEMORY4": "memory key four, of 32 bytes....", "MEMORY5": "memory key five, of 32 bytes....",
	} {
		t.Setenv(name, value)
	}
	files, err := filepath.Glob("config/testdata/bad/*.yaml")
	if err != nil || len(files) < 50 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			code, out, errs := heald(t, "check", "--config", file)
			note := strings.HasPrefix(filepath.Base(file), "note-")
			if want := map[bool]int{true: exitOK, false: exitProblems}[note]; code != want || errs != "" {
				t.Errorf("exit %d, want %d: %s", code, want, errs)
			}
			got := strings.ReplaceAll(out, file+": ", "")
			beside := strings.TrimSuffix(file, ".yaml") + ".txt"
			want, err := os.ReadFile(beside)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			fixture.Diff(t, beside, want, []byte(got))
			for _, part := range []string{"\n  consequence: ", "\n  fix: "} {
				if strings.Count(out, part) != 1 {
					t.Errorf("want one %q:\n%s", part, out)
				}
			}
			for _, theirs := range goWords {
				if strings.Contains(out, theirs) {
					t.Errorf("prints %q:\n%s", theirs, out)
				}
			}
		})
	}
}
