package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// defaultCertificates is where Debian, Ubuntu and Alpine keep the bundle.
const defaultCertificates = "/etc/ssl/certs/ca-certificates.crt"

// newLayer makes the image's only layer.
func newLayer(binary, certificates string) (v1.Layer, error) {
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("read the binary: %w", err)
	}
	bundle, err := readCertificates(certificates)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range []struct {
		name string
		mode int64
		data []byte // nil makes a folder
	}{
		{"etc/", 0o755, nil},
		{"etc/ssl/", 0o755, nil},
		{"etc/ssl/certs/", 0o755, nil},
		{certificatePath[1:], 0o644, bundle},
		{binaryPath[1:], 0o755, program},
	} {
		// Owned by root: the image's user cannot change them.
		h := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.data)), ModTime: created, Format: tar.FormatUSTAR}
		if e.data == nil {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack the layer: %w", err)
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// readCertificates reads a PEM bundle. Without one heald could not reach a token
// endpoint, and would say so only at the first request.
func readCertificates(path string) ([]byte, error) {
	bundle, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("no CA certificates: %w; install the package ca-certificates, or name a PEM bundle with -certificates", err)
	}
	if block, _ := pem.Decode(bundle); block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("no CA certificates: %s holds no PEM certificate; name a PEM bundle with -certificates", path)
	}
	return bundle, nil
}
