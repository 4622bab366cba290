package exchange

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/listing"
	"github.com/heald-proxy/heald/policies/resume"
)

// What the backends say of their models. Their lists are fetched through the
// listener of resumptions, where there is one, and only for whom it may matter:
// a client that asks for models, or for one that the table does not know.
//
// A fetch has no effects on accounts: another quota and other permissions stand
// behind it, so what becomes of it says nothing of requests, good or bad.

const (
	// firstList is how long a client that asks for models may wait for the first
	// list. Codex gives up after five seconds.
	firstList = 2 * time.Second
	// listBytes bounds one page of a list.
	listBytes = 4 << 20
	// listPages and listModels bound one list.
	listPages, listModels = 20, 10_000
	// listAccounts is how many accounts are asked for one list.
	listAccounts = 3
	// listedBackends bounds the lists: routes may name backends of their own.
	listedBackends = 64
)

// offers are the lists of the backends.
type offers struct {
	mu    sync.Mutex
	lists []offer // in the order in which they were asked for
}

type offer struct {
	of   offerKey
	list *listing.List
}

// offerKey is what makes two backends give the same list.
type offerKey struct {
	name, cluster, version, authority string
	kind                              Kind
}

// offered returns the list of a backend and has it refreshed if it is due; nil
// where none can be fetched.
func (a *attempt) offered(b *Backend) *listing.List {
	if !a.x.lists {
		return nil
	}
	key := offerKey{b.Name, b.Cluster, b.Version, "", b.Kind}
	if a.settings.Authority == "heald" {
		key.authority = b.authority()
	}
	o := &a.x.offers
	o.mu.Lock()
	i := slices.IndexFunc(o.lists, func(have offer) bool { return have.of == key })
	if i < 0 {
		if len(o.lists) >= listedBackends {
			o.mu.Unlock()
			return nil
		}
		i = len(o.lists)
		o.lists = append(o.lists, offer{key, a.x.newList(key)})
	}
	list := o.lists[i].list
	o.mu.Unlock()
	list.Refresh()
	return list
}

// awaitOffers has the lists of all backends refreshed, and gives the first ones
// a moment to come.
func (a *attempt) awaitOffers() {
	var lists []*listing.List
	for i := range a.backends {
		if l := a.offered(&a.backends[i]); l != nil {
			lists = append(lists, l)
		}
	}
	timeout := make(chan time.Time)
	timer := time.AfterFunc(firstList, func() { close(timeout) })
	defer timer.Stop()
	for _, l := range lists {
		l.Wait(timeout)
	}
}

// learnOf has the list of the attempt's backend refreshed if the model is not in
// the table. It does not wait: what is learned serves later requests.
func (a *attempt) learnOf() {
	if !a.x.owned.Knows(a.model) {
		a.offered(a.backend)
	}
}

// newList makes the list of a backend.
func (x *Exchange) newList(of offerKey) *listing.List {
	return listing.New(func(ctx context.Context) ([]listing.Model, error) { return x.fetchList(ctx, of) },
		func(err error) {
			if err == nil {
				x.learnOffers()
				return
			}
			x.log.Warn("the list of models could not be fetched: heald's own table is used, and the list that was fetched last (said once)",
				zap.String("backend", of.name), zap.String("error", x.forLog(err.Error())))
		})
}

// fetchList fetches the list of a backend, of another account where one is
// refused.
func (x *Exchange) fetchList(ctx context.Context, of offerKey) ([]listing.Model, error) {
	var tried []string
	for {
		account := x.pool.Choose(of.name, "", tried, nil)
		if account == nil {
			return nil, errors.New("the backend has no account")
		}
		if why := account.Unusable(); why != "" {
			return nil, errors.New("account " + account.ID + ": " + why)
		}
		name, value := account.Header()
		models, err := x.fetchPages(ctx, of, policies.Header{Name: name, Value: value})
		tried = append(tried, account.ID)
		if !ofAccount(err) || len(tried) >= listAccounts || !x.pool.Untried(of.name, "", tried) {
			return models, err
		}
	}
}

// ofAccount reports an error that another account may not meet.
func ofAccount(err error) bool {
	var refusal *resume.Refusal
	return errors.As(err, &refusal) && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, refusal.Status)
}

// fetchPages fetches all pages of a list with one credential.
func (x *Exchange) fetchPages(ctx context.Context, of offerKey, credential policies.Header) (all []listing.Model, err error) {
	target := gemini.Target{Version: of.version}
	if of.kind == Vertex {
		target.Kind = gemini.Vertex
	}
	token := ""
	for range listPages {
		page, err := x.rest.Get(ctx, &policies.Forward{
			Cluster: of.cluster, Path: target.ListPath(token), Authority: of.authority,
			Set: policies.Headers{{Name: "accept", Value: "application/json"}, {Name: "user-agent", Value: "heald"}, credential},
		}, listBytes)
		if err != nil {
			return nil, err
		}
		models, next, err := listing.Parse(page)
		if err != nil {
			return nil, err
		}
		all = append(all, models...)
		switch {
		case len(all) > listModels:
			return nil, errors.New("the list has too many models")
		case next == "":
			return all, nil
		}
		token = next
	}
	return nil, errors.New("the list has too many pages")
}

// learnOffers makes the table anew after a list has come.
func (x *Exchange) learnOffers() {
	x.offers.mu.Lock()
	defer x.offers.mu.Unlock()
	known := gemini.DefaultTable
	for _, o := range x.offers.lists {
		known = withOffered(known, o.list.Models())
	}
	table, _ := x.cfg.Models.table(known) // New has seen the errors
	x.table.Store(&table)
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
