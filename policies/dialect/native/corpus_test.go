package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/gemini"
)

// version is the API version in a recorded path.
var version = regexp.MustCompile(`/(v1[a-z0-9]*)/(?:models|projects|publishers)/`)

// meantToChange are requests that were answered anyway.
var meantToChange = map[string]string{
	"gr-88f9f10d6ae2": "a call without its answer",
	"gr-60c94ecd935f": "an id on the answer alone",
}

// gainedIDs reports whether calls for Gemini 3 got ids, and nothing else happened:
// once such requests were answered without.
func gainedIDs(t *testing.T, body, got []byte) bool {
	id := []byte(`"id":"call_`)
	return bytes.Count(got, id) > bytes.Count(body, id) && reflect.DeepEqual(plain(t, got), plain(t, body))
}

// plain is a request without the ids of calls and without empty texts.
func plain(t *testing.T, body []byte) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	for _, content := range v["contents"].([]any) {
		c := content.(map[string]any)
		c["parts"] = slices.DeleteFunc(c["parts"].([]any), func(part any) bool {
			for _, kind := range []string{"functionCall", "functionResponse"} {
				if f, ok := part.(map[string]any)[kind].(map[string]any); ok {
					delete(f, "id")
				}
			}
			return part.(map[string]any)["text"] == ""
		})
	}
	return v
}

// What the API has answered goes to the API that answered it as the very bytes
// that were recorded.
func TestRecordedRequestsStayAsTheyAre(t *testing.T) {
	same := 0
	dialecttest.Corpus(t, "gemini_requests.jsonl.gz", func(row dialecttest.Recorded) {
		if row.Status != 200 || row.Provider != "gemini" && row.Provider != "vertex" {
			return
		}
		path, query, _ := strings.Cut(row.Path, "?")
		route, ok := New().Match("POST", path)
		if !ok {
			t.Errorf("%s: %s is not matched", row.ID, row.Path)
			return
		}
		route.Query = query
		req, err := New().Decode(route, nil, []byte(row.Body))
		if err != nil {
			t.Errorf("%s: %v", row.ID, err)
			return
		}
		target := gemini.Target{Model: route.Model, Version: version.FindStringSubmatch(path)[1]}
		if row.Provider == "vertex" {
			target.Kind = gemini.Vertex
		}
		body := []byte(row.Body)
		got, headers, err := New().Repair(req, body, target, gemini.Options{Operation: route.Operation})
		if err != nil {
			t.Errorf("%s: %v", row.ID, err)
			return
		}
		if !bytes.Equal(got, body) && (meantToChange[row.ID] != "" || gainedIDs(t, body, got)) {
			return
		}
		if &got[0] != &body[0] || len(got) != len(body) || len(req.Warnings) > 0 || headers != nil {
			t.Errorf("%s %s: changed, %v\n%s", row.ID, row.Path, req.Warnings, difference(body, got))
			return
		}
		same++
	})
	if same < 300 && !t.Failed() {
		t.Errorf("only %d requests", same)
	}
}

// Recorded requests made for one API are valid JSON for the other, without what
// it does not know.
func TestRecordedRequestsForTheOtherAPI(t *testing.T) {
	unknown := map[gemini.Kind]*regexp.Regexp{
		gemini.AIStudio: regexp.MustCompile(`"labels"\s*:\s*\{|"modelArmorConfig"|"partialArgs"|"willContinue"`),
		gemini.Vertex:   regexp.MustCompile(`"partMetadata"|"includeServerSideToolInvocations"|"toolCall"\s*:`),
	}
	repaired := 0
	dialecttest.Corpus(t, "gemini_requests.jsonl.gz", func(row dialecttest.Recorded) {
		path, _, _ := strings.Cut(row.Path, "?")
		route, ok := New().Match("POST", path)
		if row.Status != 200 || !ok || route.Operation != conversation.Generate {
			return
		}
		target := gemini.Target{Kind: gemini.Vertex, Model: route.Model}
		if row.Provider == "vertex" {
			target.Kind = gemini.AIStudio
		}
		req, err := New().Decode(route, nil, []byte(row.Body))
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := New().Repair(req, []byte(row.Body), target, gemini.Options{})
		if refused(err) {
			return
		}
		if err != nil || !json.Valid(got) {
			t.Errorf("%s: %v\n%s", row.ID, err, got)
			return
		}
		repaired++
		if found := unknown[target.Kind].Find(got); found != nil {
			t.Errorf("%s: %s stays", row.ID, found)
		}
	})
	if repaired < 250 && !t.Failed() {
		t.Errorf("only %d requests", repaired)
	}
}

// difference shows where two bodies part.
func difference(a, b []byte) string {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	cutOut := func(s []byte) []byte { return s[max(0, at-120):min(len(s), at+120)] }
	return string(bytes.Join([][]byte{cutOut(a), cutOut(b)}, []byte("\n")))
}

// refused reports whether err says that a request asks for what the target does
// not have.
func refused(err error) bool {
	var known *conversation.Error
	return errors.As(err, &known) && known.Kind == conversation.ErrUnsupported
}
