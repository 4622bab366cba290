package route

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/listing"
)

// Catalog is what is known of models: from the built-in table, from heald.yaml,
// and from the lists of the backends. It is safe for concurrent use.
//
// Lists are fetched only if they may matter: for a client that asks for models,
// or for one that the table does not have.
type Catalog struct {
	models Models
	fetch  Fetch
	failed func(Source, error)

	own   gemini.Table                 // without lists
	table atomic.Pointer[gemini.Table] // lists included

	mu    sync.Mutex
	lists []offer // in the order in which they were asked for
}

// Fetch gets the list of a backend. It may be called for several at once.
type Fetch func(ctx context.Context, of Source) ([]listing.Model, error)

// Source is where a list comes from: what makes two backends give the same one.
type Source struct {
	Name, Cluster, Version string
	// Authority is the host that requests carry; "" leaves it to the route.
	Authority string
	Kind      Kind
}

type offer struct {
	of   Source
	list *listing.List
}

// listedBackends bounds the lists: routes may name backends of their own.
const listedBackends = 64

// NewCatalog makes a catalog. fetch is nil if no lists can be fetched; failed
// is called for the first of several consecutive failures. The error lists
// every invalid row of models.
func NewCatalog(models Models, fetch Fetch, failed func(Source, error)) (*Catalog, error) {
	table, err := models.Table(gemini.DefaultTable)
	if err != nil {
		return nil, err
	}
	c := &Catalog{models: models, fetch: fetch, failed: failed, own: table}
	c.table.Store(&table)
	return c, nil
}

// Table is what is known of models now.
func (c *Catalog) Table() gemini.Table { return *c.table.Load() }

// offered returns a list and refreshes it if it is due; nil if none can be
// fetched.
func (c *Catalog) offered(from Source) *listing.List {
	if c.fetch == nil {
		return nil
	}
	c.mu.Lock()
	i := slices.IndexFunc(c.lists, func(have offer) bool { return have.of == from })
	if i < 0 {
		if len(c.lists) >= listedBackends {
			c.mu.Unlock()
			return nil
		}
		i = len(c.lists)
		c.lists = append(c.lists, offer{from, c.newList(from)})
	}
	list := c.lists[i].list
	c.mu.Unlock()
	list.Refresh()
	return list
}

func (c *Catalog) newList(from Source) *listing.List {
	return listing.New(func(ctx context.Context) ([]listing.Model, error) { return c.fetch(ctx, from) },
		func(err error) {
			if err == nil {
				c.learn()
				return
			}
			c.failed(from, err)
		})
}

// learn rebuilds the table after a list has come.
func (c *Catalog) learn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := gemini.DefaultTable
	for _, o := range c.lists {
		known = withOffered(known, o.list.Models())
	}
	table, _ := c.models.Table(known) // NewCatalog has reported the errors
	c.table.Store(&table)
}

// withOffered adds rows for models that a table does not know, with the numbers
// of a backend's list; of two backends the first one that has numbers counts.
// Everything else is inherited by the model's name, since a list says little of
// what a model refuses.
func withOffered(table gemini.Table, models []listing.Model) gemini.Table {
	// A number or flag that is zero is left out, so a list in which no model
	// thinks does not know of thinking.
	tells := slices.ContainsFunc(models, func(m listing.Model) bool { return m.Thinks })
	var rows []gemini.Row
	for _, m := range models {
		if m.Input+m.Output == 0 || table.Knows(m.Name) {
			continue
		}
		can := table.Capabilities(m.Name)
		if m.Embeds() && !m.Generates() && !can.Embeds() {
			can = gemini.EmbeddingModel(0)
		}
		if m.Input > 0 {
			can.Context = m.Input
		}
		if m.Output > 0 {
			can.MaxOutput = m.Output
		}
		if tells && !m.Thinks {
			can.Thinking, can.Levels = gemini.NoControl, nil
		}
		rows = append(rows, gemini.Row{Model: m.Name, Capability: can})
	}
	return table.With(rows...)
}
