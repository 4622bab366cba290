package fakegemini

import (
	"bufio"
	"compress/gzip"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// recordedRow is what this test needs of a recorded request.
type recordedRow struct {
	ID         string `json:"id"`
	Path       string `json:"path"`
	Status     int    `json:"status"`
	Provenance string `json:"provenance"`
	Body       string `json:"body"`
}

func recordedRequests(t *testing.T) []recordedRow {
	t.Helper()
	dir := os.Getenv("HEALD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus") // beside the checkout
	}
	f, err := os.Open(filepath.Join(dir, "gemini_requests.jsonl.gz"))
	if err != nil {
		t.Skipf("no recorded traffic: %v; set HEALD_CORPUS", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var rows []recordedRow
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r recordedRow
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func (r recordedRow) real() bool { return strings.HasPrefix(r.Provenance, "recorded") }

// judgeRow runs a recorded request through everything but the reply.
func judgeRow(t *testing.T, s *Server, r recordedRow) *apiError {
	t.Helper()
	path := strings.TrimPrefix(r.Path, "/router/v2/google") // a proxy's prefix in two rows
	for _, p := range []string{"<GOOGLE_CLOUD_PROJECT>", "<GOOGLE_CLOUD_LOCATION>"} {
		path = strings.ReplaceAll(path, p, "redacted")
	}
	req, err := http.NewRequest(http.MethodPost, "http://fake"+path, nil)
	if err != nil {
		t.Fatalf("%s: %v", r.ID, err)
	}
	target, ok := parseTarget(req)
	if !ok {
		t.Errorf("%s: no route for %s", r.ID, path)
		return nil
	}
	_, _, fail := s.examine(target, []byte(r.Body))
	return fail
}

// laxRules are those in which the recordings show the real API laxer than the
// fake's default.
var laxRules = []Rule{RuleEmptyText, RuleSchemaKeyword, RuleMissingID}

// refusedRows were answered with 200 and stay refused: each does what a proxy
// must not do.
var refusedRows = map[string]string{
	"gr-282f3dca29ec": "mode ANY with an empty allow list and no functions",
	"gr-88f9f10d6ae2": "a call never answered (2.0)",
	"gr-60c94ecd935f": "partialArgs sent back, and an id on the answer alone",
}

func TestRecordedRequestsAccepted(t *testing.T) {
	rows := recordedRequests(t)
	strict := &Server{opts: Options{PresenceOnly: true}}
	lax := &Server{opts: Options{PresenceOnly: true, Tolerate: laxRules}}
	total, byDefault, accepted := 0, 0, 0
	for _, r := range rows {
		if r.Status != 200 || !r.real() {
			continue
		}
		total++
		if judgeRow(t, strict, r) == nil {
			byDefault++
		}
		fail := judgeRow(t, lax, r)
		if fail == nil {
			accepted++
		}
		if _, known := refusedRows[r.ID]; known == (fail == nil) {
			t.Errorf("%s (%s): got %v, known exception: %v", r.ID, r.Path, fail, known)
		}
	}
	if total == 0 {
		t.Fatal("the corpus holds no recorded request")
	}
	t.Logf("of %d recorded requests the fake accepts %d by default, %d with %v tolerated", total, byDefault, accepted, laxRules)
}

// Requests that the real API refused for their content must be refused here.
func TestRecordedRefusalsRefused(t *testing.T) {
	s := &Server{opts: Options{PresenceOnly: true}}
	refusals := map[string]string{ // by id, what the API said
		"gr-69ea6b66da4c": "Please use a valid role: user, model.",
		"gr-48a29be3b61c": "Unable to submit request because it has a temperature value of 1000 but the supported range is from 0 (inclusive) to 2.0001 (exclusive). Update the value and try again.",
		"gr-b10e205c7ecf": "models/gemini-3.6-flahs is not found for API version v1beta, or is not supported for generateContent. Call ModelService.ListModels to see the list of available models and their supported methods.",
	}
	for _, r := range recordedRequests(t) {
		want, ok := refusals[r.ID]
		if !ok {
			continue
		}
		delete(refusals, r.ID)
		if fail := judgeRow(t, s, r); fail == nil || fail.Message != want {
			t.Errorf("%s: got %+v, want %q", r.ID, fail, want)
		}
	}
	for id := range refusals {
		t.Errorf("%s is not in the corpus", id)
	}
}
