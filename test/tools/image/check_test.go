package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// TestMutatedDockerfile changes one thing in the true Dockerfile at a time.
func TestMutatedDockerfile(t *testing.T) {
	dir, _ := build(t)
	built := readStage(t, dir)
	src := read(t, dockerfile)
	for _, c := range []struct{ name, old, new, want string }{
		{"root", "USER 65532:65532", "USER 0:0", `USER: the Dockerfile says "0:0", the image "65532:65532"`},
		{"no user", "USER 65532:65532\n", "", `USER: the Dockerfile says "", the image "65532:65532"`},
		{"entry point", `ENTRYPOINT ["/heald"]`, `ENTRYPOINT ["/bin/heald"]`, `ENTRYPOINT: the Dockerfile says ["/bin/heald"], the image ["/heald"]`},
		{"entry point by shell", `ENTRYPOINT ["/heald"]`, `ENTRYPOINT /heald`, "has no shell"},
		{"command", `CMD ["serve"]`, `CMD ["serve", "--grpc", "0.0.0.0:9000"]`, "CMD: the Dockerfile says"},
		{"command by shell", `CMD ["serve"]`, `CMD serve`, "has no shell"},
		{"port", "USER 65532:65532", "USER 65532:65532\nEXPOSE 9000", `EXPOSE: the Dockerfile says ["9000/tcp"], the image nothing`},
		{"label", `image.licenses="Apache-2.0"`, `image.licenses="MIT"`, `LABEL org.opencontainers.image.licenses: the Dockerfile says ["MIT"], the image ["Apache-2.0"]`},
		{"label gone", `org.opencontainers.image.title="heald"`, `x="heald"`, `LABEL org.opencontainers.image.title: the Dockerfile says nothing`},
		{"label new", `org.opencontainers.image.title="heald"`, `x="" org.opencontainers.image.title="heald"`, `LABEL x: the Dockerfile says [""], the image nothing`},
		{"version fixed", `image.version="${VERSION}"`, `image.version="v1"`, `LABEL org.opencontainers.image.version: the Dockerfile says ["v1"]`},
		{"version not declared", "FROM scratch\nARG VERSION=dev", "FROM scratch", "not a build argument"},
		{"health check", `CMD ["/heald", "health"]`, `CMD ["/heald", "version"]`, "HEALTHCHECK: the Dockerfile says"},
		{"health check gone", `HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["/heald", "health"]`, "", "HEALTHCHECK: the Dockerfile says nothing"},
		{"health check off", `HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["/heald", "health"]`, "HEALTHCHECK NONE", "HEALTHCHECK: write CMD"},
		{"health check slower", "--interval=10s", "--interval=60s", "every 1m0s"},
		{"health check option", "--interval=10s", "--start-interval=10s", "not compared with the image"},
		{"file gone", "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\n", "", "COPY: the Dockerfile says"},
		{"file elsewhere", "/out/heald /heald", "/out/heald /usr/bin/heald", "COPY: the Dockerfile says"},
		{"folder", "/out/heald /heald", "/out/heald /", "copy one file"},
		{"base", "FROM scratch", "FROM alpine:3.22.1", `FROM: the Dockerfile says "alpine:3.22.1", the image "scratch"`},
		{"compiler not pinned", "golang:${GO_VERSION}", "golang:1.26", "golang:1.26 is not pinned"},
		{"compiler latest", "golang:${GO_VERSION}", "golang", "golang is not pinned"},
		{"unknown instruction", "USER 65532:65532", "USER 65532:65532\nVOLUME /data", "VOLUME: is not compared with the image"},
		{"environment", "USER 65532:65532", "USER 65532:65532\nENV A=b", "ENV: is not compared with the image"},
		{"another stage after it", "FROM scratch\n", "FROM scratch AS first\n", ""},
		{"comments and spelling", "USER 65532:65532", "# USER 0:0\nuser \\\n# between\n  65532:65532", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(src, c.old) {
				t.Fatalf("the Dockerfile no longer holds %q: adapt this row", c.old)
			}
			mutated, err := finalStage(strings.Replace(src, c.old, c.new, 1), map[string]string{"VERSION": version})
			if err == nil {
				err = differences(mutated, built)
			}
			wantError(t, err, c.want)
		})
	}
}

// readStage reads what an image says, once for many comparisons.
func readStage(t *testing.T, dir string) *stage {
	t.Helper()
	img, err := readLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := unpack(img, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return &stage{base: "scratch", files: files, config: file.Config}
}

// Every difference is told at once.
func TestAllDifferencesAreTold(t *testing.T) {
	dir, _ := build(t)
	src := strings.NewReplacer("USER 65532:65532", "USER 1:1\nEXPOSE 1").Replace(read(t, dockerfile))
	err := checkLayout(dir, write(t, "Dockerfile", src), version)
	wantError(t, err, "USER:")
	wantError(t, err, "EXPOSE:")
}

// TestWrongImage changes the image, and leaves the Dockerfile.
func TestWrongImage(t *testing.T) {
	host := v1.Platform{OS: "linux", Architecture: runtime.GOARCH}
	foreign := v1.Platform{OS: "linux", Architecture: "riscv64"}
	program := []byte(read(t, static))
	want, err := finalStage(read(t, dockerfile), map[string]string{"VERSION": version})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		platform v1.Platform
		config   func(*v1.Config)
		header   func(*tar.Header)
		program  []byte
		want     string
	}{
		{name: "none", want: ""},
		{name: "root", config: func(c *v1.Config) { c.User = "0:0" }, want: `"0:0" is root or a name`},
		{name: "root by name", config: func(c *v1.Config) { c.User = "root" }, want: `"root" is root or a name`},
		{name: "root's group", config: func(c *v1.Config) { c.User = "65532:0" }, want: `"65532:0" is root or a name`},
		{name: "no user", config: func(c *v1.Config) { c.User = "" }, want: `"" is root or a name`},
		{name: "environment", config: func(c *v1.Config) { c.Env = []string{"A=b"} }, want: "other settings"},
		{name: "volume", config: func(c *v1.Config) { c.Volumes = map[string]struct{}{"/data": {}} }, want: "other settings"},
		{name: "other machine", platform: foreign, want: "the image is for linux/riscv64, its binary for linux/" + runtime.GOARCH},
		{name: "dynamic", program: []byte(read(t, dynamic)), want: "dynamically linked"},
		{name: "not a program", program: []byte("#!/bin/sh\n"), want: "not a Linux binary"},
		{name: "binary elsewhere", header: func(h *tar.Header) { h.Name = "bin/heald" }, want: "there is no /heald in the image"},
		{name: "not executable", header: func(h *tar.Header) { h.Mode = 0o644 }, want: "permission denied"},
		{name: "others may write", header: func(h *tar.Header) { h.Mode = 0o777 }, want: "/heald has mode 0777"},
		{name: "setuid", header: func(h *tar.Header) { h.Mode = 0o4755 }, want: "/heald has mode 04755"},
		{name: "not root's", header: func(h *tar.Header) { h.Uid = 65532 }, want: "owner 65532:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, header := config(version), &tar.Header{Name: "heald", Mode: 0o755}
			if c.config != nil {
				c.config(&config)
			}
			if c.header != nil {
				c.header(header)
			}
			if c.program == nil {
				c.program = program
			}
			if c.platform.OS == "" {
				c.platform = host
			}
			img, err := newImage(layerOf(t, header, c.program), c.platform, config)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, checkImage(img, want, version), c.want)
		})
	}
}

// layerOf packs a program beside certificates.
func layerOf(t *testing.T, h *tar.Header, program []byte) v1.Layer {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range []struct {
		header *tar.Header
		data   []byte
	}{
		{h, program},
		{&tar.Header{Name: certificatePath[1:], Mode: 0o644}, []byte(certificate)},
	} {
		e.header.Size = int64(len(e.data))
		if err := w.WriteHeader(e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buf.Bytes())), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// A blob whose bytes changed after the build is found by its digest.
func TestDamagedLayout(t *testing.T) {
	dir, _ := build(t)
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil || len(blobs) != 3 {
		t.Fatalf("got blobs %v, %v; want manifest, configuration and layer", blobs, err)
	}
	for _, b := range blobs {
		whole := read(t, b)
		cut := whole[:len(whole)-1] + "x"
		if err := os.WriteFile(b, []byte(cut), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkLayout(dir, dockerfile, version); err == nil {
			t.Errorf("a changed byte in %s went unnoticed", filepath.Base(b))
		}
		if err := os.WriteFile(b, []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, checkLayout(dir, dockerfile, version), "")
}
