package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// application marks the file as heald's: "hhis" in the header's application id.
const application = 0x68686973

// migrations make a file of version i one of version i+1. What is written here
// stays as it is: files of every version are about.
var migrations = []string{`
CREATE TABLE requests (
	n INTEGER PRIMARY KEY AUTOINCREMENT, -- the cursor, never used twice
	id TEXT NOT NULL,
	trace TEXT NOT NULL,
	began INTEGER NOT NULL,              -- ms since 1970
	told INTEGER NOT NULL,               -- likewise, never less than that of the row before
	unfinished INTEGER NOT NULL,         -- 1: nobody has told of its end
	words TEXT NOT NULL,                 -- JSON list of words.w
	data TEXT NOT NULL                   -- JSON of record.Request
);
CREATE INDEX requests_id ON requests (id COLLATE NOCASE);
CREATE INDEX requests_trace ON requests (trace COLLATE NOCASE) WHERE trace <> '';
CREATE TABLE words (
	w INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,
	word TEXT NOT NULL,
	uses INTEGER NOT NULL DEFAULT 0,     -- rows of marks
	UNIQUE (kind, word)
);
CREATE TABLE marks (w INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (w, n)) WITHOUT ROWID;
CREATE TABLE loose (                         -- attempts whose request has not come
	id TEXT NOT NULL,
	number INTEGER NOT NULL,
	told INTEGER NOT NULL,
	data TEXT NOT NULL,                  -- JSON of record.Attempt
	PRIMARY KEY (id, number)
) WITHOUT ROWID;
CREATE INDEX loose_told ON loose (told);
CREATE TABLE bodies (
	b INTEGER PRIMARY KEY,
	id TEXT NOT NULL,
	told INTEGER NOT NULL,
	data BLOB NOT NULL                   -- JSON of record.Bodies, zstd
);
CREATE INDEX bodies_id ON bodies (id);
CREATE INDEX bodies_told ON bodies (told);
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`}

// newest is the version of files that this heald writes.
var newest = len(migrations)

// identify returns the version of a file; 0 if it is empty. What is not heald's, or
// of a version that it does not know, is an error.
func identify(ctx context.Context, path, mode string) (version int, err error) {
	db, err := connect(path, mode, 1)
	if err != nil {
		return 0, worded(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var id, objects int
	err = db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema)`).Scan(&id, &version, &objects)
	switch {
	case err != nil:
		return 0, worded(err)
	case id == 0 && version == 0 && objects == 0:
		return 0, nil
	case id != application:
		return 0, errors.New("is a database of something else than heald's history")
	case version > newest:
		return 0, fmt.Errorf("was written by a newer heald (its version is %d, this heald knows up to %d): use that heald, or another file", version, newest)
	}
	return version, nil
}

// migrate brings the file up to date, whole or not at all. Another process may do
// so at the same time.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	var version int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version >= newest {
		return nil
	}
	for _, step := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("bring the file up to date: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d; PRAGMA application_id = %d`, newest, application)); err != nil {
		return err
	}
	return tx.Commit()
}
