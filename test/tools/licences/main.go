package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// allowed are the licences of modules that may be linked into heald, by SPDX
// identifier. BSD-Source-Code is what the detection makes of the text that Go's
// own modules carry, which is BSD-3-Clause.
var allowed = []string{"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "BSD-Source-Code", "ISC"}

// byHand are the licences of modules whose LICENSE the detection takes for another,
// since more than one such file lies beside it.
var byHand = map[string][]string{
	"modernc.org/libc":   {"BSD-3-Clause", "MIT"}, // MIT: the parts that come from musl
	"modernc.org/sqlite": {"BSD-3-Clause"},        // detected: Apache-2.0, which is that of an extension
}

// sbom is the part of a CycloneDX document that is read.
type sbom struct {
	Components []struct {
		Name     string `json:"name"`
		Version  string `json:"version"`
		Evidence struct {
			Licenses []licence `json:"licenses"`
		} `json:"evidence"`
		Licenses []licence `json:"licenses"`
	} `json:"components"`
}

type licence struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

// module is one line of NOTICE.
type module struct{ name, licence string }

func main() {
	file := flag.String("sbom", "", "the bill of materials in `FILE`, CycloneDX as JSON")
	notice := flag.String("notice", "", "NOTICE is in `FILE`")
	update := flag.Bool("update", false, "write the list in NOTICE anew")
	version := flag.String("version", "", "heald's `VERSION`, for the closing line")
	flag.Parse()
	n, err := run(*file, *notice, *update)
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
	fmt.Printf("heald %s: %d modules, every licence may be linked and is named in NOTICE; %s has the list\n", *version, n, *file)
}

func run(file, notice string, update bool) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	modules, err := read(data)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	text, err := os.ReadFile(notice)
	if err != nil {
		return 0, err
	}
	if update {
		return len(modules), os.WriteFile(notice, []byte(withList(string(text), modules)), 0o644)
	}
	return len(modules), compare(string(text), modules)
}

// read lists the modules of a bill of materials, and refuses what may not be
// linked.
func read(data []byte) ([]module, error) {
	var doc sbom
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("read the bill of materials: %w", err)
	}
	if len(doc.Components) == 0 {
		return nil, errors.New("the bill of materials lists no module; run make supply")
	}
	var out []module
	var errs []error
	for _, c := range doc.Components {
		var ids []string
		for _, l := range append(c.Evidence.Licenses, c.Licenses...) {
			if l.License.ID != "" && !slices.Contains(ids, l.License.ID) {
				ids = append(ids, l.License.ID)
			}
		}
		if read, ok := byHand[c.Name]; ok {
			ids = read
		}
		if len(ids) == 0 {
			errs = append(errs, fmt.Errorf("%s %s: no licence was found; read its LICENSE before it is linked", c.Name, c.Version))
		}
		for _, id := range ids {
			if !slices.Contains(allowed, id) {
				errs = append(errs, fmt.Errorf("%s %s: %s may not be linked into heald; use another module", c.Name, c.Version, id))
			}
		}
		out = append(out, module{c.Name, strings.ReplaceAll(strings.Join(ids, " and "), "BSD-Source-Code", "BSD-3-Clause")})
	}
	return out, errors.Join(errs...)
}

// marks enclose the list in NOTICE.
const begin, end = "Modules linked into the binary:\n", "\nEnd of list.\n"

// withList puts the list of modules into the text of NOTICE.
func withList(text string, modules []module) string {
	head, _, _ := strings.Cut(text, begin)
	var b strings.Builder
	b.WriteString(head + begin + "\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "  %s (%s)\n", m.name, m.licence)
	}
	b.WriteString(end)
	return b.String()
}

// compare names every difference between NOTICE and the modules.
func compare(text string, modules []module) error {
	_, list, ok := strings.Cut(text, begin)
	list, _, closed := strings.Cut(list, end)
	if !ok || !closed {
		return fmt.Errorf("NOTICE has no list of modules between %q and %q", begin, end)
	}
	var lines []string
	for line := range strings.SplitSeq(list, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	var errs []error
	for _, m := range modules {
		want := fmt.Sprintf("%s (%s)", m.name, m.licence)
		if n := len(lines); n == len(slices.DeleteFunc(lines, func(l string) bool { return l == want })) {
			errs = append(errs, fmt.Errorf("NOTICE lacks %q; go run ./licences -update writes it", want))
		} else {
			lines = lines[:n-1]
		}
	}
	for _, line := range lines {
		errs = append(errs, fmt.Errorf("NOTICE names %q, which is not linked any more", line))
	}
	return errors.Join(errs...)
}
