package exchange

import (
	"net/http"
	"net/url"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
)

// judgeError judges a reply whose status was no success.
func (a *attempt) judgeError() policies.Action {
	st, _ := gemini.ParseStatus(a.errBody)
	seen := heal.Seen{Status: statusIn(a.response.Status, st), Error: st, Location: place(a.response.Headers.Get("location"))}
	act := a.judge(seen)
	a.record.status = a.response.Status
	return act
}

// locationLimit bounds what is logged of a redirect, in bytes.
const locationLimit = 256

// place is where a redirect points, as far as it may be logged: query, fragment
// and credentials may hold secrets.
func place(location string) string {
	u, err := url.Parse(location)
	if err != nil || len(location) > locationLimit {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// statusIn is the status to judge of a reply whose body says st, if anything. A
// gateway puts its own status on an error of upstream's.
func statusIn(status int, st *gemini.Status) int {
	if st != nil && st.Nested {
		return statusOf(st)
	}
	return status
}

// statusOf is the HTTP status that an error object stands for where there is no
// other, or none that is upstream's.
func statusOf(st *gemini.Status) int {
	if code := st.HTTP(); code != 0 {
		return code
	}
	return http.StatusInternalServerError
}
