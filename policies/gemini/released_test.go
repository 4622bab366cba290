package gemini

import (
	"testing"
	"time"
)

func TestReleased(t *testing.T) {
	for model, want := range map[string]string{
		"gemini-3.8-flash": "2026-09-02", "models/Gemini-3.8-Flash-001": "2026-09-02", "gemini-2.5-flash-lite": "2025-07-22",
		"gemini-3.6-flash": unknownRelease, "house": unknownRelease, "": unknownRelease,
	} {
		if got := Released(model).Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, want %s", model, got, want)
		}
	}
	for name := range releases {
		if row, rest := DefaultTable.find(name); row == nil || rest != "" {
			t.Errorf("%s has no row", name)
		}
		if Released(name).IsZero() {
			t.Errorf("%s: no day", name)
		}
	}
}
