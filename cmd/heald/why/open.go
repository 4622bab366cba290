package why

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/cmd/heald/usage"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/state/redis"
)

// Where says which sources are asked, in this order; the running heald only if
// none of the others is named.
type Where struct {
	// Logs are files with heald's log or records, "-" for standard input, also
	// compressed with gzip.
	Logs []string
	// Store is a history, sqlite:PATH.
	Store string
	// Redis asks for the shared stream, at the Redis that Config, a heald.yaml, names.
	Redis  bool
	Config func() string
	// Running is how a running heald is asked.
	Running func() (*accounts.Client, error)
}

// Wrong is the error for a source that was named wrongly, so it cannot be asked, and
// for an id of which too little was given.
type Wrong struct{ err error }

func (w *Wrong) Error() string { return w.err.Error() }
func (w *Wrong) Unwrap() error { return w.err }

// Sources are open sources.
type Sources struct {
	List  []Source
	close []func() error
}

// Close closes them.
func (s *Sources) Close() error {
	var errs []error
	for _, c := range s.close {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// Open opens the sources. If only is not "", only the records of the request with
// this id are read from logs and the stream, and the stream is only read back to
// since.
func (w *Where) Open(ctx context.Context, in io.Reader, only string, since time.Time) (_ *Sources, err error) {
	s := &Sources{}
	if only != "" && len(only) < leastBeginning {
		return s, &Wrong{fmt.Errorf("%q is too short: write %d or more characters of the request's id or of its trace id", only, leastBeginning)}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if len(w.Logs) > 0 {
		source, err := openLogs(ctx, w.Logs, in, only)
		if err != nil {
			return s, err
		}
		s.List = append(s.List, source)
	}
	if w.Store != "" {
		source, err := OpenStore(w.Store)
		if err != nil {
			return s, &Wrong{fmt.Errorf("--store: %w", err)}
		}
		s.List, s.close = append(s.List, source), append(s.close, source.Close)
	}
	if w.Redis {
		source, err := w.openStream(ctx, only, since)
		if err != nil {
			return s, err
		}
		s.List = append(s.List, source)
	}
	if len(s.List) > 0 {
		return s, nil
	}
	client, err := w.Running()
	if err != nil {
		return s, err
	}
	s.List = []Source{Ask(client)}
	return s, nil
}

// openLogs reads files, which together are one source.
func openLogs(ctx context.Context, names []string, in io.Reader, only string) (Source, error) {
	called := slices.Clone(names)
	if i := slices.Index(called, "-"); i >= 0 {
		called[i] = "standard input"
	}
	t := newTold("the log in " + strings.Join(called, ", "))
	for i, name := range names {
		err := func() error {
			from := in
			if name != "-" {
				f, err := os.Open(name)
				if err != nil {
					return &Wrong{fmt.Errorf("--log: %w", err)}
				}
				defer f.Close()
				from = f
			}
			text, err := usage.Unzipped(from)
			if err != nil {
				return fmt.Errorf("%s: %w", called[i], err)
			}
			return t.read(ctx, text, called[i], only)
		}()
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// openStream reads the stream of the Redis that heald.yaml names.
func (w *Where) openStream(ctx context.Context, only string, since time.Time) (_ Source, err error) {
	path := w.Config()
	if path == "" {
		return nil, &Wrong{errors.New("--redis: name the heald.yaml whose state.redis is meant with --config")}
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	if !cfg.State.Shared() {
		return nil, &setting.Problem{Path: "state.redis", Found: path + " names no Redis", Fix: "leave --redis out, or name the heald.yaml of the replicas"}
	}
	c, err := cfg.State.Redis.Config()
	if err != nil {
		return nil, err
	}
	store, err := redis.New(c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return ReadStream(ctx, store, "the shared stream of records", only, since)
}
