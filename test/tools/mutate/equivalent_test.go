package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// Each entry of the list is still a mutant of the code: one whose line has
// changed must be reviewed again.
func TestEquivalentEntriesExist(t *testing.T) {
	known, err := parseEquivalent(equivalentText)
	if err != nil {
		t.Fatal(err)
	}
	made := map[change]bool{}
	files := map[string]bool{}
	for c := range known {
		if files[c.file] {
			continue
		}
		files[c.file] = true
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(c.file)))
		if err != nil {
			t.Error(err)
			continue
		}
		found, err := mutants(c.file, source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found {
			made[m.change()] = true
		}
	}
	for c, why := range known {
		if !made[c] {
			t.Errorf("no such mutant any more, remove it or review it again:\n%s\n- %s\n+ %s\n= %s", c.file, c.before, c.after, why)
		}
	}
}

func TestParseEquivalent(t *testing.T) {
	got, err := parseEquivalent("# heading\n\na.go\n- x < y\n+ x <= y\n= they differ\n\nb.go\n- f()\n+\n= nothing\n")
	if err != nil {
		t.Fatal(err)
	}
	if got[change{"a.go", "x < y", "x <= y"}] != "they differ" || got[change{"b.go", "f()", ""}] != "nothing" || len(got) != 2 {
		t.Errorf("got %v", got)
	}
	for _, bad := range []string{"a.go\n- x\n+ y\n", "a.go\n- x\n= y\n+ z\n", "a.go\n- x\n+ y\n= z\n= more\n"} {
		if _, err := parseEquivalent(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// A target that has moved would be left out without a word.
func TestTargetsExist(t *testing.T) {
	for _, target := range targets {
		for _, dir := range append([]string{target.dir}, target.users...) {
			dir, _, _ = strings.Cut(dir, " ") // before flags
			tests, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*_test.go"))
			if err != nil || len(tests) == 0 {
				t.Errorf("%s has no tests: %v", dir, err)
			}
		}
		if found, err := collect(root, target.dir, "*", 1); err != nil || len(found) == 0 {
			t.Errorf("%s has no mutants: %v", target.dir, err)
		}
	}
	if _, err := chosen([]string{"./policies/heal/", "extproc"}); err != nil {
		t.Error(err)
	}
	if _, err := chosen([]string{"policies/nothing"}); err == nil {
		t.Error("a folder that is no target was taken")
	}
}
