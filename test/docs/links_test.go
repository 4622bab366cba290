package docs

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
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	anchor  = regexp.MustCompile(`<a id="([^"]+)">`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// pages are the Markdown files beside README.
func pages(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(stack.Root(), "*.md"))
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d pages, %v", len(paths), err)
	}
	for i, p := range paths {
		paths[i] = filepath.Base(p)
	}
	return paths
}

// anchors are what links into a page may name: its headings, as GitHub makes
// anchors of them, and what it marks itself.
func anchors(text string) (out []string) {
	text = fence.ReplaceAllString(text, "")
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(strings.ToLower(notSlug.ReplaceAllString(m[1], "")), " ", "-"))
	}
	for _, m := range anchor.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func TestLinks(t *testing.T) {
	n := 0
	for _, page := range pages(t) {
		text := read(t, page)
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, part, _ := strings.Cut(m[1], "#")
			if strings.Contains(m[1], "://") {
				continue
			}
			n++
			if target == "" {
				target = page
			}
			if _, err := os.Stat(filepath.Join(stack.Root(), target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, target)
				continue
			}
			if part != "" && strings.HasSuffix(target, ".md") && !slices.Contains(anchors(read(t, target)), part) {
				t.Errorf("%s links to %s, and nothing there is called %q", page, target, part)
			}
		}
	}
	if n < 100 {
		t.Errorf("%d links: the test does not find them", n)
	}
}

// A page has no two places of one name: links would lead to the first.
func TestAnchorsAreUnique(t *testing.T) {
	for _, page := range pages(t) {
		if page == "CHANGELOG.md" {
			continue // it repeats its headings
		}
		all := anchors(read(t, page))
		slices.Sort(all)
		for i := 1; i < len(all); i++ {
			if all[i] == all[i-1] {
				t.Errorf("%s has two places called %q", page, all[i])
			}
		}
	}
}

var pageName = regexp.MustCompile(`\b([A-Z]+\.md)#([a-z0-9-]+)`)

// Code, configuration and dashboards name places of the pages.
func TestLinksOfTheCode(t *testing.T) {
	all := map[string][]string{}
	for _, page := range pages(t) {
		all[page] = anchors(read(t, page))
	}
	n := 0
	err := filepath.WalkDir(stack.Root(), func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name := d.Name(); path != stack.Root() && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "out") {
				return filepath.SkipDir
			}
			return nil
		case !slices.Contains([]string{".go", ".yaml", ".json", ".js", ".html"}, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range pageName.FindAllStringSubmatch(string(text), -1) {
			n++
			if !slices.Contains(all[m[1]], m[2]) {
				t.Errorf("%s names %s, which does not exist", path, m[0])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 20 {
		t.Errorf("%d links: the test does not find them", n)
	}
}
