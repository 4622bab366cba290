package simulate

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// goodWithin is in which time an answer must begin.
const goodWithin = 30 * time.Second

// Amount is how much of the load is meant: what limits count.
type Amount struct {
	Requests int64 `json:"requests"`
	Tokens   int64 `json:"tokens"` // input
	Held     int64 `json:"held"`   // milliseconds in which an answer takes a place
}

// amount is a request's own.
func (r *Request) amount() Amount { return Amount{1, r.Input, (r.Content + r.Stream).Milliseconds()} }

func (a Amount) plus(b Amount) Amount {
	return Amount{a.Requests + b.Requests, a.Tokens + b.Tokens, a.Held + b.Held}
}

// each lists the three.
func (a Amount) each() [3]int64 { return [3]int64{a.Requests, a.Tokens, a.Held} }

// of is a's share of b in the unit in which that is largest. If b is an upper
// bound in each unit, no policy can have more than 1.
func (a Amount) of(b Amount) float64 {
	share := 0.
	for i, n := range b.each() {
		if n > 0 {
			share = max(share, float64(a.each()[i])/float64(n))
		}
	}
	return share
}

// least is a's share of b in the unit in which that is smallest.
func (a Amount) least(b Amount) float64 {
	share := 1.
	for i, n := range b.each() {
		if n > 0 {
			share = min(share, float64(a.each()[i])/float64(n))
		}
	}
	return share
}

// UpperBound is the largest number of answers that any policy can begin in
// time: in each unit, the largest flow over request × project × minute, from
// the requests through the minutes in which a project could answer them in
// time, each minute as wide as the project's limits.
//
// What holds in any 60 seconds holds in any way to cut time into minutes, so the
// smallest flow of four cuts counts. Requests may be split, and be known ahead:
// no real policy can, so the bound is not always reachable. What is answered after
// the last arrival (for time: what has not ended by then) does not count, here and in
// what is compared with the bound: it would be the work of an eleventh minute in a
// load of ten. A bound of requests
// serves small ones first where tokens are short, hence the units of their own.
func UpperBound(s *Scenario, requests []*Request) Amount {
	cuts := []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second}
	if s.FixedMinutes {
		cuts = cuts[:1]
	}
	bound := Amount{math.MaxInt64, math.MaxInt64, math.MaxInt64}
	for _, cut := range cuts {
		b := &bounder{s: s, cut: cut}
		bound.Requests = min(bound.Requests, b.flow(requests, unitRequests))
		bound.Tokens = min(bound.Tokens, b.flow(requests, unitTokens))
		bound.Held = min(bound.Held, b.flow(requests, unitHeld))
	}
	return bound
}

// unit is an index of Amount.each.
type unit int

const (
	unitRequests unit = iota
	unitTokens
	unitHeld
)

// bounder finds the bound for one way to cut time into minutes.
type bounder struct {
	s   *Scenario
	cut time.Duration
}

// cell is a project's minute for a model.
type cell struct{ project, model, minute int }

func (b *bounder) flow(requests []*Request, u unit) int64 {
	// Requests that could be answered in the same cells are one node.
	groups := map[string]int64{}
	for _, r := range requests {
		var where []byte
		for _, c := range b.reach(r, u) {
			for _, n := range []int{c.project, c.model, c.minute} {
				where = binary.AppendUvarint(where, uint64(n))
			}
		}
		groups[string(where)] += r.amount().each()[u]
	}
	f := newFlow()
	cells, days := map[cell]int{}, map[cell]int{}
	for where, amount := range groups {
		node := f.node()
		f.pipe(flowSource, node, amount)
		for rest := []byte(where); len(rest) > 0; {
			var c cell
			for _, n := range []*int{&c.project, &c.model, &c.minute} {
				v, length := binary.Uvarint(rest)
				*n, rest = int(v), rest[length:]
			}
			if _, ok := cells[c]; !ok {
				cells[c] = f.node()
				room := f.node()
				f.pipe(cells[c], room, b.room(c, u))
				for _, day := range b.days(f, days, c, u) {
					f.pipe(room, day, unlimited)
				}
			}
			f.pipe(node, cells[c], amount)
		}
	}
	return f.most()
}

// days are the nodes behind a cell: the project's days where they have a limit,
// and both where midnight lies in the minute.
func (b *bounder) days(f *flow, days map[cell]int, c cell, u unit) (nodes []int) {
	limit := b.s.Projects[c.project].Limits.RPD
	if limit == 0 || u != unitRequests {
		return []int{flowSink}
	}
	midnight := 8*time.Hour - b.s.Start // the provider's, on the scenario's clock
	for date, in := range []bool{b.begin(c) < midnight, b.begin(c)+time.Minute > midnight} {
		if !in {
			continue
		}
		day := cell{c.project, c.model, date}
		if _, ok := days[day]; !ok {
			days[day] = f.node()
			f.pipe(days[day], flowSink, limit)
		}
		nodes = append(nodes, days[day])
	}
	return nodes
}

// begin is when a cell begins.
func (b *bounder) begin(c cell) time.Duration { return time.Duration(c.minute)*time.Minute - b.cut }

// reach lists the cells in which a request could be sent (or, for what is held,
// in which its answer could run) so that its content comes in time.
func (b *bounder) reach(r *Request, u unit) []cell {
	var all []cell
	for i := range b.s.Projects {
		p := &b.s.Projects[i]
		// Times at which something changes, and one for each second.
		times := []time.Duration{p.Outage.To, p.Slow.To, min(r.At+goodWithin, b.s.Length) - r.Content}
		for t := r.At; t <= r.At+goodWithin; t += time.Second {
			times = append(times, t)
		}
		for _, t := range times {
			content := time.Duration(float64(r.Content) * p.slowness(t))
			if t < r.At || t+content > min(r.At+goodWithin, b.s.Length) || p.Outage.has(t) || p.Outage.has(t+content) {
				continue
			}
			last := t
			if u == unitHeld {
				if last = t + content + r.Stream; last > b.s.Length {
					continue
				}
			}
			for m := int((t + b.cut) / time.Minute); m <= int((last+b.cut)/time.Minute); m++ {
				if c := (cell{i, r.Model, m}); !slices.Contains(all, c) {
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// room is how much a cell can take.
func (b *bounder) room(c cell, u unit) int64 {
	p := &b.s.Projects[c.project]
	begin := b.begin(c)
	// A limit that drops within the minute may have been used before.
	before, after := p.at(max(begin, 0)), p.at(begin+time.Minute)
	switch u {
	case unitRequests:
		return widest(before.RPM, after.RPM)
	case unitTokens:
		return widest(before.TPM, after.TPM)
	}
	if len(p.Capacity) == 0 {
		return unlimited
	}
	var room int64
	for t := begin; t < begin+time.Minute; t += time.Second {
		// Answers that began before a drop go on; few take longer than that.
		room += 1000 * int64(max(p.capacity(max(t, 0)), p.capacity(max(t-30*time.Second, 0))))
	}
	return room
}

const unlimited = math.MaxInt64 / 4

// widest is the larger of two limits; 0 means none.
func widest(a, b int64) int64 {
	if a == 0 || b == 0 {
		return unlimited
	}
	return max(a, b)
}
