package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/state"
)

// With memory: store the memory between attempts is in the state store, by tenant,
// request id and body: clients may use an id twice. The store also counts the
// attempts that replicas have begun: all of them where Envoy does not tell their
// number, else those after the first. So an attempt that Envoy calls the first asks
// the store nothing.
//
// Where Envoy tells no number, several requests of one id and body at the same time
// cannot be told from attempts of one, and the third is refused as attempts_lost.
// They only come where the outer listener keeps ids of clients, which no form does
// that heald ships.

// stored is the state of an attempt's memory in the store.
type stored struct {
	body  string // checksum of the client's; "" where nothing can be kept
	begun int    // attempts with this body that were counted, with this one
	ended int    // those of them that belong to earlier requests with the same id
}

// storedMemory is the value in the store.
type storedMemory struct {
	Ended  int    `json:"e,omitempty"` // see stored
	Sealed string `json:"m,omitempty"` // none once the request has ended
}

const (
	// storedFor is how long a memory is kept beyond the time that the next
	// attempt may take: it is needed again if that attempt is lost.
	storedFor = time.Minute
	// storeTime bounds a call to the store, which has a shorter bound of its own
	// if it is a shared one.
	storeTime = 250 * time.Millisecond
)

// recallStored reads the memory from the store. A memory that cannot be read is
// ignored, and lost attempts are then unknown: a failing store must not fail a
// request.
func (a *attempt) recallStored(ctx context.Context, body []byte) *policies.Reply {
	if !a.settings.StoresMemory() {
		return nil
	}
	if a.requestID() == "" {
		a.warnMissingID()
		return a.checkLost()
	}
	a.stored.body = checksum(body)
	if a.numbered && a.number == 1 {
		return nil
	}
	kept, err := a.askStore(ctx)
	if ctx.Err() != nil {
		return a.refuseGone()
	}
	if !a.numbered {
		a.number = min(max(a.stored.begun-a.stored.ended, 1), mostAttempts)
	}
	a.unknown = a.without(0)
	if err != nil {
		a.x.metrics.memory.WithLabelValues("store_failed").Inc()
		a.logger().Debug("the store does not tell all of earlier attempts", zap.Error(err))
	}
	switch {
	case kept == nil || kept.Sealed == "":
		if err == nil {
			a.checkID()
			a.missing()
			a.lost = a.lostByStore(0)
		}
	default:
		a.adoptStored(kept, err == nil)
	}
	return a.checkLost()
}

// adoptStored takes over the memory from the store. Unless sure, other attempts
// may have left something newer.
func (a *attempt) adoptStored(kept *storedMemory, sure bool) {
	m := a.openMemory(kept.Sealed)
	switch {
	case m == nil:
		return
	case a.numbered && m.Known() >= a.number:
		a.ofAnother()
		return
	}
	a.x.ids.stay(a.bodyKey(), checksum([]byte(a.requestID())))
	a.adoptMemory(m)
	if sure {
		a.lost = a.lostByStore(m.Known())
	}
}

// ofAnother logs a memory that another request with the same id has left.
func (a *attempt) ofAnother() {
	a.x.metrics.memory.WithLabelValues("other_request").Inc()
	a.logger().Warn("memory of earlier attempts was ignored: it is of another request with the same " + policies.HeaderRequestID)
}

// lostByStore is how many earlier attempts were lost, if known have left a
// memory. Envoy's count alone would include attempts that reached no replica:
// without its Lua filter those are not counted apart.
func (a *attempt) lostByStore(known int) int {
	if !a.numbered {
		return a.unknown
	}
	return max(min(a.unknown, a.stored.begun-known), 0) // the first was not counted, and this one was
}

// askStore counts the attempt and reads the memory of the one before, in one
// round trip. nil means none.
func (a *attempt) askStore(ctx context.Context) (*storedMemory, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	var begun int64
	var countErr error
	var counting sync.WaitGroup
	counting.Go(func() { // ends with ctx
		key := a.storeKey()
		key.ID += "/n"
		begun, countErr = a.x.store.Count(ctx, key, a.storeLife(0))
	})
	value, err := a.x.store.Get(ctx, a.storeKey())
	counting.Wait()
	a.stored.begun = int(min(max(begun, 0), 1<<30))
	if err == nil {
		err = countErr
	}
	var kept storedMemory
	if value == nil || json.Unmarshal(value, &kept) != nil {
		return nil, err
	}
	// A counter that has ended and begun anew says nothing of those before.
	if kept.Ended < a.stored.begun {
		a.stored.ended = kept.Ended
	}
	return &kept, err
}

// storeMemory stores the sealed memory for the attempt after wait.
func (a *attempt) storeMemory(sealed string, wait time.Duration) {
	if a.stored.body == "" {
		return
	}
	a.x.ids.ask(a.bodyKey(), checksum([]byte(a.requestID())), wait)
	a.putMemory(storedMemory{Ended: a.stored.ended, Sealed: sealed}, a.storeLife(wait))
}

// keepEnd records that the request has ended, where Envoy does not count
// attempts: the next attempt with its id and body belongs to a new request.
func (a *attempt) keepEnd() {
	if a.numbered || a.stored.begun == 0 {
		return
	}
	a.putMemory(storedMemory{Ended: a.stored.begun}, a.storeLife(0))
}

// putMemory does not use the client's context: Envoy may ask again although the
// client's stream has ended.
func (a *attempt) putMemory(m storedMemory, life time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	value, err := json.Marshal(m)
	if err == nil {
		err = a.x.store.Put(ctx, a.storeKey(), value, life)
	}
	if err != nil {
		a.x.metrics.memory.WithLabelValues("not_stored").Inc()
		a.logger().Debug("the store did not take the memory for the next attempt", zap.Error(err))
	}
}

// storeLife is how long something is kept for the next attempt: until that one
// is over.
func (a *attempt) storeLife(wait time.Duration) time.Duration {
	return wait + a.settings.MaxWait + a.settings.Peek.Timeout + storedFor
}

// storeKey is the request's key. The id and the body come from a client and may be
// of any length.
func (a *attempt) storeKey() state.Key {
	return state.Key{Tenant: a.caller.Tenant.Name, Space: state.Attempts, ID: checksum([]byte(a.requestID())) + "/" + a.stored.body}
}

// checksum is the same at all replicas.
func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

func (a *attempt) warnMissingID() {
	a.x.metrics.memory.WithLabelValues("no_id").Inc()
	a.x.missingID.Do(func() {
		a.x.log.Warn("request ids are missing: with memory: store the attempts of a request have nothing to find its memory by, and each begins anew; " +
			"have the outer listener set " + policies.HeaderRequestID + " (generate_request_id; said once)")
	})
}
