package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

var (
	pageBlock    = regexp.MustCompile("(?ms)^```yaml ([a-z-]+)\n(.*?)^```$")
	pageVariable = regexp.MustCompile(`\{env: ([A-Z0-9_]+)\}`)
)

// The configurations in ACCOUNTS.md are valid as they are.
func TestAccountsPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(stack.Root(), "ACCOUNTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range pageBlock.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
		t.Run(m[1], func(t *testing.T) {
			validBlock(t, m[2])
		})
	}
	if want := []string{"one-key", "ten-keys", "two-regions", "provisioned", "five-teams", "three-replicas"}; !slices.Equal(names, want) {
		t.Errorf("the page has the blocks %v, want %v", names, want)
	}
	if all := strings.Count(string(text), "```yaml"); all != len(names) {
		t.Errorf("%d YAML blocks, of which %d have a name", all, len(names))
	}
}

func validBlock(t *testing.T, block string) {
	t.Helper()
	for _, v := range pageVariable.FindAllStringSubmatch(block, -1) {
		t.Setenv(v[1], "a-value-of-enough-characters-for-"+v[1])
	}
	block = strings.ReplaceAll(block, "/var/log/heald/", t.TempDir()+"/") // the page says that it must exist
	path := filepath.Join(t.TempDir(), "heald.yaml")
	if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Notes() {
		if n.Path != "tenants" && n.Path != "listen.grpc (--grpc)" { // what is about who may connect
			t.Errorf("a reader would be warned: %v", n)
		}
	}
}
