package chat

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

// refusals are what a request that its own service accepted may be refused
// for: it asks for what has no equivalent upstream.
var refusals = []string{
	"n: not supported",
	"file.file_id: not supported",
	"audio: not supported",
}

// Every request that its service accepted must be read, or refused for a
// reason that is known.
func TestRecordedRequests(t *testing.T) {
	decoded, refused, unknown := 0, map[string]int{}, map[string]int{}
	dialecttest.Corpus(t, "openai_chat_requests.jsonl.gz", func(row dialecttest.Recorded) {
		if row.Status >= 300 {
			return
		}
		route := dialect.Route{Model: row.Model} // some services name it in the path
		req, err := New(Config{}).Decode(route, nil, []byte(row.Body))
		if err == nil {
			decoded++
			checkRequest(t, req)
			for _, w := range req.Warnings {
				if strings.HasPrefix(w.Why, "unknown") {
					unknown[w.Field]++
				}
			}
			return
		}
		var known *conversation.Error
		if !errors.As(err, &known) {
			t.Fatalf("%s: %v", row.ID, err)
		}
		refused[known.Message]++
		if known.Kind != conversation.ErrUnsupported ||
			!slices.ContainsFunc(refusals, func(r string) bool { return strings.Contains(known.Message, r) }) {
			t.Errorf("%s: %v", row.ID, err)
		}
	})
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		t.Logf("refused %d times: %s", refused[reason], reason)
	}
	for _, field := range slices.Sorted(maps.Keys(unknown)) {
		t.Logf("unknown field %d times: %s", unknown[field], field)
	}
	t.Logf("decoded %d", decoded)
	if decoded < 800 {
		t.Errorf("only %d requests decoded", decoded)
	}
}

// The grammar that our streams are held to must be the one of real streams.
func TestRecordedStreams(t *testing.T) {
	checked := 0
	dialecttest.Corpus(t, "openai_chat_streams.jsonl.gz", func(row dialecttest.Recorded) {
		if row.Provider != "openai" || !strings.HasPrefix(row.Provenance, "recorded") ||
			!strings.HasPrefix(row.Body, `data: {"id":"chatcmpl-`) {
			return // an error, or a copy of the API
		}
		body := strings.TrimRight(strings.ReplaceAll(row.Body, "\r\n", "\n"), "\n") + "\n\n"
		asked := strings.Contains(body, `"choices":[],"usage":{`)
		if strings.Count(body, streamDone) != 1 || asked != strings.Contains(body, `"usage":null`) {
			return // cut by the recorder
		}
		if strings.Contains(body, `{"index":1,"delta"`) || strings.Contains(body, `"moderation":{`) {
			return // asked for what is not offered here
		}
		checked++
		if err := checkGrammar(body, false, asked); err != nil {
			t.Errorf("%s: %v", row.ID, err)
		}
	})
	t.Logf("checked %d", checked)
	if checked < 50 && !t.Failed() {
		t.Errorf("only %d streams checked", checked)
	}
}
