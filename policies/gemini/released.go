package gemini

import (
	"strings"
	"time"
)

// releases are the days on which models came out, in preview or not, as Google's
// release notes and blog give them, by the name of their row in DefaultTable.
var releases = map[string]string{
	"gemini-2.5-pro":         "2025-06-17",
	"gemini-2.5-flash":       "2025-06-17",
	"gemini-2.5-flash-lite":  "2025-07-22",
	"gemini-2.5-flash-image": "2025-08-26",
	"gemini-embedding-001":   "2025-05-20",
	"gemini-3-pro":           "2025-11-18",
	"gemini-3-pro-image":     "2025-11-20",
	"gemini-3-flash":         "2025-12-17",
	"gemini-3.1-pro":         "2026-02-19",
	"gemini-3.1-flash-image": "2026-02-26",
	"gemini-embedding-2":     "2026-03-10",
	"gemini-3.1-flash-lite":  "2026-05-07",
	"gemini-3.5-flash":       "2026-05-19",
	"gemini-3.8-flash":       "2026-09-02",
}

// unknownRelease is used for models whose day of release is unknown. Clients
// show it, and sort by it.
const unknownRelease = "2026-01-01"

// Released is the day on which a model came out.
func Released(model string) time.Time {
	day := unknownRelease
	if row, _ := DefaultTable.find(strings.ToLower(bareModel(model))); row != nil && releases[row.Model] != "" {
		day = releases[row.Model]
	}
	at, _ := time.Parse(time.DateOnly, day) // a test reads them all
	return at
}
