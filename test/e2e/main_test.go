package e2e

import (
	"os"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// everyEnvoy runs a test against each Envoy that heald supports.
func everyEnvoy(t *testing.T, test func(t *testing.T, version string)) {
	for _, v := range locate.Versions {
		t.Run("envoy-"+v, func(t *testing.T) { test(t, v) })
	}
}

// everyEnvoyAtOnce is everyEnvoy for tests that keep less than one core busy
// with each. Nothing else runs at the same time, as it might with -parallel.
func everyEnvoyAtOnce(t *testing.T, test func(t *testing.T, version string)) {
	var wg sync.WaitGroup
	for _, v := range locate.Versions {
		wg.Go(func() {
			t.Run("envoy-"+v, func(t *testing.T) { test(t, v) })
		})
	}
	wg.Wait()
}

// plays reports whether the i-th variant of a long test is played against a
// release of Envoy: all against the current one, every second one against the
// one before. What is played to both is Envoy's behavior, not the variant's.
func plays(version string, i int) bool { return version == locate.Versions[0] || i%2 == 0 }

const (
	messages = "/v1/messages"
	plain    = `{"model":"gemini-3.5-flash","max_tokens":1000,"stream":false,"messages":[{"role":"user","content":"hello"}]}`
	streamed = `{"model":"gemini-3.5-flash","max_tokens":1000,"stream":true,"messages":[{"role":"user","content":"hello"}]}`
)
