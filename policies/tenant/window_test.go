package tenant

import (
	"testing"
	"time"
)

// now is a time of the tests, in a zone that is not UTC.
var now = time.Date(2027, time.February, 28, 22, 59, 30, 5, time.FixedZone("", -3600))

func TestWindowsEndByUTC(t *testing.T) {
	at := func(text string) time.Time {
		out, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct {
		window    Window
		now, want string
	}{
		{Minute, "2027-02-28T23:59:30Z", "2027-03-01T00:00:00Z"},
		{Minute, "2027-02-28T23:58:00Z", "2027-02-28T23:59:00Z"},
		{Hour, "2027-02-28T23:59:30Z", "2027-03-01T00:00:00Z"},
		{Hour, "2027-02-28T20:00:00+05:30", "2027-02-28T15:00:00Z"},
		{Day, "2027-12-31T23:59:59Z", "2028-01-01T00:00:00Z"},
		{Day, "2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z"},
		{Day, "2027-03-01T00:30:00+01:00", "2027-03-01T00:00:00Z"},
		{Month, "2027-12-31T23:59:59Z", "2028-01-01T00:00:00Z"},
		{Month, "2027-01-31T00:00:00Z", "2027-02-01T00:00:00Z"},
		{Total, "2027-01-31T00:00:00Z", "9999-12-31T23:59:59Z"},
	} {
		if got := c.window.End(at(c.now)); !got.Equal(at(c.want)) || got.Location() != time.UTC {
			t.Errorf("%s at %s ends %s, want %s", c.window, c.now, got, c.want)
		}
	}
}

// Where a window ends the next one begins, and they get longer.
func TestWindowsFollowEachOther(t *testing.T) {
	for w := Minute; w < Total; w++ {
		end := w.End(now)
		if !end.After(now) || !w.End(end).After(end) || !w.End(end.Add(-1)).Equal(end) {
			t.Errorf("%s: from %s to %s, then to %s", w, now, end, w.End(end))
		}
		if (w + 1).End(now).Before(end) {
			t.Errorf("%s is longer than %s", w, w+1)
		}
	}
}
