package responses

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
	decoded, unsupported := 0, 0
	dialecttest.Corpus(t, "openai_responses_requests.jsonl.gz", func(row dialecttest.Recorded) {
		if row.Status >= 400 || strings.HasSuffix(row.Path, "/compact") {
			return
		}
		req, err := New().Decode(dialect.Route{}, nil, []byte(row.Body))
		if err != nil && strings.HasSuffix(err.Error(), nothingToAnswer) {
			return // the original service answers empty messages
		}
		if refused(err) {
			unsupported++
			t.Logf("%s: %v", row.ID, err)
			return
		}
		if err != nil {
			t.Errorf("%s: %v", row.ID, err)
			return
		}
		decoded++
		for _, w := range req.Warnings {
			if strings.Contains(w.Why, "unknown") {
				t.Errorf("%s: %s: %s", row.ID, w.Field, w.Why)
			}
		}
	})
	if decoded < 400 && !t.Failed() {
		t.Errorf("only %d requests decoded, %d refused", decoded, unsupported)
	}
}

// The grammar that our streams are held to must be the one of real streams.
func TestRecordedStreams(t *testing.T) {
	checked := 0
	dialecttest.Corpus(t, "openai_responses_streams.jsonl.gz", func(row dialecttest.Recorded) {
		if row.Provider != "openai" || !strings.HasPrefix(row.Provenance, "recorded") || !strings.HasPrefix(row.Body, "event: response.created\n") {
			return // not a recording, or of a service that speaks the API in its own way
		}
		checked++
		if _, err := checkGrammar(row.Body, false); err != nil {
			t.Errorf("%s: %v", row.ID, err)
		}
	})
	if checked < 100 && !t.Failed() {
		t.Errorf("only %d streams checked", checked)
	}
}
