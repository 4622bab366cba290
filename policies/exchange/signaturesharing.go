package exchange

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/state"
)

// signatureSharing stores the signatures of conversations in the store of all
// replicas, so that each of them finds the signatures that clients lose. It
// stores a conversation as a whole, some time after a change: no request waits
// for it, and later changes are included. A goroutine stores one at a time; it
// starts with the first and ends when none is left, or with close.
type signatureSharing struct {
	x *Exchange

	mu      sync.Mutex
	queue   []heal.ConversationID
	queued  map[heal.ConversationID]bool
	running bool
	closed  bool
	work    sync.WaitGroup
	ctx     context.Context // of the calls
	cancel  context.CancelFunc
}

const (
	// mostSharing bounds the conversations that wait to be stored.
	mostSharing = 1000
	// lastSharing bounds how long close waits for them.
	lastSharing = time.Second
)

func newSignatureSharing(x *Exchange) *signatureSharing {
	s := &signatureSharing{x: x, queued: map[heal.ConversationID]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// enqueue queues a conversation. It never blocks, and drops the conversation if
// the queue is full.
func (s *signatureSharing) enqueue(id heal.ConversationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.queued[id]:
	case s.closed || len(s.queue) >= mostSharing:
		s.count(heal.SignatureDropped)
	default:
		s.queue, s.queued[id] = append(s.queue, id), true
		if !s.running {
			s.running = true
			s.work.Go(s.run)
		}
	}
}

// run stores the queued conversations.
func (s *signatureSharing) run() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.running, s.queue = false, nil
			s.mu.Unlock()
			return
		}
		id := s.queue[0]
		s.queue = s.queue[1:]
		delete(s.queued, id) // what changes from now on is put again
		s.mu.Unlock()
		s.store(id)
	}
}

func (s *signatureSharing) store(id heal.ConversationID) {
	ctx, cancel := context.WithTimeout(s.ctx, storeTime)
	defer cancel()
	err := s.x.store.Put(ctx, keyOfConversation(id), s.x.signatures.Sealed(s.x.key, id), heal.SharedFor)
	if err != nil {
		s.count(heal.SignatureFailed)
		s.x.log.Debug("the store did not take the signatures of a conversation", zap.Error(err))
		return
	}
	s.count(heal.SignatureToStore)
}

// fetch reads a conversation from the store. ok is false if the store fails,
// which must not fail a request.
func (s *signatureSharing) fetch(ctx context.Context, id heal.ConversationID) (sealed []byte, ok bool) {
	limited, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	sealed, err := s.x.store.Get(limited, keyOfConversation(id))
	if err != nil && ctx.Err() == nil {
		s.count(heal.SignatureFailed)
		s.x.log.Debug("the store does not tell the signatures of a conversation", zap.Error(err))
	}
	return sealed, err == nil
}

func keyOfConversation(id heal.ConversationID) state.Key {
	return state.Key{Tenant: id.Tenant, Space: state.Signatures, ID: id.String()}
}

func (s *signatureSharing) count(result string) {
	s.x.metrics.signatures.WithLabelValues(result).Inc()
}

// close stores the queued conversations, for lastSharing at most. On nil it does
// nothing.
func (s *signatureSharing) close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	late := time.AfterFunc(lastSharing, s.cancel)
	s.work.Wait()
	late.Stop()
	s.cancel()
}

// findSignatures opens the carriers of the history and restores those that were
// lost. The store is asked only for models that require the signatures of calls,
// and only as long as signatures are sent at all.
func (a *attempt) findSignatures(ctx context.Context) {
	a.thread = a.x.signatures.Thread(a.caller.Tenant.Name, a.req)
	s := a.x.sharing
	if s == nil {
		a.carriers().Verify(a.req)
		return
	}
	a.thread.Share(s.enqueue)
	if a.repairs().Has(heal.StripSignatures) || !a.x.catalog.Table().Capabilities(a.model).StrictSignatures {
		a.carriers().Verify(a.req)
		return
	}
	a.carriers().VerifyShared(a.req, func(id heal.ConversationID) ([]byte, bool) { return s.fetch(ctx, id) })
}
