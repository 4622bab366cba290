package config

import (
	"os"
	"path/filepath"
	"reflect"
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

// notYet are the settings of a block that not every build has. Without them the
// block is skipped; with them it must be valid.
var notYet = map[string][]string{
	"ten-keys":       {"accounts[].project", "accounts[].billing", "accounts[].slots", "accounts[].limits", "accounts[].disabled"},
	"two-regions":    {"accounts[].project", "accounts[].credential", "backends[].priority"},
	"five-teams":     {"accounts[].project", "accounts[].slots", "tenants", "record", "prices"},
	"three-replicas": {"accounts[].project", "accounts[].slots", "accounts[].limits", "state"},
}

// What ACCOUNTS.md tells readers to write is taken as it stands there.
func TestAccountsPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(stack.Root(), "ACCOUNTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range pageBlock.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
		t.Run(m[1], func(t *testing.T) {
			for _, key := range notYet[m[1]] {
				if !hasSetting(key) {
					t.Skipf("this build has no %s", key)
				}
			}
			validBlock(t, m[2])
		})
	}
	if want := []string{"one-key", "ten-keys", "two-regions", "five-teams", "three-replicas"}; !slices.Equal(names, want) {
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

// hasSetting reports whether heald.yaml has a setting, as in accounts[].id.
func hasSetting(path string) bool {
	t := reflect.TypeFor[Config]()
	for key := range strings.SplitSeq(path, ".") {
		f, ok := fieldOf(t, strings.TrimSuffix(key, "[]"))
		if !ok {
			return false
		}
		if t = f.Type; strings.HasSuffix(key, "[]") {
			t = t.Elem()
		}
	}
	return true
}
