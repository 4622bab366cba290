package route

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
)

func modelsOf(n int) []Listed {
	models := make([]Listed, n)
	for i := range models {
		models[i].Name = fmt.Sprint("m", i)
	}
	return models
}

// A page has as many models as the API says unless it is said otherwise, and
// never more than 1,000.
func TestPages(t *testing.T) {
	for _, c := range []struct {
		of, first, size int
		query           string
		more            bool
	}{
		{20, 0, 20, "", false},
		{21, 0, 20, "", true},
		{21, 0, 20, "limit=0", true},
		{21, 0, 20, "limit=-1", true},
		{21, 0, 20, "limit=x", true},
		{21, 0, 1, "limit=1", true},
		{21, 0, 21, "limit=21", false},
		{1000, 0, 1000, "limit=2000", false},
		{1001, 0, 1000, "limit=2000", true},
		{1001, 0, 999, "limit=999", true},
		{10, 1, 9, "after_id=m0", false},
		{10, 10, 0, "after_id=m9", false},
		{10, 0, 0, "before_id=m0", false},
		{10, 0, 9, "before_id=m9", false},
		{10, 7, 2, "before_id=m9&limit=2", true},
		{10, 0, 2, "before_id=m2&limit=2", false},
		{30, 5, 20, "before_id=m25", true},
		{10, 3, 2, "after_id=m2&before_id=m5", false},
		{10, 4, 1, "after_id=m2&before_id=m5&limit=1", true},
		{10, 0, 0, "after_id=m5&before_id=m2", false},
		{10, 0, 10, "%zz", false},
	} {
		page, err := claudePage(modelsOf(c.of), c.query)
		if err != nil || len(page.models) != c.size || page.more != c.more || c.size > 0 && page.models[0].Name != fmt.Sprint("m", c.first) {
			t.Errorf("%q of %d: %d models, more %t, %v; want %d from %d on, %t", c.query, c.of, len(page.models), page.more, err, c.size, c.first, c.more)
		}
	}
	for _, query := range []string{"after_id=none", "before_id=none", "after_id=m1&before_id=none"} {
		if page, err := claudePage(modelsOf(10), query); err == nil {
			t.Errorf("%s: %v", query, page)
		}
	}
	if page, err := nativePage(modelsOf(60), "pageToken=none"); err == nil {
		t.Errorf("%v", page)
	}
}

// Whoever follows the pages gets every model once, in either direction.
func TestPagesAreComplete(t *testing.T) {
	for size := range 8 {
		limit := strconv.Itoa(size + 1)
		for n := range 25 {
			models := modelsOf(n)
			walk := func(name string, next func(last modelPage) (modelPage, error)) {
				var got []Listed
				page := modelPage{more: true}
				for calls := 0; page.more; calls++ {
					var err error
					if page, err = next(page); err != nil || calls > n {
						t.Fatalf("%s, %d by %s: %v, %d calls", name, n, limit, err, calls)
					}
					if name == "backwards" {
						got = append(slices.Clone(page.models), got...)
					} else {
						got = append(got, page.models...)
					}
				}
				want := models
				if name == "backwards" && n > 0 {
					want = models[:n-1] // before the last one
				}
				if len(got) != len(want) || len(got) > 0 && got[len(got)-1].Name != want[len(want)-1].Name || len(got) > 0 && got[0].Name != want[0].Name {
					t.Errorf("%s, %d by %s: %d models", name, n, limit, len(got))
				}
			}
			walk("forwards", func(last modelPage) (modelPage, error) {
				query := "limit=" + limit
				if k := len(last.models); k > 0 {
					query += "&after_id=" + last.models[k-1].Name
				}
				return claudePage(models, query)
			})
			walk("backwards", func(last modelPage) (modelPage, error) {
				switch {
				case len(last.models) > 0:
					return claudePage(models, "limit="+limit+"&before_id="+last.models[0].Name)
				case n > 0:
					return claudePage(models, "limit="+limit+"&before_id="+models[n-1].Name)
				}
				return modelPage{}, nil
			})
			walk("native", func(last modelPage) (modelPage, error) {
				query := "pageSize=" + limit
				if k := len(last.models); k > 0 {
					query += "&pageToken=" + last.models[k-1].Name
				}
				return nativePage(models, query)
			})
		}
	}
}
