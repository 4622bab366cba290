package redis

import (
	"testing"

	"go.uber.org/goleak"
)

// No store may leave a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
