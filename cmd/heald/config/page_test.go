package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fixture"
	"github.com/heald-proxy/heald/test/stack"
)

var (
	// keyBlock is where CONFIGURATION.md has the table of a key, or of several.
	keyBlock = regexp.MustCompile(`(?s)(<!-- keys: ([a-z_, ]+) -->\n).*?(<!-- end of keys -->)`)
	yamlText = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")
)

const configurationPage = "CONFIGURATION.md"

// TestConfigurationPage writes the tables of CONFIGURATION.md from the types that
// heald.yaml is read into and from their comments:
//
//	go test ./cmd/heald/config -run TestConfigurationPage -update
func TestConfigurationPage(t *testing.T) {
	path := filepath.Join(stack.Root(), configurationPage)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	got := keyBlock.ReplaceAllStringFunc(string(page), func(block string) string {
		m := keyBlock.FindStringSubmatch(block)
		keys := strings.Split(m[2], ", ")
		shown = append(shown, keys...)
		return m[1] + keyTable(t, keys) + m[3]
	})
	for _, key := range keysOf(reflect.TypeFor[Config]()) {
		if n := len(slices.DeleteFunc(slices.Clone(shown), func(s string) bool { return s != key })); n != 1 {
			t.Errorf("%s has %d tables for %s, want one: <!-- keys: %s -->, a line <!-- end of keys -->, and -update", configurationPage, n, key, key)
		}
	}
	fixture.Diff(t, path, page, []byte(got))
}

// The configurations on the page are valid as they are.
func TestConfigurationPageExamples(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(stack.Root(), configurationPage))
	if err != nil {
		t.Fatal(err)
	}
	examples := yamlText.FindAllStringSubmatch(string(page), -1)
	if len(examples) < 5 {
		t.Errorf("%d examples: the test does not find them", len(examples))
	}
	for _, m := range examples {
		if _, err := Parse([]byte(m[1])); err != nil {
			t.Errorf("%v\n%s", err, m[1])
		}
	}
}
