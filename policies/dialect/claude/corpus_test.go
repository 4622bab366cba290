package claude

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// recorded is what the tests need of a row of recorded traffic.
type recorded struct {
	ID string
	// Provenance says whether the row is a recording. Others are put together
	// to be odd: two streams in a row, comments.
	Provenance string
	Path       string
	Model      string
	Status     int
	Body       string
}

// corpus calls f for each row of a file of recorded traffic. The traffic is
// not part of this project: HEALD_CORPUS says where it is.
func corpus(t *testing.T, file string, f func(row recorded)) {
	t.Helper()
	dir := os.Getenv("HEALD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "corpus") // beside the checkout
	}
	in, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		t.Skipf("no recorded traffic (set HEALD_CORPUS): %v", err)
	}
	defer in.Close()
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for dec := json.NewDecoder(unzipped); dec.More(); rows++ {
		var row recorded
		if err := dec.Decode(&row); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		f(row)
	}
	if rows == 0 {
		t.Fatalf("%s has no rows", file)
	}
}

// refused reports whether err is one that a request which the original service
// accepted may have here: it asks for what has no equivalent upstream.
func refused(err error) bool {
	var known *conversation.Error
	return errors.As(err, &known) && known.Kind == conversation.ErrUnsupported
}

func TestRecordedRequests(t *testing.T) {
	decoded := 0
	corpus(t, "anthropic_requests.jsonl.gz", func(row recorded) {
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
	corpus(t, "anthropic_streams.jsonl.gz", func(row recorded) {
		if !strings.HasPrefix(row.Provenance, "recorded") || !strings.HasPrefix(row.Body, "event: message_start") {
			return // not a recording, or one in the framing of another cloud
		}
		body := strings.ReplaceAll(row.Body, "\r\n", "\n")
		if err := checkGrammar(body, false); err != nil {
			t.Errorf("%s: %v", row.ID, err)
		}
	})
}
