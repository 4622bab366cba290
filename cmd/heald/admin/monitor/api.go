package monitor

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/record/history"
)

// answer writes JSON.
func answer(w http.ResponseWriter, value any) {
	text, err := json.Marshal(value) // made whole before anything is sent
	if err != nil {
		fail(w, http.StatusInternalServerError, "the answer cannot be written as JSON")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime)) // a search may have taken long
	_, _ = w.Write(append(text, '\n'))
}

// fail writes an error.
func fail(w http.ResponseWriter, status int, words string) {
	text, _ := json.Marshal(map[string]string{"error": words}) // is always possible
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// remembers reports whether requests are remembered, and answers the client if not.
func (m *Monitor) remembers(w http.ResponseWriter) bool {
	if m.o.Store == nil {
		fail(w, http.StatusNotFound, "no requests are remembered: record.history is 0")
	}
	return m.o.Store != nil
}

// unavailable says that the store has failed.
func unavailable(w http.ResponseWriter, err error) {
	if errors.Is(err, history.ErrNotFound) {
		fail(w, http.StatusNotFound, err.Error())
		return
	}
	fail(w, http.StatusServiceUnavailable, "the history of requests does not answer")
}

func (m *Monitor) accounts(w http.ResponseWriter, _ *http.Request) {
	if m.o.Accounts == nil {
		fail(w, http.StatusNotFound, accounts.NotTold+": nothing here schedules them")
		return
	}
	answer(w, m.o.Accounts().Redacted())
}

func (m *Monitor) info(w http.ResponseWriter, _ *http.Request) {
	info := m.o.Info
	if m.o.Trouble != nil {
		info.Trouble = m.o.Trouble()
	}
	answer(w, info)
}

func (m *Monitor) facets(w http.ResponseWriter, r *http.Request) {
	if !m.remembers(w) {
		return
	}
	f, err := history.FacetsOf(r.Context(), m.o.Store)
	if err != nil {
		unavailable(w, err)
		return
	}
	answer(w, f)
}

// now answers with the series of a span, 1h unless another is asked for.
func (m *Monitor) now(w http.ResponseWriter, r *http.Request) {
	if m.o.Now == nil {
		fail(w, http.StatusNotFound, "nothing is counted: record.history is 0")
		return
	}
	span := r.URL.Query().Get("span")
	if span == "" {
		span = history.Spans[0].Name
	}
	s, ok := m.o.Now.Series(span)
	if !ok {
		fail(w, http.StatusBadRequest, "span: write 1h or 24h")
		return
	}
	answer(w, s)
}
