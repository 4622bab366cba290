package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxFile is the size of the longest file that is read, in bytes. Secrets,
// certificates and heald.yaml are far shorter; a longer file was named by
// mistake.
const maxFile = 1 << 20

var (
	errNotRegular = errors.New("is no regular file")
	errTooLong    = fmt.Errorf("has more than %d bytes", maxFile)
)

// readFile reads a regular file, also through symbolic links. It never waits
// for a peer: a named pipe in a file's place must not block a reload for ever.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) { // a socket
		return nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// This asks the open file, since the path could be replaced before it is
	// opened.
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errTooLong}
	}
	return data, err
}

// fileFault says why a file could not be read, as the rest of a sentence about the
// file.
func fileFault(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user"
	case errors.Is(err, syscall.EISDIR):
		return "is a directory"
	case errors.Is(err, errNotRegular):
		return "is no regular file but a pipe, a device or a socket"
	case errors.Is(err, errTooLong):
		return errTooLong.Error()
	}
	return "cannot be read"
}
