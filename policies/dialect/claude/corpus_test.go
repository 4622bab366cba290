package claude

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

// refused reports whether err is one that a request which the original service
// accepted may have here: it asks for what has no equivalent upstream.
func refused(err error) bool {
	var known *conversation.Error
	return errors.As(err, &known) && known.Kind == conversation.ErrUnsupported
}

func TestRecordedRequests(t *testing.T) {
	decoded := 0
	dialecttest.Corpus(t, "anthropic_requests.jsonl.gz", func(row dialecttest.Recorded) {
		if row.Status >= 400 || strings.Contains(row.Body, `"prompt"`) && !strings.Contains(row.Body, `"messages"`) {
			return // refused there, or the API before Messages
		}
		path, _, _ := strings.Cut(row.Path, "?")
		route, ok := New().Match("POST", path)
		if !ok {
			route = dialect.Route{Model: row.Model} // other clouds name it in the path
			if route.Model == "" {
				route.Model = path
			}
		}
		req, err := New().Decode(route, nil, []byte(row.Body))
		if refused(err) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", row.ID, err)
			return
		}
		decoded++
		for _, w := range req.Warnings {
			if strings.HasPrefix(w.Why, "unknown") {
				t.Errorf("%s: %s: %s", row.ID, w.Field, w.Why)
			}
		}
	})
	if decoded < 400 && !t.Failed() {
		t.Errorf("only %d requests decoded", decoded)
	}
}

// The grammar that our streams are held to must be the one of real streams.
func TestRecordedStreams(t *testing.T) {
	dialecttest.Corpus(t, "anthropic_streams.jsonl.gz", func(row dialecttest.Recorded) {
		if !strings.HasPrefix(row.Provenance, "recorded") || !strings.HasPrefix(row.Body, "event: message_start") {
			return // not a recording, or one in the framing of another cloud
		}
		body := strings.ReplaceAll(row.Body, "\r\n", "\n")
		if err := checkGrammar(body, false); err != nil {
			t.Errorf("%s: %v", row.ID, err)
		}
	})
}
