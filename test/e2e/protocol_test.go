package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// bothKinds runs a test for a client that wants a stream and for one that
// wants a document.
func bothKinds(t *testing.T, test func(t *testing.T, stream bool)) {
	t.Run("stream", func(t *testing.T) { test(t, true) })
	t.Run("json", func(t *testing.T) { test(t, false) })
}

func TestProtocols(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version})
		for _, p := range stack.Protocols {
			t.Run(string(p), func(t *testing.T) {
				bothKinds(t, func(t *testing.T, stream bool) { oneTurn(t, s, p, stream) })
				t.Run("at once", func(t *testing.T) { manyTurns(t, s, stack.NewClient(t, p)) })
			})
		}
	})
}

// oneTurn asks once, with a failure on the way.
func oneTurn(t *testing.T, s *stack.Stack, p stack.Protocol, stream bool) {
	s.Fake().Reset()
	s.Fake().Enqueue(fakegemini.EmptyOK())
	got := s.PostAs(patient(t), stack.NewClient(t, p), messages, strings.NewReader(turn(model, "hello", stream)))
	if text, err := answerText(got, stream); err != nil || text != good {
		t.Errorf("got %q, %v", text, err)
	}
	if want := map[stack.Protocol]string{stack.HTTP1: "HTTP/1.1", stack.HTTP2: "HTTP/2.0"}[p]; got.Proto != want {
		t.Errorf("the answer came by %s, not %s", got.Proto, want)
	}
	if n := len(s.Fake().Requests()); n != 2 {
		t.Errorf("%d upstream calls, want 2", n)
	}
	s.Settle()
}

// manyTurns asks many things at once; every client must get its own answer.
func manyTurns(t *testing.T, s *stack.Stack, c *http.Client) {
	ctx := patient(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			stream := i%2 == 0
			got := s.PostAs(ctx, c, messages, strings.NewReader(turn(model, fmt.Sprintf("number %d", i), stream)))
			if text, err := answerText(got, stream); err != nil || text != fmt.Sprintf("You said: number %d", i) {
				t.Errorf("client %d got %q, %v", i, text, err)
			}
		})
	}
	wg.Wait()
	s.Settle()
}
