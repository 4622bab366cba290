package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// Reader answers from the file, also while another process writes it.
type Reader struct {
	db         *sql.DB
	searchTime time.Duration
}

// readers is how many questions are answered at once.
const readers = 4

// OpenReader opens a file that exists, to read it.
func OpenReader(path string) (*Reader, error) {
	ctx, cancel := context.WithTimeout(context.Background(), busyTime*time.Millisecond)
	defer cancel()
	version, err := identify(ctx, path, "ro")
	switch {
	case err != nil:
		return nil, err
	case version == 0:
		return nil, errors.New("is empty: no heald has written to it")
	case version < newest:
		return nil, fmt.Errorf("was written by an older heald (its version is %d, this one reads %d): it is brought up to date when a heald of this version starts with it", version, newest)
	}
	return openReader(path, "ro", 0)
}

func openReader(path, mode string, searchTime time.Duration) (*Reader, error) {
	db, err := connect(path, mode, readers, "query_only(1)", fmt.Sprintf("cache_size(-%d)", readerCache))
	if err != nil {
		return nil, err
	}
	return &Reader{db, cmp.Or(searchTime, history.SearchTime)}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// byID finds an id by the index, which does not mind the case of letters.
const byID = `id COLLATE NOCASE = ? AND id = ?`

// Get returns the newest request with this id.
func (r *Reader) Get(ctx context.Context, requestID string) (history.Item, error) {
	if requestID == "" {
		return history.Item{}, history.ErrNotFound
	}
	var n int64
	var unfinished bool
	var data []byte
	err := r.db.QueryRowContext(ctx, newestOfID, requestID, requestID).Scan(&n, &unfinished, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return history.Item{}, history.ErrNotFound
	}
	if err != nil {
		return history.Item{}, worded(err)
	}
	return item(n, data)
}

func item(n int64, data []byte) (history.Item, error) {
	out := history.Item{Cursor: history.Cursor(n)}
	if err := json.Unmarshal(data, &out.Request); err != nil {
		return out, fmt.Errorf("row %d of the file: %w", n, err)
	}
	out.Bound() // nothing says that heald has written the file
	return out, nil
}

// Attempts returns the attempts of a request that has not ended, or not here.
func (r *Reader) Attempts(ctx context.Context, requestID string) (out []record.Attempt, err error) {
	rows, err := r.db.QueryContext(ctx, `SELECT data FROM loose WHERE id = ? ORDER BY number`, requestID)
	if err != nil {
		return nil, worded(err)
	}
	defer func() { err = errors.Join(err, worded(rows.Close())) }()
	for rows.Next() {
		var data []byte
		var a record.Attempt
		if err := rows.Scan(&data); err != nil {
			return nil, worded(err)
		}
		if err := json.Unmarshal(data, &a); err != nil {
			return nil, fmt.Errorf("an attempt in the file: %w", err)
		}
		a.Bound()
		out = append(out, a)
	}
	return out, worded(rows.Err())
}

// Reach is when the oldest request that is known was told of; the zero time if
// there is none.
func (r *Reader) Reach(ctx context.Context) (time.Time, error) {
	var told int64
	err := r.db.QueryRowContext(ctx, `SELECT told FROM requests ORDER BY n LIMIT 1`).Scan(&told)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return time.UnixMilli(told), worded(err)
}
