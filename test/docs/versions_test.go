package docs

import (
	"regexp"
	"strings"
	"testing"
)

var (
	clientRow = regexp.MustCompile(`(?m)^\| (.*) \| (.*) \| (.*) \| (run|their documentation; not run) \|$`)
	pinned    = regexp.MustCompile(`(?m)^(ENVOY_VERSION|ENVOY_VERSION_OLD|REDIS_VERSION|PROMETHEUS_VERSION)\s*:= (\S+)$`)
	goVersion = regexp.MustCompile(`(?m)^go (\d+\.\d+)`)
)

// The table of versions says what the tests run: the clients of CLIENTS.md, whose
// versions a test there compares with those installed, and what make installs.
func TestVersions(t *testing.T) {
	faq := read(t, "FAQ.md")
	versions := map[string]string{}
	for _, m := range pinned.FindAllStringSubmatch(read(t, "test/tools/versions.mk"), -1) {
		versions[m[1]] = m[2]
	}
	if len(versions) != 4 {
		t.Fatalf("versions.mk pins %v", versions)
	}
	rows := clientRow.FindAllStringSubmatch(read(t, "CLIENTS.md"), -1)
	if len(rows) < 10 {
		t.Errorf("%d clients: the test does not find them", len(rows))
	}
	for _, m := range rows {
		envoy := ""
		if m[4] == "run" {
			envoy = versions["ENVOY_VERSION"]
		}
		want := "| " + strings.Join([]string{strings.ReplaceAll(m[1], "](#", "](CLIENTS.md#"), m[2], m[3], envoy, m[4]}, " | ") + " |\n"
		if !strings.Contains(faq, want) {
			t.Errorf("FAQ.md lacks the row\n%s", want)
		}
	}
	for _, want := range []string{
		"| this one | " + versions["ENVOY_VERSION"] + " and " + versions["ENVOY_VERSION_OLD"] + ": ",
		"| " + goVersion.FindStringSubmatch(read(t, "go.mod"))[1] + " |",
		"| Redis | " + release(versions["REDIS_VERSION"]) + " |",
		"| Prometheus | " + release(versions["PROMETHEUS_VERSION"]) + " |",
	} {
		if !strings.Contains(faq, want) {
			t.Errorf("FAQ.md lacks %q", want)
		}
	}
}

// release is the first two numbers of a version.
func release(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
