package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/test/fakegoogle"
)

// tokenTaker is a Vertex AI that takes the tokens of fakegoogle, but not the
// first one: it was revoked.
type tokenTaker struct {
	google *fakegoogle.Google

	mu      sync.Mutex
	revoked string
	shown   []string // "revoked", "good" or "bad", with the quota project
}

func (v *tokenTaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	v.mu.Lock()
	if v.revoked == "" {
		v.revoked = token
	}
	word := "good"
	switch {
	case token == v.revoked:
		word = "revoked"
	case v.google.Owner(token) == "":
		word = "bad"
	}
	v.shown = append(v.shown, word+" "+r.Header.Get("X-Goog-User-Project"))
	v.mu.Unlock()
	if word != "good" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(401)
		fmt.Fprint(w, `{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":1,\"totalTokenCount\":4}}\r\n\r\n")
}

// A request reaches Vertex AI with a token of the metadata server. One that was
// revoked is replaced after its first 401, and the client sees the answer alone.
func TestGoogleCredential(t *testing.T) {
	google := &fakegoogle.Google{}
	metadata := httptest.NewServer(google.Metadata())
	defer metadata.Close()
	taker := &tokenTaker{google: google}
	vertex := httptest.NewServer(taker)
	defer vertex.Close()
	t.Setenv("GCE_METADATA_HOST", metadata.Listener.Addr().String())
	t.Setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "quota-project")
	file := filepath.Join(t.TempDir(), "heald.yaml")
	text := fmt.Sprintf("backends: [{name: a, kind: vertex, url: %q, project: p, location: us-central1, models: [%s]}]\n"+
		"accounts: [{backend: a, credential: {type: metadata}}]\n", vertex.URL, model)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address, _ := startUpWith(t, "--config", file)
	for range 2 {
		status, body := knock(t, address, http.MethodPost, messages, "", "content-type", "application/json")
		if status != 200 || !strings.Contains(body, "Hello") {
			t.Errorf("%d: %s", status, body)
		}
	}
	taker.mu.Lock()
	defer taker.mu.Unlock()
	if want := []string{"revoked quota-project", "good quota-project", "good quota-project"}; !slices.Equal(taker.shown, want) {
		t.Errorf("shown %q, want %q", taker.shown, want)
	}
	if n := google.Calls(fakegoogle.MetadataHost); n != 2 {
		t.Errorf("%d metadata calls, want 2", n)
	}
}
