package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// The bits of access(2).
const (
	mayExecute = 1
	mayWrite   = 2
	mayRead    = 4
)

// Check finds out whether Open could open or create a file, and changes nothing.
// The error names the obstacle.
func Check(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return checkNew(path)
	case err != nil:
		return errors.New("cannot be reached by this user")
	case info.IsDir():
		return errors.New("is a directory, not a file")
	case !info.Mode().IsRegular():
		return errors.New("is no regular file")
	case syscall.Access(path, mayRead|mayWrite) != nil:
		return errors.New("may not be read and written by this user")
	}
	return nil
}

// checkNew finds out whether a missing file could be created.
func checkNew(path string) error {
	if to, err := os.Readlink(path); err == nil { // a link that leads nowhere: what it names is made
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("is in a directory that does not exist")
	case err != nil || !info.IsDir():
		return errors.New("is in no directory that this user can reach")
	case syscall.Access(dir, mayWrite|mayExecute) != nil:
		return errors.New("is in a directory in which this user may not make files")
	}
	return nil
}
