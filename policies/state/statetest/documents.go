package statetest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

func documents(t *testing.T, r *Rig) {
	doc := state.Doc{Of: state.OfGroup, Name: "ai_studio/p", Part: "model/with/slashes"}
	const callers, calls = 8, 10
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range calls {
				err := r.Store.Change(t.Context(), doc, time.Hour, func(old []byte) []byte {
					n, _ := strconv.Atoi(string(old))
					return []byte(strconv.Itoa(n + 1))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	r.eventually(t, "no change is lost", func(s *state.Snapshot) bool { return string(s.Docs[doc]) == strconv.Itoa(callers*calls) })
	other := state.Doc{Of: state.OfAccount, Name: doc.Name, Part: doc.Part}
	if err := r.Store.Change(t.Context(), other, time.Hour, func(old []byte) []byte {
		if old != nil {
			t.Errorf("a document of another kind: %q", old)
		}
		return []byte{}
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.Store.Change(t.Context(), doc, time.Hour, func([]byte) []byte { return nil }); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, "one deleted, one empty", func(s *state.Snapshot) bool {
		_, deleted := s.Docs[doc]
		_, exists := s.Docs[other]
		return !deleted && exists
	})
}

func documentsEnd(t *testing.T, r *Rig) {
	doc := state.Doc{Of: state.OfBackend, Name: "b"}
	set := func(value string) (old []byte) {
		t.Helper()
		if err := r.Store.Change(t.Context(), doc, time.Minute, func(was []byte) []byte { old = was; return []byte(value) }); err != nil {
			t.Fatal(err)
		}
		return old
	}
	set("open")
	r.Sleep(59 * time.Second)
	if old := set("open again"); string(old) != "open" { // and its life begins anew
		t.Fatalf("before its end: %q", old)
	}
	r.Sleep(59 * time.Second)
	r.eventually(t, "it lives", func(s *state.Snapshot) bool { return string(s.Docs[doc]) == "open again" })
	r.Sleep(2 * time.Second)
	r.eventually(t, "it has ended", func(s *state.Snapshot) bool { return s.Docs[doc] == nil })
	if old := set("new"); old != nil {
		t.Fatalf("after its end: %q", old)
	}
}

func valuesEnd(t *testing.T, r *Rig) {
	key := state.Key{Tenant: "t", Space: state.Attempts, ID: "id"}
	get := func() string {
		t.Helper()
		value, err := r.Store.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return string(value)
	}
	if got := get(); got != "" {
		t.Fatalf("nothing was put, and there is %q", got)
	}
	for _, put := range []string{"one", "two\x00\xff"} {
		if err := r.Store.Put(t.Context(), key, []byte(put), 80*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if got := get(); got != put {
			t.Fatalf("got %q, put %q", got, put)
		}
	}
	r.Sleep(90 * time.Millisecond)
	if got := get(); got != "" {
		t.Fatalf("after its end: %q", got)
	}
}

func valuesBelong(t *testing.T, r *Rig) {
	key := state.Key{Tenant: "t", Space: state.Signatures, ID: "id"}
	if err := r.Store.Put(t.Context(), key, []byte("mine"), time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, other := range []state.Key{
		{Tenant: "u", Space: state.Signatures, ID: "id"},
		{Tenant: "t", Space: state.Attempts, ID: "id"},
		{Tenant: "t", Space: state.Signatures, ID: "id:n"},
		{Tenant: "", Space: state.Signatures, ID: "t}:sig:id"},
		{Tenant: "t}:sig:id", Space: "", ID: ""},
	} {
		if got, err := r.Store.Get(t.Context(), other); got != nil || err != nil {
			t.Errorf("%+v: %q, %v", other, got, err)
		}
	}
}

func counters(t *testing.T, r *Rig) {
	key := state.Key{Tenant: "t", Space: state.Attempts, ID: "id"}
	if err := r.Store.Put(t.Context(), key, []byte("a value beside"), time.Hour); err != nil {
		t.Fatal(err)
	}
	count := func(want int64) {
		t.Helper()
		if got, err := r.Store.Count(t.Context(), key, 90*time.Millisecond); err != nil || got != want {
			t.Fatalf("got %d, %v; want %d", got, err, want)
		}
	}
	count(1)
	r.Sleep(40 * time.Millisecond)
	count(2) // does not prolong it
	r.Sleep(60 * time.Millisecond)
	count(1)
}

func canceled(t *testing.T, r *Rig) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if taken, err := r.Store.Take(ctx, at(state.Place{Account: "a"})); !errors.Is(err, context.Canceled) || taken.Place >= 0 {
		t.Errorf("take: %+v, %v", taken, err)
	}
	if err := r.Store.Put(ctx, state.Key{Tenant: "t", Space: state.Attempts, ID: "i"}, nil, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
}
