package route

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/listing"
)

// Catalog is what is known of models: by the built-in table, by heald.yaml, and
// by the lists that the backends give. It is safe for concurrent use.
//
// Lists are fetched only for whom they may matter: a client that asks for models,
// or for one that the table does not know.
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

// NewCatalog makes a catalog. fetch is nil where no lists can be fetched; failed
// is told of the first of several failures in a row. The error names every row of
// models that cannot be.
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

// offered returns a list and has it refreshed if it is due; nil where none can be
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

// learn makes the table anew after a list has come.
func (c *Catalog) learn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := gemini.DefaultTable
	for _, o := range c.lists {
		known = withOffered(known, o.list.Models())
	}
	table, _ := c.models.Table(known) // NewCatalog has seen the errors
	c.table.Store(&table)
}

// withOffered adds rows for models that a table does not know, with the numbers
// of a backend's list; of two backends the first one that has numbers counts.
// All else is that of the model which such a name inherits from: a list tells
// little of what a model refuses, and the table comes from what was refused.
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
