package main

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	version    = "v1.2.3"
	dockerfile = "../../../Dockerfile"
)

// static and dynamic are binaries of the stand-in for heald, built once.
var static, dynamic string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "image-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		static, dynamic = filepath.Join(dir, "static"), filepath.Join(dir, "dynamic")
		// A PIE names a loader, also without cgo.
		for path, mode := range map[string]string{static: "exe", dynamic: "pie"} {
			cmd := exec.Command("go", "build", "-buildmode="+mode, "-ldflags=-s -w -X main.version="+version, "-o", path, "./testdata/heald")
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "build the stand-in: %v\n%s", err, out)
				return 1
			}
		}
		return m.Run()
	}())
}

// certificate is a PEM block of the right type; nothing here looks inside.
const certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func build(t *testing.T) (dir string, digest v1.Hash) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "image")
	digest, err := buildLayout(dir, static, write(t, "ca.pem", certificate), version)
	if err != nil {
		t.Fatal(err)
	}
	return dir, digest
}

// wantError fails unless err says want; want "" is no error at all.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("got no error, want %q", want)
	case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
		t.Errorf("got error %q, want %q", err, want)
	}
}

func TestImageAndDockerfileAgree(t *testing.T) {
	dir, _ := build(t)
	wantError(t, checkLayout(dir, dockerfile, version), "")
}

// The pinned Go of the Dockerfile is that of the Makefile.
func TestGoVersion(t *testing.T) {
	pins := read(t, "../versions.mk")
	for line := range strings.Lines(read(t, dockerfile)) {
		if v, ok := strings.CutPrefix(line, "ARG GO_VERSION="); ok {
			if !strings.Contains(pins, "\nGO_VERSION := "+v) {
				t.Errorf("the Dockerfile has Go %s, versions.mk another one", strings.TrimSpace(v))
			}
			return
		}
	}
	t.Error("the Dockerfile has no ARG GO_VERSION")
}

func TestBuildIsReproducible(t *testing.T) {
	_, one := build(t)
	_, two := build(t)
	if one != two {
		t.Errorf("the same input gave %v and %v", one, two)
	}
}

func TestBuildRefuses(t *testing.T) {
	ca := write(t, "ca.pem", certificate)
	for _, c := range []struct{ name, binary, certificates, want string }{
		{"no binary", "/does/not/exist", ca, "not a Linux binary"},
		{"script", write(t, "heald", "#!/bin/sh\n"), ca, "not a Linux binary"},
		{"dynamic", dynamic, ca, "CGO_ENABLED=0"},
		{"no certificates", static, "/does/not/exist", "install the package ca-certificates"},
		{"not certificates", static, write(t, "ca.pem", "hello\n"), "holds no PEM certificate"},
		{"a key", static, write(t, "ca.pem", strings.ReplaceAll(certificate, "CERTIFICATE", "PRIVATE KEY")), "holds no PEM certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "image")
			_, err := buildLayout(dir, c.binary, c.certificates, version)
			wantError(t, err, c.want)
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("a refused build left something behind: %v", err)
			}
		})
	}
}

func TestBuildReplacesOnlyLayouts(t *testing.T) {
	ca := write(t, "ca.pem", certificate)
	dir, _ := build(t)
	stray := filepath.Join(dir, "blobs", "stray")
	if err := os.WriteFile(stray, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := buildLayout(dir, static, ca, version); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stray); !os.IsNotExist(err) {
		t.Errorf("the old layout is still there: %v", err)
	}
	_, err := buildLayout(filepath.Dir(ca), static, ca, version)
	wantError(t, err, "no OCI layout")
	if read(t, ca) != certificate {
		t.Error("a folder that is no layout was changed")
	}
}

func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	ca := write(t, "ca.pem", certificate)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "-out is missing"},
		{"no work", []string{"-out", dir}, "nothing to do"},
		{"argument", []string{"-out", dir, "heald"}, "unexpected argument"},
		{"check before build", []string{"-check", "-out", dir, "-dockerfile", dockerfile}, "build it with -binary"},
		{"both", []string{"-binary", static, "-check", "-out", dir, "-version", version, "-certificates", ca, "-dockerfile", dockerfile}, ""},
		{"check", []string{"-check", "-out", dir, "-version", version, "-dockerfile", dockerfile}, ""},
		{"other version", []string{"-check", "-out", dir, "-version", "v2", "-dockerfile", dockerfile}, "/heald is version v1.2.3, not v2"},
		{"no Dockerfile", []string{"-check", "-out", dir, "-dockerfile", "/does/not/exist"}, "name it with -dockerfile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			wantError(t, run(c.args, &out), c.want)
		})
	}
}

// The platform comes from the binary, not from the machine that builds.
func TestPlatform(t *testing.T) {
	const offset = 18 // of e_machine in the ELF header
	for _, c := range []struct {
		machine elf.Machine
		want    string
		fault   string
	}{
		{elf.EM_X86_64, "linux/amd64", ""},
		{elf.EM_AARCH64, "linux/arm64", ""},
		{elf.EM_RISCV, "", "GOARCH=amd64 or arm64"},
	} {
		program := []byte(read(t, static))
		binary.LittleEndian.PutUint16(program[offset:], uint16(c.machine))
		got, err := staticPlatform(write(t, "heald", string(program)))
		wantError(t, err, c.fault)
		if c.fault == "" && got.String() != c.want {
			t.Errorf("%v: got %v, want %v", c.machine, got, c.want)
		}
	}
}
