package memory

import (
	"bytes"
	"context"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// mostDocs bounds the documents; one about each of a thousand accounts' models
// fits.
const mostDocs = 16384

type document struct {
	value   []byte
	ends    time.Time
	version uint64 // changes with every change
}

// Change implements state.Store. change runs without the lock, again if
// another caller was faster.
func (s *Store) Change(ctx context.Context, doc state.Doc, life time.Duration, change func([]byte) []byte) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		old := s.document(doc)
		value := bytes.Clone(change(bytes.Clone(old.value)))
		if done, err := s.replace(doc, old.version, value, life); done || err != nil {
			return err
		}
	}
}

// document returns a document that has not ended; the zero value if there is
// none.
func (s *Store) document(doc state.Doc) document {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	if d := s.docs[doc]; d.ends.After(now) {
		return d
	}
	delete(s.docs, doc)
	return document{}
}

// replace reports whether the document still had that version.
func (s *Store) replace(doc state.Doc, version uint64, value []byte, life time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.docs[doc]
	if old.version != version {
		return false, nil
	}
	s.snapshot = nil
	if value == nil {
		delete(s.docs, doc)
		return true, nil
	}
	if !exists && len(s.docs) >= mostDocs {
		return false, state.ErrFull
	}
	s.version++
	s.docs[doc] = document{value: value, ends: time.Now().Add(life), version: s.version}
	return true, nil
}
