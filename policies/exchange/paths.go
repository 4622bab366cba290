package exchange

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// refusePath ends a request for what is not served. Its status, 404 or 405, is
// one that no SDK retries.
func (a *attempt) refusePath() *policies.Reply {
	if a.endpoint.allows() == "" {
		return a.refuse(heal.ReasonRefused, a.unknownPath())
	}
	e, headers := a.wrongMethod()
	reply := a.refuse(heal.ReasonRefused, e)
	reply.Headers = append(reply.Headers, headers...)
	return reply
}

// allows is the method with which the endpoint is served; "" if it is not.
func (e *endpoint) allows() string {
	for _, d := range dialects {
		if _, ok := d.Match(http.MethodPost, e.path); ok {
			return http.MethodPost
		}
	}
	if model, ok := e.listed(); ok && !strings.Contains(model, ":") { // else it is a method of a model
		return http.MethodGet
	}
	return ""
}

// wrongMethod says with which method the endpoint is asked for.
func (a *attempt) wrongMethod() (*conversation.Error, policies.Headers) {
	allow := a.endpoint.allows()
	e := &conversation.Error{Kind: conversation.ErrPath, Status: http.StatusMethodNotAllowed,
		Message: policies.Clean(a.in.Method) + " is the wrong method for " + pathOf(a.in.Path) + ": use " + allow}
	if allow == http.MethodGet {
		allow += ", " + http.MethodHead
	}
	return e, policies.Headers{{Name: "allow", Value: allow + ", " + http.MethodOptions}}
}

// unknownPath says what to ask for instead.
func (a *attempt) unknownPath() *conversation.Error {
	message := policies.Clean(a.in.Method) + " " + pathOf(a.in.Path)
	if instead := a.endpoint.instead(); instead != "" {
		message += ": " + instead
	} else {
		message += " is no path of an API that this gateway speaks"
		if meant := a.endpoint.meant(); meant != "" {
			message += "; did you mean " + policies.Clean(meant) + "?"
		}
	}
	return &conversation.Error{Kind: conversation.ErrPath, Message: message}
}

// knownNames are the endpoints that a client may have meant, as far as a dialect
// serves them.
var knownNames = []string{
	"messages", "messages/count_tokens", "chat/completions", "responses", "responses/input_tokens", "completions",
	"embeddings", "images/generations", "images/edits", "audio/transcriptions", "audio/translations", "models",
}

// knownMethods are those of Gemini's models.
var knownMethods = []string{"generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"}

// meant is the path that a client with another one probably wants; "" if none is
// near. A name that ends in a known one has a base URL before it that is not
// known here; a short one was given too little, or is misspelled.
func (e *endpoint) meant() string {
	name, err := url.PathUnescape(e.name)
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
		e := endpointOf(prefix + name)
		if d := distance(strings.ToLower(name), asked); d < best && e.allows() != "" {
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
