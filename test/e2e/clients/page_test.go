package clients

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

// The clients are configured with the blocks of CLIENTS.md, as a reader pastes
// them: ```json gemini-cli is a file, ```sh gemini-cli the shell.

// pageURL is what the page's blocks have for heald's address.
const pageURL = "http://127.0.0.1:10000"

var (
	block  = regexp.MustCompile("(?ms)^ *```([a-z]+ [a-z-]+)\n(.*?)^ *```$")
	export = regexp.MustCompile(`(?m)^export (\w+=\S+)$`)
)

// page returns a block of CLIENTS.md with heald's address in it; label is what
// stands behind its opening fence.
func page(t *testing.T, label, url string) string {
	t.Helper()
	found := ""
	for _, m := range block.FindAllStringSubmatch(readFile(t, "CLIENTS.md"), -1) {
		if m[1] != label {
			continue
		}
		if found != "" {
			t.Fatalf("CLIENTS.md has two blocks %q", label)
		}
		found = m[2]
	}
	if found == "" {
		t.Fatalf("CLIENTS.md has no block %q", label)
	}
	return strings.ReplaceAll(found, pageURL, url)
}

// Every block with a name is one that a test pastes, and what the page calls run
// has the version that is installed.
func TestPage(t *testing.T) {
	text := readFile(t, "CLIENTS.md")
	sources, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, name := range sources {
		tests.WriteString(readFile(t, filepath.Join("test/e2e/clients", name)))
	}
	blocks := block.FindAllStringSubmatch(text, -1)
	if len(blocks) < 10 {
		t.Errorf("only %d blocks have a name", len(blocks))
	}
	for _, m := range blocks {
		if _, name, _ := strings.Cut(m[1], " "); !strings.Contains(tests.String(), `"`+name+`"`) && !strings.Contains(tests.String(), `"`+m[1]+`"`) {
			t.Errorf("no test pastes the block %q", m[1])
		}
	}
	lock := readFile(t, "test/e2e/clients/package.json") + readFile(t, "test/e2e/clients/python/requirements.txt")
	rows := run.FindAllStringSubmatch(text, -1)
	if len(rows) != len(clients) {
		t.Errorf("the table has %d clients that are run, the tests run %d", len(rows), len(clients))
	}
	for _, m := range rows {
		if !strings.Contains(lock, `": "`+m[2]+`"`) && !strings.Contains(lock, "=="+m[2]+"\n") {
			t.Errorf("%s: the version %s is not the one installed", m[1], m[2])
		}
	}
}

// run is a row of the table of clients that are run, with its version.
var run = regexp.MustCompile(`(?m)^\| (.*) \| .* \| ([0-9.]+) \| run \|$`)

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(stack.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// exports are the variables that a shell block sets.
func exports(t *testing.T, label, url string) (env []string) {
	t.Helper()
	for _, m := range export.FindAllStringSubmatch(page(t, "sh "+label, url), -1) {
		env = append(env, m[1])
	}
	if len(env) == 0 {
		t.Fatalf("the block sh %s sets nothing", label)
	}
	return env
}

// command are the words of a shell block's last line, after the program.
func command(t *testing.T, label, url string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(page(t, "sh "+label, url)), "\n")
	return strings.Fields(lines[len(lines)-1])[1:]
}

// jsonWith is a JSON block with more members, which keep a client from asking
// its maker for news.
func jsonWith(t *testing.T, label, url string, more map[string]any) string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(page(t, "json "+label, url)), &doc); err != nil {
		t.Fatalf("the block json %s: %v", label, err)
	}
	merge(doc, more)
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func merge(into, more map[string]any) {
	for name, value := range more {
		old, isObject := into[name].(map[string]any)
		if add, ok := value.(map[string]any); ok && isObject {
			merge(old, add)
			continue
		}
		into[name] = value
	}
}
