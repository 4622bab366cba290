// Package historytest says what every history.Store does.
package historytest

import (
	"context"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/record/history"
)

// Flusher is a store that writes in the background: the tests call Flush before
// they read, and it returns once all is readable that was told before.
type Flusher interface{ Flush(context.Context) error }

// Test runs the tests. open makes an empty store that has room for 5,000 requests
// and ends it with the test.
func Test(t *testing.T, open func(*testing.T) history.Store) {
	for name, test := range map[string]func(*testing.T, history.Store){
		"empty": testEmpty, "whole": testWhole, "join": testJoin, "join others": testJoinOthers, "join lost": testJoinLost, "same id": testSameID, "same id at": testSameIDAt, "same id soon": testSameIDSoon,
		"orphans": testOrphans, "no id": testNoID, "pages": testPages, "filters": testFilters, "limits": testLimits,
		"snapshots": testSnapshots, "hostile": testHostile, "concurrent": testConcurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func flush(t *testing.T, s history.Store) {
	t.Helper()
	if f, ok := s.(Flusher); ok {
		if err := f.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func query(t *testing.T, s history.Store, f history.Filter, before history.Cursor, limit int) history.Page {
	t.Helper()
	page, err := s.Query(t.Context(), f, before, limit)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func get(t *testing.T, s history.Store, id string) history.Item {
	t.Helper()
	item, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return item
}

func ids(p history.Page) string {
	var out []string
	for _, item := range p.Items {
		out = append(out, item.RequestID)
	}
	return strings.Join(out, " ")
}
