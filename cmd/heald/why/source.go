package why

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// Source is a place where requests are remembered.
type Source interface {
	// Name says which one it is, as in "the log on standard input".
	Name() string
	// Get returns a request, or history.ErrNotFound.
	Get(ctx context.Context, id string) (history.Item, error)
	// Query is that of history.Store.
	Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (history.Page, error)
	// Reach says how far back the source remembers, as in "reaches back to …".
	Reach(ctx context.Context) string
}

// notFound is the error that no source knows a request, and says what to do.
type notFound struct {
	id    string
	at    time.Time // of its beginning; the zero time is any
	asked []string  // sources, and how far back they reach
}

func (e *notFound) Error() string {
	id := e.id
	if !e.at.IsZero() {
		id += " that began at " + began(e.at)
	}
	return fmt.Sprintf("nothing is known of %s. Asked: %s. The request may be older, may not have ended, or may have been served by another replica: "+
		"ask where that replica's records are (--log, --store, --redis, --admin). Its id is the answer's header x-heald-request-id", terminal.Printable(id), strings.Join(e.asked, "; "))
}

// Is makes it a history.ErrNotFound.
func (e *notFound) Is(target error) bool { return target == history.ErrNotFound }

// find asks the sources, one after the other, for a request: by its id, by its
// trace id, or by the beginning of either if only one id has it. Of several with
// the same id it is the one that began at a time, or the newest where that is the zero
// time. If a source does not answer, the others are still asked.
func find(ctx context.Context, sources []Source, id string, at time.Time) (history.Item, Source, error) {
	missing := &notFound{id: id, at: at}
	var failed []error
	for _, s := range sources {
		item, err := history.GetAt(ctx, s, id, at)
		if errors.Is(err, history.ErrNotFound) {
			item, err = byBeginning(ctx, s, id, at)
		}
		switch {
		case err == nil:
			return item, s, nil
		case errors.Is(err, history.ErrNotFound):
			missing.asked = append(missing.asked, s.Name()+", which "+s.Reach(ctx))
		default:
			failed = append(failed, fmt.Errorf("%s: %w", s.Name(), err))
		}
	}
	if len(missing.asked) > 0 {
		failed = append(failed, missing)
	}
	return history.Item{}, nil, errors.Join(failed...)
}

// leastBeginning is how much of an id must be given, in bytes.
const leastBeginning = 4

func byBeginning(ctx context.Context, s Source, id string, at time.Time) (history.Item, error) {
	const most = 5
	page, err := s.Query(ctx, history.Filter{ID: id}, 0, sameIDs)
	if err != nil {
		return history.Item{}, err
	}
	var ids []string // each once: clients use ids again
	for _, item := range page.Items {
		if !slices.Contains(ids, item.RequestID) {
			ids = append(ids, item.RequestID)
		}
	}
	switch {
	case len(ids) == 0:
		return history.Item{}, history.ErrNotFound
	case len(ids) == 1 && at.IsZero():
		return page.Items[0], nil
	case len(ids) == 1 && ids[0] != id:
		return history.GetAt(ctx, s, ids[0], at)
	case len(ids) == 1: // GetAt has not found it
		return history.Item{}, history.ErrNotFound
	}
	for i, id := range ids {
		ids[i] = terminal.Printable(id)
	}
	if len(ids) > most {
		ids = append(ids[:most], "…")
	}
	return history.Item{}, &Wrong{fmt.Errorf("several requests begin with %s: %s; write more of the id", terminal.Printable(id), strings.Join(ids, ", "))}
}

// since formats the time to which a source reaches back.
func since(t time.Time) string {
	if t.IsZero() {
		return "has no requests"
	}
	return "reaches back to " + t.Local().Format("2006-01-02 15:04:05 MST")
}

// storeSource is a history in a file.
type storeSource struct {
	*sqlite.Reader
	path string
}

// OpenStore opens "sqlite:PATH". Close closes it.
func OpenStore(setting string) (*storeSource, error) { //nolint:revive // callers need Close and Source alone
	path, ok := sqlite.ParsePath(setting)
	if !ok {
		return nil, errors.New("write sqlite: and the path of the file that record.store in heald.yaml names, as in sqlite:/var/lib/heald/history.db")
	}
	r, err := sqlite.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return &storeSource{r, path}, nil
}

func (s *storeSource) Name() string { return "the file " + s.path }

// Get also knows requests that have not ended.
func (s *storeSource) Get(ctx context.Context, id string) (history.Item, error) {
	item, err := s.Reader.Get(ctx, id)
	if errors.Is(err, history.ErrNotFound) {
		attempts, err := s.Attempts(ctx, id)
		return unfinished(attempts, err)
	}
	return item, err
}

func (s *storeSource) Reach(ctx context.Context) string {
	t, err := s.Reader.Reach(ctx)
	if err != nil {
		return "does not say how far back it reaches"
	}
	return since(t)
}

// unfinished is a request of which only attempts are known.
func unfinished(attempts []record.Attempt, err error) (history.Item, error) {
	if err != nil || len(attempts) == 0 {
		return history.Item{}, errors.Join(err, notFoundIf(err == nil))
	}
	return history.Item{Request: history.Unfinished(attempts)}, nil
}

func notFoundIf(is bool) error {
	if is {
		return history.ErrNotFound
	}
	return nil
}
