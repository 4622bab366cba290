package locate

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Versions are the Envoy releases that heald is tested with, newest first.
var Versions = []string{"1.40.0", "1.39.3"}

// Find returns the path of an Envoy binary. version is one like "1.40.0", or
// "" for any, in which case the newest of Versions is preferred. named are
// paths given by the user (a flag); the first that is not empty wins.
//
// Looked at in this order: named, HEALD_ENVOY_1_40_0 (only with a version),
// HEALD_ENVOY, only without a version envoy beside the program's own binary,
// .tools/envoy-<version>/bin/envoy in the current directory and every one above
// it, the same above the program's own binary, and, only without a version, envoy
// on the PATH, whose version is not known.
func Find(version string, named ...string) (string, error) {
	for _, path := range named {
		if path != "" {
			return executable(path, "the path given")
		}
	}
	for _, name := range variables(version) {
		if path := os.Getenv(name); path != "" {
			return executable(path, name)
		}
	}
	wanted := Versions
	own := ownFolder()
	if version != "" {
		wanted = []string{version}
	} else if path, err := executable(filepath.Join(own, "envoy"), ""); own != "" && err == nil {
		return path, nil
	}
	here, _ := os.Getwd()
	for _, folder := range []string{here, own} {
		for _, v := range wanted {
			if path, ok := tools(folder, v); ok {
				return binary(path), nil
			}
		}
	}
	if version == "" {
		if path, err := exec.LookPath("envoy"); err == nil {
			return binary(path), nil
		}
		version = "(any version)"
	}
	return "", fmt.Errorf("no Envoy %s found: run `make envoy`, put envoy beside this binary, pass --envoy, or set HEALD_ENVOY to the binary's path", version)
}

// variables lists the environment variables that may name the binary. A
// variable's name cannot have dots.
func variables(version string) []string {
	if version == "" {
		return []string{"HEALD_ENVOY"}
	}
	return []string{"HEALD_ENVOY_" + strings.ReplaceAll(version, ".", "_"), "HEALD_ENVOY"}
}

// ownPath is where the running program is; tests replace it.
var ownPath = os.Executable

// ownFolder is where the program's own binary is, through links: a link on the
// PATH leads to where it was installed with its Envoy. "" if that is not known.
func ownFolder() string {
	path, err := ownPath()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return ""
	}
	return filepath.Dir(path)
}

// tools looks for what `make envoy` installs, from a folder up, so that tests
// find it from any package.
func tools(dir, version string) (string, bool) {
	if dir == "" {
		return "", false
	}
	for {
		path := filepath.Join(dir, ".tools", "envoy-"+version, "bin", "envoy")
		if _, err := executable(path, ""); err == nil {
			return path, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func executable(path, from string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", from, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s names no Envoy binary: %w", from, err)
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("%s names no Envoy binary: %s is not executable", from, path)
	}
	return binary(path), nil
}

// binary returns the real binary behind the start script of a Python package,
// which saves an interpreter's start; path itself if it is no such script.
func binary(path string) string {
	if !script(path) {
		return path
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return path
	}
	pattern := filepath.Join(filepath.Dir(filepath.Dir(real)), "lib", "python*", "site-packages", "envoy", "_bin", "envoy")
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		return path
	}
	return found[0]
}

func script(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read from
	start := make([]byte, 2)
	_, err = io.ReadFull(f, start)
	return err == nil && bytes.Equal(start, []byte("#!"))
}
