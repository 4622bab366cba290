package dialecttest

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Recorded is what the tests need of a row of recorded traffic.
type Recorded struct {
	ID string
	// Provenance says whether the row is a recording. Other rows were made by hand
	// for unusual cases: two streams in a row, comments.
	Provenance string
	Provider   string
	Path       string
	Model      string
	Status     int
	Body       string
}

// Corpus calls f for each row of a file of recorded traffic. The traffic is
// not part of this project: HEALD_CORPUS says where it is. Without it the test
// is skipped. Tests run in the folder of a dialect, three below policies' own.
func Corpus(t *testing.T, file string, f func(row Recorded)) {
	t.Helper()
	dir := os.Getenv("HEALD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "corpus") // beside the checkout
	}
	in, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		t.Skipf("no recorded traffic (set HEALD_CORPUS): %v", err)
	}
	defer func() { _ = in.Close() }()
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for dec := json.NewDecoder(unzipped); dec.More(); rows++ {
		var row Recorded
		if err := dec.Decode(&row); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		f(row)
	}
	if rows == 0 {
		t.Fatalf("%s has no rows", file)
	}
}
