package exchange

import (
	"net/http"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/shortcut"
)

// methods are those that every path of an API accepts.
const methods = "GET, HEAD, POST, OPTIONS"

// answerProbe answers requests that need no key: probes, and a browser's
// preflight. It returns nil for all others.
func (a *attempt) answerProbe() *policies.Reply {
	if a.in.Method == http.MethodOptions {
		if !a.tenants.Asks() && !a.x.cfg.Browsers.trusts(a.in.Headers) {
			return nil // a page that may not ask: refused as its request would be
		}
		headers := policies.Headers{{Name: "allow", Value: methods}}
		if a.in.Headers.Get("access-control-request-method") == "" {
			return a.probeReply(heal.ReasonProbe, http.StatusNoContent, headers, nil)
		}
		return a.probeReply(heal.ReasonPreflight, http.StatusNoContent, append(headers, a.preflightHeaders()...), nil)
	}
	p := shortcut.Probed(a.in.Method, a.endpoint.Name)
	switch {
	case p == nil && a.isRead() && a.endpoint.Allows() == http.MethodPost: // of a monitor that was given the whole URL
		return a.probeError(a.wrongMethod())
	case p == nil:
		return nil
	case p.Status == http.StatusNotFound:
		return a.probeError(a.unknownPath(), nil)
	}
	var headers policies.Headers
	contentType, body := p.Content()
	if contentType != "" {
		headers = policies.Headers{{Name: "content-type", Value: contentType}}
	}
	return a.probeReply(heal.ReasonProbe, p.Status, headers, []byte(body))
}

// isRead reports whether the method only reads.
func (a *attempt) isRead() bool {
	return a.in.Method == http.MethodGet || a.in.Method == http.MethodHead
}

// probeError answers a probe for a path or method that is not served with an API
// error.
func (a *attempt) probeError(e *conversation.Error, headers policies.Headers) *policies.Reply {
	e.RequestID, e.Message = a.requestID(), redact.Bound(e.Message, redact.Limit)
	status, worded, body := a.encodeError(e)
	return a.probeReply(heal.ReasonProbe, status, append(worded, headers...), body)
}

func (a *attempt) probeReply(reason string, status int, headers policies.Headers, body []byte) *policies.Reply {
	a.record.final, a.record.client = true, status
	a.settle(policies.Pass, reason)
	a.move(over)
	headers = append(headers, policies.Header{Name: policies.HeaderLocal, Value: reason},
		policies.Header{Name: policies.HeaderClientRequestID, Value: a.requestID()})
	return &policies.Reply{Status: status, Verdict: policies.Pass, Reason: reason, Body: body,
		Headers: append(headers, a.x.cfg.Browsers.corsHeaders(a.in)...)}
}

// preflightHeaders say what a page of a listed origin may send; none for other
// origins.
func (a *attempt) preflightHeaders() policies.Headers {
	if a.x.cfg.Browsers.listedOrigin(a.in) == "" {
		return nil
	}
	out := policies.Headers{
		{Name: "access-control-allow-methods", Value: methods},
		{Name: "access-control-max-age", Value: "7200"}, // the most that Chrome keeps
	}
	for _, h := range []struct{ asked, allowed string }{
		// Which headers SDKs send changes with each version.
		{"access-control-request-headers", "access-control-allow-headers"},
		// A page of the Internet asks a gateway of this machine or network.
		{"access-control-request-private-network", "access-control-allow-private-network"},
	} {
		if v := a.in.Headers.Get(h.asked); v != "" {
			out = append(out, policies.Header{Name: h.allowed, Value: policies.Clean(v)})
		}
	}
	return out
}

// exposed are the headers of replies that a page may read.
var exposed = strings.Join([]string{
	policies.HeaderClientRequestID, policies.HeaderAccount, policies.HeaderModel, policies.HeaderBackend, policies.HeaderAttempts,
	policies.HeaderWarning, policies.HeaderLocal, policies.HeaderRequestID, "request-id", "retry-after", "x-should-retry",
}, ", ")

// corsHeaders let a page of a listed origin read a reply (CORS). Nothing else
// needs a browser's protection: there are no cookies and no credentials that the
// browser adds.
func (b *Browsers) corsHeaders(req *policies.Request) policies.Headers {
	origin := b.listedOrigin(req)
	if origin == "" {
		return nil
	}
	return policies.Headers{
		{Name: "access-control-allow-origin", Value: origin},
		{Name: "access-control-expose-headers", Value: exposed},
		{Name: "vary", Value: "origin"},
	}
}

// listedOrigin returns the origin of the request if it is one of Origins, else
// "". Pages of this machine may send requests without being listed, but may not
// read the replies.
func (b *Browsers) listedOrigin(req *policies.Request) string {
	origin := ""
	for _, h := range req.Headers {
		switch {
		case h.Name != "origin":
		case origin != "" || !b.listsOrigin(h.Value) || policies.Clean(h.Value) != h.Value:
			return "" // no browser sends two
		default:
			origin = h.Value
		}
	}
	return origin
}

// listsOrigin reports whether an origin is one of Origins.
func (b *Browsers) listsOrigin(origin string) bool {
	return slices.ContainsFunc(b.Origins, func(o string) bool { return o == "*" || strings.EqualFold(o, origin) })
}
