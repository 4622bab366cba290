package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// refName is the annotation by which OCI tools find an image in a layout.
const refName = "org.opencontainers.image.ref.name"

// buildLayout writes the image of a binary as the OCI layout dir, and returns the
// image's digest.
func buildLayout(dir, binary, certificates, version string) (v1.Hash, error) {
	platform, err := staticPlatform(binary)
	if err != nil {
		return v1.Hash{}, err
	}
	layer, err := newLayer(binary, certificates)
	if err != nil {
		return v1.Hash{}, err
	}
	img, err := newImage(layer, platform, config(version))
	if err != nil {
		return v1.Hash{}, err
	}
	return writeLayout(dir, img, platform, version)
}

func newImage(layer v1.Layer, platform v1.Platform, config v1.Config) (v1.Image, error) {
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err := mutate.ConfigFile(base, &v1.ConfigFile{
		OS:           platform.OS,
		Architecture: platform.Architecture,
		Created:      v1.Time{Time: created},
		RootFS:       v1.RootFS{Type: "layers"},
		Config:       config,
	})
	if err != nil {
		return nil, fmt.Errorf("configure the image: %w", err)
	}
	img, err := mutate.Append(base, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: created}, CreatedBy: "heald test/tools/image"},
	})
	if err != nil {
		return nil, fmt.Errorf("add the layer: %w", err)
	}
	return img, nil
}

func writeLayout(dir string, img v1.Image, platform v1.Platform, version string) (v1.Hash, error) {
	if err := clearLayout(dir); err != nil {
		return v1.Hash{}, err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("start the layout: %w", err)
	}
	err = path.AppendImage(img, layout.WithPlatform(platform), layout.WithAnnotations(map[string]string{refName: version}))
	if err != nil {
		return v1.Hash{}, fmt.Errorf("write the image: %w", err)
	}
	return img.Digest()
}

// clearLayout removes an older layout, whose blobs would stay otherwise. It
// removes nothing else: -out may be mistyped.
func clearLayout(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		return errors.New("the folder is not empty and is no OCI layout: name another one with -out")
	}
	return os.RemoveAll(dir)
}

// readLayout reads the one image of a layout, and proves its sizes, digests,
// media types and platform.
func readLayout(dir string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("%s is not an OCI layout: build it with -binary: %w", dir, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("read the layout's index: %w", err)
	}
	if n := len(manifest.Manifests); n != 1 {
		return nil, fmt.Errorf("the layout holds %d images, not 1: build it with -binary", n)
	}
	// Goes down to the image and its layers.
	if err := validate.Index(index); err != nil {
		return nil, fmt.Errorf("the layout is damaged: build it again with -binary: %w", err)
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		return nil, fmt.Errorf("read the image: %w", err)
	}
	return img, nil
}
