package e2e

import (
	"net/http"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/stack"
)

// A list of models needs no upstream, and its reply says so.
func TestModelListIsLocal(t *testing.T) {
	s := stack.Start(t, stack.Options{})
	resp, err := http.Get(s.URL + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.Settle()
	if local := resp.Header.Get("x-heald-local"); resp.StatusCode != 200 || local != heal.ReasonModelList {
		t.Errorf("%d, x-heald-local %q, want 200, %q", resp.StatusCode, local, heal.ReasonModelList)
	}
	if words := s.Reasons(resp.Header.Get("x-heald-request-id")); len(words) != 1 || words[0] != heal.ReasonModelList {
		t.Errorf("log words %v, want %s", words, heal.ReasonModelList)
	}
	if n := len(s.Fake().Requests()); n != 0 {
		t.Errorf("%d upstream calls, want none", n)
	}
}
