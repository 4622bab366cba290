package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// The statements of every write, which are prepared once: SQLite takes longer to
// read most of them than to run them.
const (
	lastTold      = `SELECT coalesce((SELECT told FROM requests ORDER BY n DESC LIMIT 1), 0)`
	insertRequest = `INSERT INTO requests (id, trace, began, told, unfinished, words, data) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING n`
	newestOfID    = `SELECT n, unfinished, data FROM requests WHERE ` + byID + ` ORDER BY n DESC LIMIT 1`
	toldBefore    = `SELECT n, unfinished, data FROM requests WHERE ` + byID + ` AND began = ? AND unfinished = 0 ORDER BY n DESC LIMIT 1`
	updateRequest = `UPDATE requests SET data = ?, words = ?, unfinished = ? WHERE n = ?`
	insertMarks   = `INSERT INTO marks (w, n) SELECT value, ? FROM json_each(?)`
	addMarks      = `INSERT OR IGNORE INTO marks (w, n) SELECT value, ? FROM json_each(?) RETURNING w`
	deleteMarks   = `DELETE FROM marks WHERE n = ? AND w IN (SELECT value FROM requests, json_each(requests.words) WHERE requests.n = ?
		EXCEPT SELECT value FROM json_each(?)) RETURNING w`
	insertLoose  = `INSERT OR REPLACE INTO loose (id, number, told, data) VALUES (?, ?, ?, ?)`
	takeLoose    = `DELETE FROM loose WHERE id = ? RETURNING data`
	silentIDs    = `SELECT id FROM loose WHERE told < ? ORDER BY told LIMIT 256`
	newestLoose  = `SELECT coalesce(max(told), 0) FROM loose WHERE id = ?`
	countWord    = `UPDATE words SET uses = uses + ? WHERE w = ?`
	findWord     = `SELECT w FROM words WHERE kind = ? AND word = ?`
	insertWord   = `INSERT INTO words (kind, word) VALUES (?, ?) RETURNING w`
	dataVersion  = `PRAGMA data_version`
	raiseFact    = `INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`
	addToFact    = `INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value`
	pastTold     = `UPDATE requests SET told = ? WHERE n > (SELECT coalesce((SELECT n FROM requests WHERE told <= ? ORDER BY n DESC LIMIT 1), 0))`
	pastBodies   = `UPDATE bodies SET told = ? WHERE told > ?`
	pastLoose    = `UPDATE loose SET told = ? WHERE told > ?`
	insertBodies = `INSERT INTO bodies (id, told, data) VALUES (?, ?, ?)`
)

var frequent = []string{lastTold, insertRequest, newestOfID, toldBefore, updateRequest, insertMarks, addMarks, deleteMarks, insertLoose, takeLoose, silentIDs, newestLoose, countWord,
	findWord, insertWord, dataVersion, raiseFact, addToFact, insertBodies, pastTold, pastBodies, pastLoose}

// transaction is one write, with the statements that were prepared.
type transaction struct {
	*sql.Tx
	prepared map[string]*sql.Stmt
}

// prepare makes the statements ready. They end with db.
func prepare(ctx context.Context, db *sql.DB) (map[string]*sql.Stmt, error) {
	out := map[string]*sql.Stmt{}
	for _, s := range frequent {
		stmt, err := db.PrepareContext(ctx, s)
		if err != nil {
			return nil, errors.Join(err, closeAll(out))
		}
		out[s] = stmt
	}
	return out, nil
}

func closeAll(statements map[string]*sql.Stmt) (err error) {
	for _, s := range statements {
		err = errors.Join(err, s.Close())
	}
	return err
}

func (t *transaction) exec(ctx context.Context, frequent string, args ...any) error {
	_, err := t.StmtContext(ctx, t.prepared[frequent]).ExecContext(ctx, args...)
	return err
}

func (t *transaction) row(ctx context.Context, frequent string, args ...any) *sql.Row {
	return t.StmtContext(ctx, t.prepared[frequent]).QueryRowContext(ctx, args...)
}

// each calls do for every row of the first column.
func each[T any](ctx context.Context, t *transaction, frequent string, do func(T) error, args ...any) (err error) {
	rows, err := t.StmtContext(ctx, t.prepared[frequent]).QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value T
		if err := rows.Scan(&value); err != nil {
			return err
		}
		if err := do(value); err != nil {
			return err
		}
	}
	return rows.Err()
}
