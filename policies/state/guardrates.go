package state

import (
	"context"
	"time"
)

// minute is how long the store counts a request at most.
const minute = Minute + time.Second

// rates are those of a place that this replica may use by itself: its part. For
// a minute after it has lost the store, that is no more than what it had used
// itself and its part of what was free: the use of the others counts as well.
// The lock is held.
func (g *Guard) rates(p *Place, n int) Rates {
	out := Rates{part(p.Rates.Requests, n), part(p.Rates.Tokens, n), part(p.Rates.Day, n)}
	if g.last == nil {
		return out
	}
	key := GroupModel{p.Group, p.Model}
	all, own := g.last.Load[key], g.own[key]
	rest := func(limit, all, own int64) int64 { return max(own+max(limit-all, 0)/int64(n), 1) }
	if time.Since(g.left) < minute {
		out.Requests = min(out.Requests, rest(p.Rates.Requests, all.Requests, own.Requests))
		out.Tokens = min(out.Tokens, rest(p.Rates.Tokens, all.Tokens, own.Tokens))
	}
	if p.DayEnds.Sub(g.left) <= 24*time.Hour && p.Rates.Day > 0 { // the day in which it left
		out.Day = rest(p.Rates.Day, all.Day, own.Day)
	}
	return out
}

// leave records this replica's use of rates when the store stops answering; the
// lock is held.
func (g *Guard) leave() {
	g.left, g.own = g.cfg.Now(), nil
	if local, err := g.local.Snapshot(context.Background()); err == nil {
		g.own = local.Load
	}
}

// rejoined is what the guard keeps of a Want for a minute after it has rejoined
// the store.
type rejoined struct {
	want   *Want
	places []int // of each place of what is asked of the store, the index in want
	full   []Full
}

// within leaves out of a want, for a minute after this replica has rejoined the
// store, the places of which it has used its part: the store does not know what
// the replicas have sent by themselves. nil if the want stands as it is.
func (g *Guard) within(want *Want) *rejoined {
	g.mu.Lock()
	early, n := time.Since(g.back) < minute, g.replicas()
	g.mu.Unlock()
	if !early || n == 1 {
		return nil
	}
	r := &rejoined{want: want}
	for i := range want.Places[:min(len(want.Places), MostPlaces)] {
		p := want.Places[i]
		p.Slots, p.Whole = 0, p.Rates.Tokens
		p.Rates = Rates{Requests: part(p.Rates.Requests, n), Tokens: part(p.Rates.Tokens, n)}
		full, is := g.local.Full(&p)
		if !is {
			r.places = append(r.places, i)
		}
		r.full = append(r.full, full)
	}
	return r
}

// ask is the Want for the store.
func (r *rejoined) ask() *Want {
	out := &Want{Tenant: r.want.Tenant}
	for _, i := range r.places {
		out.Places = append(out.Places, r.want.Places[i])
	}
	return out
}

// taken converts the store's answer to one about the whole want.
func (r *rejoined) taken(t *Taken) {
	full := r.full
	for i, f := range t.Full {
		full[r.places[i]] = f
	}
	if t.Place >= 0 {
		t.Place = r.places[t.Place]
		t.Receipt.Place = &r.want.Places[t.Place]
		full = full[:t.Place]
	}
	if t.Full = nil; t.Tenant == "" && len(full) > 0 {
		t.Full = full
	}
}
