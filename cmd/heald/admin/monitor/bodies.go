package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// BodiesPath is where the bodies of a request are, as a pattern of http.ServeMux.
const BodiesPath = "/api/requests/{id}/bodies"

// BodyReader has what clients sent and got.
type BodyReader interface {
	// Bodies returns those of the request with this id that ended about a time, or of
	// the newest one where that is the zero time; or history.ErrNotFound.
	Bodies(ctx context.Context, requestID string, ended time.Time) (record.Bodies, error)
}

// Bodies answers with the bodies of one request; from is nil where none are kept. store
// says when the request ended that began at the time "at". It serves prompts and answers:
// only those who may look at the admin listener get here, and no browser runs or keeps
// any of it.
func Bodies(from BodyReader, store history.Source) http.Handler {
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
		at, err := timeOf(r.URL.Query(), "at")
		if err != nil {
			refuse(http.StatusBadRequest, err.Error())
			return
		}
		var b record.Bodies
		ended, err := endOf(r.Context(), store, r.PathValue("id"), at)
		if err == nil {
			b, err = from.Bodies(r.Context(), r.PathValue("id"), ended)
		}
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

// endOf is when the request ended that began at a time; the zero time for the zero time.
func endOf(ctx context.Context, store history.Source, id string, at time.Time) (time.Time, error) {
	if at.IsZero() || store == nil {
		return time.Time{}, nil
	}
	item, err := history.GetAt(ctx, store, id, at)
	return item.Time.Add(time.Duration(item.Duration)), err
}
