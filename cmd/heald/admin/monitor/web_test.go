package monitor

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// vendored are the files that others wrote: uPlot 1.6.32 from npm, MIT license,
// https://github.com/leeoniya/uPlot, as they are in the package's dist folder.
// To take a newer one, copy them, read what changed, and write its hashes here.
var vendored = map[string]string{
	"vendor/uplot/LICENSE.txt":   "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
	"vendor/uplot/uPlot.esm.js":  "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
	"vendor/uplot/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}

// names are all files that are served.
func names(t *testing.T) (out []string) {
	t.Helper()
	err := fs.WalkDir(embedded, "web", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, strings.TrimPrefix(name, "web/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestVendored(t *testing.T) {
	seen := 0
	for _, name := range names(t) {
		if !strings.HasPrefix(name, "vendor/") {
			continue
		}
		seen++
		text, err := embedded.ReadFile("web/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if got := hex.EncodeToString(sum[:]); got != vendored[name] {
			t.Errorf("%s has the hash %s, want %q", name, got, vendored[name])
		}
	}
	if seen != len(vendored) {
		t.Errorf("%d vendored files, want %d", seen, len(vendored))
	}
}

// Our files hold nothing that the policy would refuse, and name no other place
// but where a person may go.
func TestOurFiles(t *testing.T) {
	page, err := embedded.ReadFile("web/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`<script(?:[^>]*)>[^<]|<style|\s(?:style|on[a-z]+)=`).FindAllString(string(page), -1) {
		t.Errorf("index.html has %q", m)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"#][^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		if _, err := embedded.ReadFile("web/" + strings.TrimPrefix(m[1], "/monitor/")); err != nil {
			t.Errorf("index.html names %s: %v", m[1], err)
		}
	}
	for _, name := range names(t) {
		if strings.HasPrefix(name, "vendor/") || !strings.HasSuffix(name, ".js") {
			continue
		}
		text, err := embedded.ReadFile("web/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(['"]style`).FindAllString(string(text), -1) {
			t.Errorf("%s uses %s", name, m)
		}
		for _, m := range regexp.MustCompile(`from '([^']+)'`).FindAllStringSubmatch(string(text), -1) {
			if _, err := embedded.ReadFile("web/" + strings.TrimPrefix(m[1], "./")); err != nil {
				t.Errorf("%s imports %s: %v", name, m[1], err)
			}
		}
		if n := strings.Count(string(text), "\n"); n > 320 {
			t.Errorf("%s has %d lines; split it", name, n)
		}
	}
}
