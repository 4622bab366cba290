package observed

import (
	"os"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}
