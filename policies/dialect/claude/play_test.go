package claude

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

// predictable returns a dialect whose ids repeat from run to run.
func predictable() *Dialect { return &Dialect{random: dialecttest.Random()} }

// encode plays events to an encoder for req, streaming or not.
func encode(t testing.TB, req conversation.Request, events []conversation.Event, stream bool) []byte {
	t.Helper()
	return dialecttest.Reply(t, predictable(), req, events, stream)
}

func withoutPings(stream string) string {
	events := strings.SplitAfter(stream, "\n\n")
	return strings.Join(slices.DeleteFunc(events, func(e string) bool { return strings.HasPrefix(e, "event: ping\n") }), "")
}
