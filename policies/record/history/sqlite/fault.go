package sqlite

import (
	"errors"
	"io/fs"
	"os"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// faults word the errors that an operator can do something about, by SQLite's
// primary code.
var faults = map[int]string{
	lib.SQLITE_BUSY:     "is in use by another process, which does not let go of it",
	lib.SQLITE_LOCKED:   "is in use by another process, which does not let go of it",
	lib.SQLITE_NOTADB:   "is no database: it is not heald's history, or was damaged",
	lib.SQLITE_CORRUPT:  "is damaged: move it away with its -wal and -shm, and start heald, which makes a new one",
	lib.SQLITE_FULL:     "cannot grow: the disk, or the user's share of it, is full",
	lib.SQLITE_READONLY: "may not be written by this user, as its -wal and -shm beside it must be",
	lib.SQLITE_CANTOPEN: "cannot be opened: the directory must exist, and this user must be able to read and write the file and to make others beside it",
	lib.SQLITE_IOERR:    "cannot be read or written: the disk may be full or failing",
}

// fault is an error of SQLite's with words that say what to do.
type fault struct {
	words string
	err   error
}

func (f *fault) Error() string { return f.words + " (" + f.err.Error() + ")" }
func (f *fault) Unwrap() error { return f.err }

// worded puts an error into words, without the path.
func worded(err error) error {
	var known *fault
	var theirs *sqlite.Error
	var path *fs.PathError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &theirs):
		if words := faults[theirs.Code()&0xff]; words != "" {
			return &fault{words, err}
		}
	case errors.As(err, &path):
		if errors.Is(err, os.ErrNotExist) {
			return errors.New("is in a directory that does not exist")
		}
		return path.Err
	}
	return err
}

// Words say what is wrong with the file, without the driver's own words; "" for an
// error that nobody has words for.
func Words(err error) string {
	var known *fault
	switch {
	case errors.Is(err, errMoved):
		return errMoved.Error()
	case errors.As(worded(err), &known):
		return known.words
	}
	return ""
}

// isFull reports an error that says that there was no room.
func isFull(err error) bool {
	var theirs *sqlite.Error
	return errors.As(err, &theirs) && theirs.Code()&0xff == lib.SQLITE_FULL
}
