package admin

import (
	"encoding/json"
	"net/http"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

// tellAccounts answers with the report on accounts, as JSON. status may be nil.
func tellAccounts(status func() accounts.Report) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if status == nil {
			http.Error(w, accounts.NotTold+": nothing here schedules them", http.StatusNotFound)
			return
		}
		// The whole JSON is made before anything is sent, and while no lock is held.
		text, err := json.MarshalIndent(status().Redacted(), "", "  ")
		if err != nil {
			http.Error(w, "the report cannot be written as JSON", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(append(text, '\n'))
	}
}
