package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// runLimit bounds the wait for heald version, which does nothing but print.
const runLimit = 10 * time.Second

// architectures names the machines that images are built for, in Go's words.
var architectures = map[elf.Machine]string{
	elf.EM_X86_64:  "amd64",
	elf.EM_AARCH64: "arm64",
}

// staticPlatform reads from the binary itself what it was built for, and refuses
// one that needs a loader or libraries: an image from scratch has none, and the
// kernel would only say that /heald does not exist.
func staticPlatform(path string) (v1.Platform, error) {
	f, err := elf.Open(path)
	if err != nil {
		return v1.Platform{}, fmt.Errorf("%s is not a Linux binary: build it with GOOS=linux: %w", path, err)
	}
	defer f.Close()
	arch, ok := architectures[f.Machine]
	if !ok {
		return v1.Platform{}, fmt.Errorf("%s is for %v: build it with GOARCH=amd64 or arm64", path, f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return v1.Platform{}, fmt.Errorf("%s is dynamically linked (it names a loader): build it with CGO_ENABLED=0 and without -buildmode=pie", path)
		}
	}
	libraries, err := f.ImportedLibraries()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return v1.Platform{}, fmt.Errorf("read the libraries of %s: %w", path, err)
	}
	if len(libraries) > 0 {
		return v1.Platform{}, fmt.Errorf("%s is dynamically linked (%s): build it with CGO_ENABLED=0", path, strings.Join(libraries, ", "))
	}
	return v1.Platform{OS: "linux", Architecture: arch}, nil
}

// printedVersion runs the binary as the image would: without any environment.
func printedVersion(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s version: %w: %s", binaryPath, err, out)
	}
	name, rest, _ := strings.Cut(string(out), " ")
	version, _, _ := strings.Cut(rest, " ")
	if name != "heald" || strings.TrimSpace(version) == "" {
		return "", fmt.Errorf("%s version printed %q, not \"heald VERSION …\"", binaryPath, out)
	}
	return strings.TrimSpace(version), nil
}
