package exchange

import (
	"context"

	"github.com/heald-proxy/heald/policies"
)

// collectShare is the part of the bound that bodies may take while they arrive,
// as a divisor. The rest is for making requests of them, which takes more, and
// gives the room back sooner. Beyond it one body at a time grows: a slow client
// may be the one, but what the others have is finished all the same.
const collectShare = 4

// arriving is a body that still arrives.
type arriving struct {
	bytes int64 // taken for it; 0 for a short one
	alone bool  // it is the one that may grow beyond collectShare
}

// Collect takes the room for n bytes of a body that still arrives, and none
// for what was only announced: clients may send slowly, or stop.
func (a *attempt) Collect(ctx context.Context, n int) *policies.Reply {
	if reply := a.checkLength(n); reply != nil {
		return reply
	}
	f := a.share.of
	if f == nil {
		return nil
	}
	take := func() bool { return a.share.setBody(int64(n), a.isNew()) }
	more := int64(n) - a.arriving.bytes
	all, limit := f.collected.Add(more), f.limit.Load()
	if limit > 0 && all > limit/collectShare || !take() {
		if reply := a.wait(&f.growing, func() bool { return a.growAlone(ctx, take) }); reply != nil {
			f.collected.Add(-more)
			return reply
		}
	}
	a.arriving.bytes = int64(n)
	return nil
}

// growAlone waits until no other body grows, and then for the room.
func (a *attempt) growAlone(ctx context.Context, take func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	w := &a.share.of.growing
	a.arriving.alone = a.arriving.alone || w.begin(ctx)
	return a.arriving.alone && w.room(ctx, take)
}

// collected notes that nothing more of the body arrives.
func (a *attempt) collected() {
	if a.arriving.bytes > 0 {
		a.share.of.collected.Add(-a.arriving.bytes)
	}
	if a.arriving.alone {
		a.share.of.growing.end()
	}
	a.arriving = arriving{}
}
