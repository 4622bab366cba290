package exchange

import "github.com/heald-proxy/heald/policies"

// With one hop (Config.OneHop) there is no outer router that obeys a mark, carries
// a memory, or removes headers of clients. So each request is one attempt, whose
// failure is final at once, with an error that clients repeat if it may pass.

// OneHop implements policies.OneHop.
func (x *Exchange) OneHop() bool { return x.cfg.OneHop }

// verdictOf is the verdict of a reply to a fault.
func (x *Exchange) verdictOf(f *policies.Fault) policies.Verdict {
	if x.cfg.OneHop && f.Verdict.Again() {
		return policies.Fail
	}
	return f.Verdict
}

// trustsHeaders reports whether a route can have set the headers for settings.
// With one hop they may be the client's; a request that knows the hop secret comes
// from somebody who sets them as well.
func (x *Exchange) trustsHeaders() bool { return !x.cfg.OneHop || len(x.hop) > 0 }
