package listing

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// keep is how long a list is not fetched again.
	keep = 10 * time.Minute
	// retry is how long a list is not fetched again after that has failed.
	retry = time.Minute
	// fetchTime bounds one fetch, all pages together.
	fetchTime = 20 * time.Second
)

// List is the list of models of one backend. It is safe for concurrent use.
type List struct {
	fetch   func(context.Context) ([]Model, error)
	onError func(error)

	tried chan struct{} // closed once the first fetch has ended
	once  sync.Once     // closes it

	mu     sync.Mutex // guards the rest
	models []Model
	due    time.Time // when it is fetched again, if it is asked for
	busy   bool      // it is being fetched
	failed bool      // the last fetch
}

// New makes a list that fetch reads. onError is called with nil for each new
// list, and with the error of the first of several consecutive failures.
func New(fetch func(context.Context) ([]Model, error), onError func(error)) *List {
	return &List{fetch: fetch, onError: onError, tried: make(chan struct{})}
}

// Models returns what the last fetch brought, without waiting; nil if there was
// none. The result is not to be changed.
func (l *List) Models() []Model {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.models
}

// Refresh fetches the list in the background if it is due.
func (l *List) Refresh() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy || time.Now().Before(l.due) {
		return
	}
	l.busy = true
	go l.refresh() // one at a time; ends by fetchTime
}

// Wait waits for the end of the first fetch, or for timeout.
func (l *List) Wait(timeout <-chan time.Time) {
	select {
	case <-l.tried:
	case <-timeout:
	}
}

func (l *List) refresh() {
	models, err := l.get()
	l.mu.Lock()
	known := l.failed && err != nil
	l.failed = err != nil
	if l.due = time.Now().Add(retry); err == nil {
		l.models, l.due = models, time.Now().Add(keep)
	}
	l.mu.Unlock()
	if !known {
		l.onError(err)
	}
	l.once.Do(func() { close(l.tried) })
	l.mu.Lock()
	l.busy = false
	l.mu.Unlock()
}

// get fetches the list. A panic on this goroutine would end the process.
func (l *List) get() (models []Model, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	return l.fetch(ctx)
}
