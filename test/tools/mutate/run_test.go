package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// module writes a module of two packages: b's tests are about a, too.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.test/m\n\ngo 1.26\n",
		"a/a.go": `package a

func Grown(n int) bool { return n >= 18 }

func Endless(stop bool) {
	for !stop {
		stop = true
	}
}

func Untested(n int) bool { return n > 3 }

func Used(n int) int { return n + 1 }
`,
		"a/a_test.go": `package a

import "testing"

func Test(t *testing.T) {
	if Grown(17) || !Grown(18) {
		t.Error("age")
	}
	Endless(false)
}
`,
		"b/b_test.go": `package b

import (
	"testing"

	"example.test/m/a"
)

func Test(t *testing.T) {
	if a.Used(1) != 2 {
		t.Error("used")
	}
}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOutcomes(t *testing.T) {
	dir := module(t)
	source, err := os.ReadFile(filepath.Join(dir, "a", "a.go"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := mutants("a/a.go", source)
	if err != nil {
		t.Fatal(err)
	}
	byLine := map[string]*mutant{}
	for _, m := range found {
		_, after := m.lines()
		byLine[after] = m
	}
	byLine["no Go"] = &mutant{file: "a/a.go", source: source, start: 0, end: 1, text: "?"}
	r := &runner{root: dir, timeout: 5 * time.Second}
	for _, c := range []struct {
		line  string
		users []string
		want  outcome
	}{
		{"func Grown(n int) bool { return n > 18 }", nil, killed},
		{"stop = false", nil, killed}, // it never ends
		{"func Untested(n int) bool { return n >= 3 }", []string{"b"}, survived},
		{"func Used(n int) int { return n - 1 }", nil, survived},
		{"func Used(n int) int { return n - 1 }", []string{"b"}, killed},
		{"func Used(n int) int { return n - 1 }", []string{"b -run ^TestOther$"}, survived},
		{"no Go", nil, invalid},
	} {
		m := byLine[c.line]
		if m == nil {
			t.Fatalf("no mutant %q among %v", c.line, byLine)
		}
		got, err := r.test(t.Context(), target{dir: "a", users: c.users}, m)
		if err != nil || got != c.want {
			t.Errorf("%s, used by %v: %s, %v; want %s", c.line, c.users, got, err, c.want)
		}
	}
	if now, err := os.ReadFile(filepath.Join(dir, "a", "a.go")); err != nil || !bytes.Equal(now, source) {
		t.Errorf("the source was changed: %v", err)
	}
}

// The same seed gives the same sample, and an equivalent mutant counts neither
// way.
func TestPass(t *testing.T) {
	dir := module(t)
	var reports []string
	for range 2 {
		found, err := collect(dir, "a", "*", 7)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		known := map[change]string{found[0].change(): "for this test"}
		p := &pass{target: target{dir: "a"}, queue: found, want: 4, known: known, out: &out}
		if err := p.run(t.Context(), &runner{root: dir, timeout: 5 * time.Second}, 1); err != nil {
			t.Fatal(err)
		}
		if s := p.score; s.killed+s.survived+s.equivalent != 4 || s.equivalent == 0 || strings.Count(out.String(), "  - ") != s.survived {
			t.Errorf("%s\n%s", s, out.String())
		}
		reports = append(reports, out.String()+p.score.String())
	}
	if reports[0] != reports[1] {
		t.Errorf("first\n%s\nthen\n%s", reports[0], reports[1])
	}
}

// -run limits the tests, but not those of users that are limited already.
func TestOnly(t *testing.T) {
	whole := target{dir: "a", users: []string{"b", "c -run ^TestC$"}}
	if got := strings.Join(whole.only("TestA").tests(), ", "); got != "a -run TestA, b -run TestA, c -run ^TestC$" {
		t.Error(got)
	}
	if got := strings.Join(whole.only("").tests(), ", "); got != "a, b, c -run ^TestC$" {
		t.Error(got)
	}
}

// -files limits the mistakes to some files of the package.
func TestFiles(t *testing.T) {
	dir := module(t)
	for pattern, some := range map[string]bool{"*": true, "a*": true, "b*": false} {
		if found, err := collect(dir, "a", pattern, 1); err != nil || len(found) > 0 != some {
			t.Errorf("%s: %d mutants, %v", pattern, len(found), err)
		}
	}
	if _, err := collect(dir, "a", "[", 1); err == nil {
		t.Error("a broken pattern was taken")
	}
}

func TestShare(t *testing.T) {
	sum := 0
	for i := range 7 {
		sum += share(300, i, 7)
	}
	if sum != 300 || share(300, 0, 7) != 43 || share(300, 6, 7) != 42 {
		t.Errorf("%d mutants are shared out", sum)
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		s    score
		want float64
	}{{score{}, 100}, {score{killed: 9, survived: 1, equivalent: 5}, 90}, {score{survived: 2}, 0}} {
		if got := c.s.percent(); got != c.want {
			t.Errorf("%v: %v", c.s, got)
		}
	}
}
