package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// checkLayout reports everything wrong with the image in dir.
func checkLayout(dir, dockerfile, version string) error {
	src, err := os.ReadFile(dockerfile)
	if err != nil {
		return fmt.Errorf("read the Dockerfile: %w; name it with -dockerfile", err)
	}
	want, err := finalStage(string(src), map[string]string{"VERSION": version})
	if err != nil {
		return fmt.Errorf("%s: %w", dockerfile, err)
	}
	img, err := readLayout(dir)
	if err != nil {
		return err
	}
	return checkImage(img, want, version)
}

// checkImage compares an image with the final stage of the Dockerfile, and with
// what must hold whatever that says.
func checkImage(img v1.Image, want *stage, version string) error {
	temp, err := os.MkdirTemp("", "heald-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	files, err := unpack(img, temp)
	if err != nil {
		return err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	return errors.Join(
		differences(want, &stage{base: "scratch", files: files, config: file.Config}),
		checkUser(file.Config.User),
		checkBinary(filepath.Join(temp, binaryPath), file, version),
	)
}

// unpack lists the image's files, and writes the binary below dir.
func unpack(img v1.Image, dir string) (files []string, err error) {
	content := mutate.Extract(img)
	defer content.Close()
	r := tar.NewReader(content)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the layers: %w", err)
		}
		name := path.Join("/", h.Name)
		if h.Uid != 0 || h.Gid != 0 || h.Mode&^0o755 != 0 {
			return nil, fmt.Errorf("%s has mode %#o and owner %d:%d: it must be root's and at most 0755", name, h.Mode, h.Uid, h.Gid)
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		files = append(files, name)
		if name == binaryPath {
			if err := writeBinary(filepath.Join(dir, binaryPath), r, h); err != nil {
				return nil, err
			}
		}
	}
}

func writeBinary(name string, r io.Reader, h *tar.Header) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, h.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// plainUser is a user and a group by number, neither of them root.
var plainUser = regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)

func checkUser(user string) error {
	if !plainUser.MatchString(user) {
		return fmt.Errorf("USER: %q is root or a name: give two numbers above 0, there is no /etc/passwd", user)
	}
	return nil
}

// checkBinary proves that the binary in the image can run there, by its form and,
// if this machine can, by running it.
func checkBinary(binary string, file *v1.ConfigFile, version string) error {
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("there is no %s in the image", binaryPath)
	}
	platform, err := staticPlatform(binary)
	if err != nil {
		return err
	}
	if file.OS != platform.OS || file.Architecture != platform.Architecture {
		return fmt.Errorf("the image is for %s/%s, its binary for %s/%s: build it again", file.OS, file.Architecture, platform.OS, platform.Architecture)
	}
	if platform.OS != runtime.GOOS || platform.Architecture != runtime.GOARCH {
		return fmt.Errorf("the binary is for %s/%s and cannot run here: check the image on such a machine", platform.OS, platform.Architecture)
	}
	printed, err := printedVersion(binary)
	if err != nil {
		return err
	}
	if printed != version {
		return fmt.Errorf("%s is version %s, not %s: build both with the same version", binaryPath, printed, version)
	}
	return nil
}
