package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// A file that somebody else has written tells of no more attempts than can be shown.
func TestRowsAreBoundedAsTheyAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	f := open(t, Options{Path: path})
	wrong := at("id-1", 0)
	wrong.Tried = 300_000_000
	write(t, f, wrong)
	loose := historytest.Failed("id-2", 300_000_000, "peek_eof", 200)
	if err := f.Write(t.Context(), []record.Entry{{Attempt: &loose}}); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if item, err := r.Get(t.Context(), "id-1"); err != nil || item.Tried != 1000 {
		t.Errorf("tried %d, %v", item.Tried, err)
	}
	if list, err := r.Attempts(t.Context(), "id-2"); err != nil || len(list) != 1 || list[0].Number != 1000 {
		t.Errorf("%+v, %v", list, err)
	}
}
