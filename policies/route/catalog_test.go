package route

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/heald-proxy/heald/policies/listing"
)

// Routes may name backends of their own, so the lists are bounded in number: what
// is beyond is not fetched, and does without.
func TestListsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetched atomic.Int64
		c, err := NewCatalog(Models{}, func(context.Context, Source) ([]listing.Model, error) {
			fetched.Add(1)
			return []listing.Model{{Name: "gemini-9-ultra", Input: 7, Methods: []string{"generateContent"}}}, nil
		}, func(Source, error) { t.Error("a list failed") })
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // what was fetched is kept
			for i := range 2 * listedBackends {
				b := []Backend{{Name: "a", Kind: AIStudio, Cluster: strconv.Itoa(i)}}
				c.View(b, &Settings{}).Learn(&b[0], "gemini-9-unknown")
			}
			synctest.Wait()
		}
		if n := fetched.Load(); n != listedBackends {
			t.Errorf("%d lists, want %d", n, listedBackends)
		}
		if can := c.Table().Capabilities("gemini-9-ultra"); can.Context != 7 {
			t.Errorf("nothing is learned of the lists: %+v", can)
		}
	})
}

// A list belongs to whoever gives it: to another authority the same backend may be
// another.
func TestSourcesOfLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan Source, 10)
		c, err := NewCatalog(Models{}, func(_ context.Context, of Source) ([]listing.Model, error) {
			asked <- of
			return nil, nil
		}, func(Source, error) {})
		if err != nil {
			t.Fatal(err)
		}
		b := Backend{Name: "a", Kind: AIStudio}.WithDefaults()
		for _, authority := range []string{"heald", "route", "heald"} {
			c.View([]Backend{b}, &Settings{Authority: authority}).Learn(&b, "gemini-9-unknown")
			c.View([]Backend{b}, &Settings{Authority: authority}).Learn(&b, "gemini-3.8-flash") // in the table
			synctest.Wait()
		}
		of := Source{Name: "a", Cluster: "a", Version: "v1beta", Kind: AIStudio, Authority: "generativelanguage.googleapis.com"}
		if got := <-asked; got != of {
			t.Errorf("got %+v, want %+v", got, of)
		}
		of.Authority = ""
		if got := <-asked; got != of || len(asked) > 0 {
			t.Errorf("got %+v and %d more, want %+v", got, len(asked), of)
		}
	})
}
