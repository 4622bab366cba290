package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	_ "modernc.org/sqlite" // the driver

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/file"
)

// Scheme begins the setting that names a file of this package.
const Scheme = "sqlite:"

// ParsePath returns the path in "sqlite:PATH".
func ParsePath(setting string) (path string, ok bool) {
	path, ok = strings.CutPrefix(setting, Scheme)
	return path, ok && path != ""
}

// Options say where and how long requests are kept.
type Options struct {
	Path string
	// Keep is how long a request is kept; 0 for ever. BodiesKeep is the same of
	// bodies.
	Keep, BodiesKeep time.Duration
	// MaxSize bounds the file in bytes, without its write-ahead log of a few MiB;
	// 0 does not.
	MaxSize int64
	// SearchTime bounds a query; 0 means history.SearchTime.
	SearchTime time.Duration
	// Log is told when tidying up fails; nil tells nobody.
	Log *zap.Logger
}

// File is the history in a file.
type File struct {
	*Reader
	o     Options
	write *sql.DB // one connection

	prepared map[string]*sql.Stmt

	mu      sync.Mutex // of what follows, and of write
	words   *words
	written int       // records since it was last tidied up
	grown   int64     // bytes since then
	tidied  time.Time // when that was
	room    int64     // bytes that are to be written, and had no room
	inLog   bool      // the write-ahead log may have bodies that were deleted

	damage    atomic.Pointer[error]
	inspected chan struct{} // closed when the look for damage has ended

	now  func() time.Time
	stop context.CancelFunc
	done chan struct{} // closed when the goroutine has ended
}

var _ record.Sink = (*File)(nil)

const (
	// busyTime is how long a connection waits for another process, in ms.
	busyTime = 5000
	// cachePages and readerCache bound what a connection caches, in KiB.
	writerCache, readerCache = 8 << 10, 4 << 10
	// logLimit is the length to which the write-ahead log is cut back, in bytes.
	logLimit = 16 << 20
	// pageSize is SQLite's default, in bytes.
	pageSize = 4096
	// tidyPause is the time between two looks at what is too old.
	tidyPause = time.Minute
)

// Open opens the file or makes it, readable by its owner alone, and brings one of
// an older version up to date. It begins to look for damage, of which it tells the log
// and Damage: what can be read and written goes on.
func Open(o Options) (*File, error) {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if err := private(o.Path); err != nil {
		return nil, worded(err)
	}
	cut := whole(o.Path) // before anything is written
	ctx, cancel := context.WithTimeout(context.Background(), 2*busyTime*time.Millisecond)
	defer cancel()
	if _, err := identify(ctx, o.Path, "rw"); err != nil {
		return nil, err
	}
	write, err := connect(o.Path, "rw", 1, fmt.Sprintf("page_size(%d)", pageSize), "auto_vacuum(2)", "journal_mode(WAL)", "synchronous(NORMAL)",
		fmt.Sprintf("cache_size(-%d)", writerCache), fmt.Sprintf("journal_size_limit(%d)", logLimit))
	if err != nil {
		return nil, worded(err)
	}
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(worded(err), write.Close())
	}
	read, err := openReader(o.Path, "rw", o.SearchTime) // a log that nobody has open can only be read by who may write it
	if err != nil {
		return nil, errors.Join(worded(err), write.Close())
	}
	f := &File{Reader: read, o: o, write: write, words: newWords(), now: time.Now, inspected: make(chan struct{}), done: make(chan struct{})}
	if f.prepared, err = prepare(ctx, write); err == nil {
		err = f.limit(ctx)
	}
	if err != nil {
		return nil, errors.Join(worded(err), closeAll(f.prepared), write.Close(), read.Close())
	}
	ctx, f.stop = context.WithCancel(context.Background())
	go f.keepTidy(ctx, cut) // ends with Close, which waits for it
	return f, nil
}

// private makes the file, or takes others' right to read it away. SQLite gives its
// log the same mode.
func private(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("is no regular file")
	case info.Mode().Perm()&0o077 != 0:
		return os.Chmod(path, 0o600)
	}
	return nil
}

// connect opens connections to a file that exists.
func connect(path, mode string, most int, pragmas ...string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	q["_pragma"] = append([]string{fmt.Sprintf("busy_timeout(%d)", busyTime)}, pragmas...)
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	if most > 1 {
		db.SetConnMaxIdleTime(time.Minute) // their caches are not needed
	}
	return db, nil
}

// Check finds out whether Open could open the file or make it, and leaves
// everything as it is. The error says in words what is in the way.
func Check(path string) error {
	if err := file.Check(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), busyTime*time.Millisecond)
	defer cancel()
	_, err = identify(ctx, path, "ro")
	return err
}

// Close ends what runs in the background and closes the file.
func (f *File) Close() error {
	f.stop()
	<-f.done
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.Reader.Close(), closeAll(f.prepared), f.write.Close())
}
