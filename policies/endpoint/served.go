package endpoint

import (
	"net/http"
	"net/url"
	"strings"
)

// Allows is the HTTP method with which the endpoint is served; "" if it is not
// served.
func (e *Endpoint) Allows() string {
	for _, d := range Dialects {
		if _, ok := d.Match(http.MethodPost, e.Path); ok {
			return http.MethodPost
		}
	}
	if model, ok := e.Listed(); ok && !strings.Contains(model, ":") { // else it is a method of a model
		return http.MethodGet
	}
	return ""
}

// knownNames are the endpoints that a client may have meant, as far as a dialect
// serves them.
var knownNames = []string{
	"messages", "messages/count_tokens", "chat/completions", "responses", "responses/input_tokens", "completions",
	"embeddings", "images/generations", "images/edits", "audio/transcriptions", "audio/translations", "models",
}

// knownMethods are those of Gemini's models.
var knownMethods = []string{"generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"}

// Suggestion is the path that a client with an unknown one probably wants; ""
// if none is near. A name that ends in a known one has a base URL before it
// that is not known here; a short one is incomplete or misspelled.
func (e *Endpoint) Suggestion() string {
	name, err := url.PathUnescape(e.Name)
	if err != nil || len(name) > 200 {
		return ""
	}
	if at := strings.Index(name, "models/"); at >= 0 && strings.Contains(name[at:], ":") {
		colon := strings.LastIndexByte(name, ':')
		return served("/v1beta/"+name[at:colon]+":", knownMethods, strings.ToLower(name[colon+1:]))
	}
	name = strings.ToLower(name)
	for _, known := range knownNames {
		if name == known || strings.HasSuffix(name, "/"+known) || strings.HasPrefix(known, name+"/") && name != "" {
			if path := served("/v1/", []string{known}, known); path != "" {
				return path
			}
		}
	}
	return served("/v1/", knownNames, name)
}

// served is the path of the name, among those that are served, which is nearest
// to what was asked for; "" if none is near.
func served(prefix string, names []string, asked string) string {
	best, found := len(asked)/4+2, ""
	for _, name := range names {
		e := Of(prefix + name)
		if d := distance(strings.ToLower(name), asked); d < best && e.Allows() != "" {
			best, found = d, prefix+name
		}
	}
	return found
}

// distance is how many characters of a must be changed, added or left out to get
// b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := left
			if a[i] != b[j] {
				change++
			}
			left = row[j+1]
			row[j+1] = min(change, left+1, row[j]+1)
		}
	}
	return row[len(b)]
}
