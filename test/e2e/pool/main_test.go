package pool

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // a Redis that is killed is no news here
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// silent is a log that nobody reads.
type silent struct{}

// Printf is that of go-redis's loggers.
func (silent) Printf(context.Context, string, ...any) {}

// patience bounds every wait for something that must happen; a test that reaches
// it has failed.
const patience = 2 * time.Minute

// sized is a number for tests that run with all others, or the one of make load.
func sized[T any](short, long T) T {
	if os.Getenv("HEALD_LOAD") == "long" {
		return long
	}
	return short
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, most time.Duration, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(most); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", most, what)
		}
	}
}
