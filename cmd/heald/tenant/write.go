package tenant

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps others of this package from changing the same files until unlock.
// The directory is locked, since the file is replaced.
func lock(file, dir string) (unlock func(), err error) {
	dir = cmp.Or(dir, filepath.Dir(file))
	d, err := os.Open(dir)
	if err != nil {
		return nil, filed(dir, err)
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { _ = d.Close() }, nil
}

// newFile is the mode of a file that is made: it says who may call.
const newFile = 0o600

// replace writes a text in place of a file, whole or not at all; before, check
// looks at the temporary file. Mode and owner stay, and if the file is a
// symbolic link, its target is replaced.
func replace(file string, text []byte, check func(written string) error) (err error) {
	target, err := filepath.EvalSymlinks(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		target = file
	case err != nil:
		return filed(file, err)
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".heald-tenant-*") // mode 0600
	if err != nil {
		return filed(file, err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone once it was renamed
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), like(f, target), f.Close())
	if err != nil {
		return filed(file, err)
	}
	if err := check(f.Name()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return filed(file, err)
	}
	return nil
}

// like gives a file the mode and owner of another, if there is one.
func like(f *os.File, other string) error {
	info, err := os.Stat(other)
	if errors.Is(err, fs.ErrNotExist) {
		return f.Chmod(newFile)
	}
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && (int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid()) {
		if err := f.Chown(int(s.Uid), int(s.Gid)); err != nil {
			return err
		}
	}
	return f.Chmod(info.Mode().Perm())
}
