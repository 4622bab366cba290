package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	lib "modernc.org/sqlite/lib"
)

// inspectTime bounds how long a file's pages are looked at: quick_check takes 2 ms for a
// MiB, three times that on a machine that is busy. A file that is too long for that is
// not looked at to its end, and what is wrong there is told when it is read.
const inspectTime = 2 * time.Second

// Inspect looks for damage of a file that exists, and returns what it finds; nil also
// where it cannot find out. The error says in words what to do.
func Inspect(ctx context.Context, path string) error {
	if err := whole(path); err != nil {
		return err
	}
	r, err := OpenReader(path)
	if err != nil {
		return nil // Check says why
	}
	return errors.Join(quickCheck(ctx, r.db), r.Close())
}

// Damage is what the look at the file has found that begins when it is opened; nil if
// nothing was found so far.
func (f *File) Damage() error {
	if err := f.damage.Load(); err != nil {
		return *err
	}
	return nil
}

// inspect looks for damage. found is what was found before the file was opened.
func (f *File) inspect(ctx context.Context, found error) {
	defer close(f.inspected)
	if found == nil {
		found = quickCheck(ctx, f.db)
	}
	if found != nil && ctx.Err() == nil {
		f.damage.Store(&found)
		f.o.Log.Error("the history on disk is damaged; heald goes on with what can be read and written of it", zap.String("path", f.o.Path), zap.Error(found))
	}
}

// quickCheck has SQLite look at all pages of the file.
func quickCheck(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, inspectTime)
	defer cancel()
	var said string
	err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said)
	switch {
	case isFault(err, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_IOERR): // the disk fails
		return worded(err)
	case err == nil && said != "ok":
		return damaged(said)
	}
	return nil
}

// damaged is the fault of a file, with what was found.
func damaged(found string) error {
	return &fault{faults[lib.SQLITE_CORRUPT], errors.New(strings.Join(strings.Fields(found), " "))}
}

// IsDamage reports an error that says that the file itself is damaged.
func IsDamage(err error) bool { return isFault(err, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB) }

// isFault reports an error with the words for one of SQLite's primary codes.
func isFault(err error, codes ...int) bool {
	var known *fault
	return errors.As(worded(err), &known) && slices.ContainsFunc(codes, func(code int) bool { return known.words == faults[code] })
}

// Places in the header of a file (https://sqlite.org/fileformat2.html#the_database_header).
const (
	headerSize       = 100
	headerPageSize   = 16
	headerChanges    = 24
	headerPages      = 28
	headerPagesAsOf  = 92 // the value of headerChanges for which headerPages is right
	largestPageSize  = 65536
	largestPageSizes = 1 // is written for it
)

// whole finds out whether the file is as long as its header says. What the write-ahead
// log has is not in the file yet.
func whole(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // SQLite says why
	}
	defer f.Close()
	var head [headerSize]byte
	if logged(path) {
		return nil
	}
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return nil
	}
	info, err := f.Stat()
	if err != nil || logged(path) {
		return nil
	}
	size := int64(binary.BigEndian.Uint16(head[headerPageSize:]))
	if size == largestPageSizes {
		size = largestPageSize
	}
	want := size * int64(binary.BigEndian.Uint32(head[headerPages:]))
	if binary.BigEndian.Uint32(head[headerChanges:]) == binary.BigEndian.Uint32(head[headerPagesAsOf:]) && info.Size() < want {
		return damaged(fmt.Sprintf("it was cut off: it has %d of %d bytes", info.Size(), want))
	}
	return nil
}

// logged reports whether there is a write-ahead log with anything in it.
func logged(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}
