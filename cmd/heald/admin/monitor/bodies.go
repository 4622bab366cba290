package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// BodiesPath is where the bodies of a request are, as a pattern of http.ServeMux.
const BodiesPath = "/api/requests/{id}/bodies"

// BodyReader has what clients sent and got.
type BodyReader interface {
	// Bodies returns those of a request, or history.ErrNotFound.
	Bodies(ctx context.Context, requestID string) (record.Bodies, error)
}

// Bodies answers with the bodies of one request; from is nil where none are kept.
// It serves prompts and answers: only those who may look at the admin listener
// get here, and no browser runs or keeps any of it.
func Bodies(from BodyReader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Type", "application/json")
		head.Set("Cache-Control", "no-store")
		head.Set("X-Content-Type-Options", "nosniff")
		refuse := func(status int, words string) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": words})
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			head.Set("Allow", "GET, HEAD")
			refuse(http.StatusMethodNotAllowed, "bodies can only be read")
			return
		}
		if from == nil {
			refuse(http.StatusNotFound, "no bodies are kept: record.bodies is off")
			return
		}
		b, err := from.Bodies(r.Context(), r.PathValue("id"))
		switch {
		case errors.Is(err, history.ErrNotFound):
			refuse(http.StatusNotFound, "no bodies of this request are kept: it went well and record.bodies is failed, they have expired, its tenant is excluded, or there was no room for them")
		case err != nil:
			refuse(http.StatusServiceUnavailable, "the history on disk cannot be read; see the log")
		default:
			_ = json.NewEncoder(w).Encode(&b)
		}
	})
}
