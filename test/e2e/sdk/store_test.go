package sdk

import (
	"slices"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Vercel's AI SDK, used as it comes, refers to reasoning that it believes to be
// stored. A loop of tools does without: upstream sees the stand-in for the
// signatures, which are lost.
func TestAISDKThatBelievesInAStore(t *testing.T) {
	cmd := npmProgram(t, "ai.mjs", "stored")
	s := stack.Start(t, stack.Options{Fake: fakegemini.Options{}})
	running := start(t, s.URL, cmd)
	for _, do := range []string{"tools", "tools_stream"} {
		s.Fake().Reset()
		s.Fake().Enqueue(threeSteps()...)
		got := running.do(t, task{Do: do, Prompt: "How is the weather?"})
		if got.Error != nil || !slices.Equal(got.Calls, loopCalls) {
			t.Errorf("%s: %+v, want calls %q", do, got, loopCalls)
		}
		for _, r := range s.Fake().Requests() {
			if r.Rejected != "" {
				t.Errorf("%s: refused upstream: %s\n%s", do, r.Rejected, r.Body)
			}
		}
	}
}
