package fakegemini

import (
	"net/http"
	"strings"
)

// credential finds the one credential of a request; the error is Google's
// answer to none, to several, and to an unknown one.
func (s *Server) credential(r *http.Request, t target) (string, *apiError) {
	var found []string
	bearer := false
	if v := r.Header.Values("X-Goog-Api-Key"); len(v) > 0 {
		found = append(found, v...)
	}
	if q := r.URL.Query(); q.Has("key") {
		found = append(found, q["key"]...)
	}
	if v := r.Header.Values("Authorization"); len(v) > 0 {
		bearer = true
		for _, a := range v {
			scheme, token, _ := strings.Cut(a, " ")
			if !strings.EqualFold(scheme, "Bearer") {
				token = ""
			}
			found = append(found, token)
		}
	}
	switch {
	case len(found) == 0:
		return "", missingCredential(t)
	case len(found) > 1:
		e := newError(400, "Multiple authentication credentials received. Please pass only one.")
		return "", &e
	case found[0] == "" || !s.knows(found[0]):
		return found[0], invalidCredential(t, bearer)
	}
	return found[0], nil
}

// knows reports a valid key; with no keys configured, any is.
func (s *Server) knows(key string) bool {
	if len(s.opts.Keys) == 0 {
		return true
	}
	for _, k := range s.opts.Keys {
		if k == key {
			return true
		}
	}
	return false
}

func missingCredential(t target) *apiError {
	if t.vertex {
		e := newError(401, "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
			reasonInfo(t, "CREDENTIALS_MISSING"))
		return &e
	}
	e := newError(403, "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.")
	return &e
}

func invalidCredential(t target, bearer bool) *apiError {
	if bearer {
		e := newError(401, "", reasonInfo(t, "ACCESS_TOKEN_TYPE_UNSUPPORTED"))
		return &e
	}
	const text = "API key not valid. Please pass a valid API key."
	e := newError(400, text, reasonInfo(t, "API_KEY_INVALID"), localizedMessage{rpcType + "LocalizedMessage", "en-US", text})
	return &e
}
