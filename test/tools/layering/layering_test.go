// Package layering proves that the linter guards the direction of imports. A rule
// of depguard that matches nothing is silent: a renamed folder, or a list that an
// edit has emptied, would not be noticed otherwise.
package layering

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../../.." // of the checkout, seen from here
	module = "github.com/heald-proxy/heald"
)

// Rules of .golangci.yml.
const (
	noEnvoy  = "policies-know-no-envoy"
	contract = "contract-is-standard-library-only"
	extproc  = "extproc-sees-the-contract-only"
	envoy    = "envoy-sees-the-contract-only"
	noCmd    = "only-tests-import-cmd"
	noTest   = "nothing-shipped-imports-test"
)

// attempt is an import and the rule that must refuse it, perhaps beside others;
// without a rule it is allowed.
type attempt struct {
	folder   string // "policies/..." is every package from there on
	test     bool   // in a _test.go file
	imported string // "./x" is a package of this module
	rule     string
}

var attempts = []attempt{
	{"policies/...", false, "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3", noEnvoy},
	{"policies/...", false, "google.golang.org/grpc", noEnvoy},
	{"policies/...", false, "google.golang.org/grpc/codes", noEnvoy},
	{"policies/...", false, "google.golang.org/protobuf/proto", noEnvoy},
	{"policies/...", true, "google.golang.org/protobuf/proto", noEnvoy},
	{"policies/...", false, "./extproc", noEnvoy},
	{"policies/...", false, "./envoy", noEnvoy},
	{"policies/...", false, "./cmd/heald/config", noCmd},
	{"policies/...", true, "./cmd/heald/config", noCmd},
	{"policies/...", false, "./test/fixture", noTest},
	{"policies/...", true, "./test/fixture", ""},
	{"policies/...", true, "github.com/google/go-cmp/cmp", ""},
	{"policies/...", false, "unicode/utf8", ""},
	{"policies/exchange", false, "./policies/gemini", ""},
	{"policies/exchange", false, "github.com/go-json-experiment/json", ""},

	{"policies", false, "go.uber.org/zap", contract},
	{"policies", false, "./policies/conversation", contract},
	{"policies/conversation", false, "github.com/go-json-experiment/json", contract},
	{"policies/conversation", false, "golang.org/x/sync/errgroup", contract},
	{"policies/conversation", false, "./policies/dialect", contract},

	{"extproc/...", false, "./policies", ""},
	{"extproc/...", false, "google.golang.org/grpc", ""},
	{"extproc/...", false, "./policies/conversation", extproc},
	{"extproc/...", false, "./policies/exchange", extproc},
	{"extproc/...", true, "./policies/exchange", extproc},
	{"extproc/...", false, "./envoy", extproc},
	{"extproc/...", false, "./cmd/heald/config", noCmd},
	{"extproc/...", false, "./test/fixture", noTest},

	{"envoy/...", false, "./policies", ""},
	{"envoy/...", false, "google.golang.org/protobuf/proto", ""},
	{"envoy/...", false, "./policies/exchange", envoy},
	{"envoy/...", false, "./extproc", envoy},
	{"envoy/...", false, "./cmd/heald/config", noCmd},
	{"envoy/...", false, "./test/fixture", noTest},

	{"cmd/...", false, "./policies/exchange", ""},
	{"cmd/...", false, "./extproc", ""},
	{"cmd/...", false, "./envoy", ""},
	{"cmd/...", false, "./test/fixture", noTest},

	{"test/fixture", false, "./policies/exchange", ""},
	{"test/fixture", false, "./extproc", ""},
	{"test/fixture", false, "./cmd/heald/config", ""},
	{"test/fixture", false, "google.golang.org/grpc", ""},
}

func TestImportsPointOneWay(t *testing.T) {
	linter := findLinter(t)
	dir := t.TempDir()
	folders := copyFolders(t, dir)
	want := map[string]string{}
	for n, a := range attempts {
		matched := false
		for _, folder := range folders {
			if !within(folder, a.folder) {
				continue
			}
			matched = true
			name := writeAttempt(t, dir, folder, n, a)
			want[name] = a.rule
		}
		if !matched {
			t.Errorf("attempt %d: there is no package in %s: has it moved? Adapt .golangci.yml and this table", n, a.folder)
		}
		if p, ok := strings.CutPrefix(a.imported, "./"); ok && !slices.Contains(folders, p) {
			t.Errorf("attempt %d: there is no package %s: has it moved? Adapt .golangci.yml and this table", n, p)
		}
	}
	got := lint(t, linter, dir)
	for name, rule := range want {
		if rule == "" && len(got[name]) > 0 || rule != "" && !slices.Contains(got[name], rule) {
			t.Errorf("%s: refused by %q, want %q\n%s", name, got[name], rule, read(t, filepath.Join(dir, name)))
		}
	}
}

// findLinter is $GOLANGCI_LINT, which check-layering.sh sets, or else what the
// Makefile has installed.
func findLinter(t *testing.T) string {
	t.Helper()
	linter := os.Getenv("GOLANGCI_LINT")
	if linter == "" {
		installed, err := filepath.Glob(filepath.Join(root, ".tools/golangci-lint-*"))
		if err != nil || len(installed) == 0 {
			t.Fatal("no linter is installed: run make lint, or name one in GOLANGCI_LINT")
		}
		linter = slices.Max(installed)
	}
	linter, err := filepath.Abs(linter)
	if err != nil {
		t.Fatal(err)
	}
	return linter
}

// copyFolders makes two modules in dir that have the checkout's folders, but in
// each package only a package clause: so nothing depends on whether the code
// compiles today. The outer one has the checkout's rules and makes the attempts;
// the inner one is what they import. Two, because attempts against the direction
// would otherwise be import cycles, which end the linter's run.
func copyFolders(t *testing.T, dir string) []string {
	t.Helper()
	target := filepath.Join(dir, "target")
	write(t, filepath.Join(target, "go.mod"), "module "+module+"\n")
	mod := strings.Replace(read(t, filepath.Join(root, "go.mod")), "module "+module, "module layering.test", 1)
	write(t, filepath.Join(dir, "go.mod"), mod+"\nrequire "+module+" v0.0.0\n\nreplace "+module+" => ./target\n")
	for _, name := range []string{"go.sum", ".golangci.yml"} {
		write(t, filepath.Join(dir, name), read(t, filepath.Join(root, name)))
	}
	folders := packages(t)
	for _, folder := range folders {
		clause := "package " + path.Base(folder) + "\n"
		write(t, filepath.Join(dir, folder, "package.go"), clause)
		write(t, filepath.Join(target, folder, "package.go"), clause)
	}
	return folders
}

// packages lists the checkout's folders that hold Go files.
func packages(t *testing.T) []string {
	t.Helper()
	var folders []string
	for _, top := range []string{"cmd", "envoy", "extproc", "policies", "test/fixture"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case path.Ext(file) != ".go":
				return nil
			}
			folder, err := filepath.Rel(root, filepath.Dir(file))
			if !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return folders
}

// within says whether a folder is meant by a pattern as in go list.
func within(folder, pattern string) bool {
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return folder == parent || strings.HasPrefix(folder, parent+"/")
	}
	return folder == pattern
}

// writeAttempt writes a file that only imports, and returns its name below dir.
func writeAttempt(t *testing.T, dir, folder string, n int, a attempt) string {
	t.Helper()
	suffix := ".go"
	if a.test {
		suffix = "_test.go"
	}
	imported := a.imported
	if p, ok := strings.CutPrefix(imported, "./"); ok {
		imported = module + "/" + p
	}
	name := filepath.Join(folder, fmt.Sprintf("attempt%d%s", n, suffix))
	write(t, filepath.Join(dir, name), fmt.Sprintf("package %s\n\nimport _ %q\n", path.Base(folder), imported))
	return name
}

// lint returns by file the rules that refuse it, and fails if one of them does so
// without saying why.
func lint(t *testing.T, linter, dir string) map[string][]string {
	t.Helper()
	cmd := exec.Command(linter, "run", "--output.json.path=stdout", "--show-stats=false", "--uniq-by-line=false", "./...")
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var report struct {
		Issues []struct {
			FromLinter, Text string
			Pos              struct{ Filename string }
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("read the linter's report: %v\n%s%s", err, out, stderr.String())
	}
	refused := map[string][]string{}
	for _, i := range report.Issues {
		switch i.FromLinter {
		case "typecheck": // the package was not looked at
			t.Errorf("%s: %s", i.Pos.Filename, i.Text)
			continue
		case "depguard":
		default: // the other linters have much to say against such files
			continue
		}
		_, list, _ := strings.Cut(i.Text, "from list '")
		rule, reason, _ := strings.Cut(list, "'")
		if len(reason) < len(": a reason of some length") {
			t.Errorf("%s: %s: the rule gives no reason: write one in desc", i.Pos.Filename, i.Text)
		}
		refused[i.Pos.Filename] = append(refused[i.Pos.Filename], rule)
	}
	return refused
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
