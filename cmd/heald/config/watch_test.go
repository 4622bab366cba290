package config

import (
	"context"
	"errors"
	"testing"

	"github.com/fsnotify/fsnotify"
)

// Lost events are a change, since one may be among them; only what ends the
// watching ends it.
func TestFollow(t *testing.T) {
	broken := errors.New("no more watches")
	for _, c := range []struct {
		name    string
		event   fsnotify.Op // 0 for none
		fault   error
		changes int
		err     error
	}{
		{name: "write", event: fsnotify.Write, changes: 1},
		{name: "a link is swapped", event: fsnotify.Create, changes: 1},
		{name: "chmod", event: fsnotify.Chmod},
		{name: "overflow", fault: fsnotify.ErrEventOverflow, changes: 1},
		{name: "fault", fault: broken, err: broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			events, faults := make(chan fsnotify.Event), make(chan error)
			changes, ended := 0, make(chan error, 1)
			go func() { ended <- follow(ctx, events, faults, func() { changes++ }) }()
			if c.event != 0 {
				events <- fsnotify.Event{Name: "heald.yaml", Op: c.event}
			}
			if c.fault != nil {
				faults <- c.fault
			}
			if c.err == nil {
				select {
				case events <- fsnotify.Event{Op: fsnotify.Chmod}:
				case err := <-ended:
					t.Fatalf("follows no longer: %v", err)
				}
				stop()
			}
			if err := <-ended; !errors.Is(err, c.err) || changes != c.changes {
				t.Errorf("%d changes, %v; want %d, %v", changes, err, c.changes, c.err)
			}
			stop()
		})
	}
}
