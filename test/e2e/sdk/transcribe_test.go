package sdk

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// OpenAI's SDKs send a recording and get a transcript: as a document, with its
// language, and as a stream. The first reply is none.
func TestTranscriptions(t *testing.T) {
	s := stack.Start(t, stack.Options{})
	sound := []byte("RIFF\x24\x00\x00\x00WAVEfmt \x00\xff")
	for _, name := range []string{"python/openai-chat", "npm/openai-chat"} {
		t.Run(name, func(t *testing.T) {
			s.Fakes["a"].Reset()
			spoken := fakegemini.Text("Good ", "morning.")
			s.Fakes["a"].Enqueue(fakegemini.EmptyOK(), spoken, spoken, spoken)
			got := start(t, s.URL, command(t, name)).do(t, task{Do: "transcribe", Sound: sound})
			if got.Error != nil {
				t.Fatalf("raised %s %d: %s", got.Error.Class, got.Error.Status, got.Error.Message)
			}
			if want := "Good morning.|Good morning.|en|Good morning.|Good morning."; got.Text != want || got.Tokens == 0 || got.Chunks < 2 {
				t.Errorf("got %+v, want %s", got, want)
			}
			for _, r := range s.Fakes["a"].Requests() {
				if r.Rejected != "" || !strings.Contains(string(r.Body), `"mimeType":"audio/wav"`) {
					t.Errorf("upstream got %q: %s", r.Rejected, r.Body)
				}
			}
		})
	}
}
