package exchange

import (
	"net/http"
	"net/url"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
)

// judgeError decides on a reply whose status is an error.
func (a *attempt) judgeError() policies.Action {
	st, _ := gemini.ParseStatus(a.errBody)
	seen := heal.Seen{Status: statusIn(a.response.Status, st), Error: st, Location: redirectTarget(a.response.Headers.Get("location"))}
	act := a.judge(seen)
	a.record.status = a.response.Status
	return act
}

// locationLimit bounds what is logged of a redirect, in bytes.
const locationLimit = 256

// redirectTarget is where a redirect points, as far as it may be logged: query,
// fragment and credentials may hold secrets.
func redirectTarget(location string) string {
	u, err := url.Parse(location)
	if err != nil || len(location) > locationLimit {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// statusIn is the status that decides about a reply whose body holds st, if any.
// A gateway may put its own status on an upstream error.
func statusIn(status int, st *gemini.Status) int {
	if st != nil && st.Nested {
		return statusOf(st)
	}
	return status
}

// statusOf is the HTTP status of an error object where the reply has none, or
// none that is upstream's.
func statusOf(st *gemini.Status) int {
	if code := st.HTTP(); code != 0 {
		return code
	}
	return http.StatusInternalServerError
}
