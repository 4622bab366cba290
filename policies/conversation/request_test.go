package conversation

import (
	"fmt"
	"testing"
)

// A body may give reason for a million warnings; telling them apart would take
// longer than reading it.
func TestWarningsAreBounded(t *testing.T) {
	var r Request
	for i := range 10 * MaxWarnings {
		r.Warn(fmt.Sprint("field", i), "why")
		r.Warn("field0", "why") // said before
	}
	if n := len(r.Warnings); n != MaxWarnings {
		t.Fatalf("%d warnings, want %d", n, MaxWarnings)
	}
	if first, last := r.Warnings[0], r.Warnings[MaxWarnings-1]; first.Field != "field0" || last.Field != "..." {
		t.Errorf("first %+v, last %+v; the last must say that there were more", first, last)
	}
	if second := r.Warnings[1].Field; second != "field1" {
		t.Errorf("the second is of %s: the first is there twice", second)
	}
}
