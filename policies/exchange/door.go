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

// methods are those that any path of an API is asked with.
const methods = "GET, HEAD, POST, OPTIONS"

// greet answers what asks for nothing: probes, and a browser's question whether
// a page may send a request. Both come without a key. nil for all else.
func (a *attempt) greet() *policies.Reply {
	if a.in.Method == http.MethodOptions {
		if !a.tenants.Asks() && !a.x.cfg.Browsers.trusts(a.in.Headers) {
			return nil // a page that may not ask: refused as its request would be
		}
		headers := policies.Headers{{Name: "allow", Value: methods}}
		if a.in.Headers.Get("access-control-request-method") == "" {
			return a.greeting(heal.ReasonProbe, http.StatusNoContent, headers, nil)
		}
		return a.greeting(heal.ReasonPreflight, http.StatusNoContent, append(headers, a.leave()...), nil)
	}
	p := shortcut.Probed(a.in.Method, a.endpoint.Name)
	switch {
	case p == nil && a.reads() && a.endpoint.Allows() == http.MethodPost: // of a monitor that was given the whole URL
		return a.absent(a.wrongMethod())
	case p == nil:
		return nil
	case p.Status == http.StatusNotFound:
		return a.absent(a.unknownPath(), nil)
	}
	var headers policies.Headers
	contentType, body := p.Content()
	if contentType != "" {
		headers = policies.Headers{{Name: "content-type", Value: contentType}}
	}
	return a.greeting(heal.ReasonProbe, p.Status, headers, []byte(body))
}

// reads reports whether the request only looks.
func (a *attempt) reads() bool {
	return a.in.Method == http.MethodGet || a.in.Method == http.MethodHead
}

// absent answers a probe for what is not here, in the words of an error.
func (a *attempt) absent(e *conversation.Error, headers policies.Headers) *policies.Reply {
	e.RequestID, e.Message = a.requestID(), redact.Bound(e.Message, redact.Limit)
	status, worded, body := a.dialect.Error(e)
	return a.greeting(heal.ReasonProbe, status, append(worded, headers...), body)
}

func (a *attempt) greeting(reason string, status int, headers policies.Headers, body []byte) *policies.Reply {
	a.record.final, a.record.client = true, status
	a.settle(policies.Pass, reason)
	a.move(over)
	headers = append(headers, policies.Header{Name: policies.HeaderLocal, Value: reason},
		policies.Header{Name: policies.HeaderClientRequestID, Value: a.requestID()})
	return &policies.Reply{Status: status, Verdict: policies.Pass, Reason: reason, Body: body,
		Headers: append(headers, a.x.cfg.Browsers.readable(a.in)...)}
}

// leave says what a page of a listed origin may send; nothing for others.
func (a *attempt) leave() policies.Headers {
	if a.x.cfg.Browsers.listed(a.in) == "" {
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

// readable lets a page of a listed origin read a reply (CORS). Of what else a
// browser protects there is nothing: no cookies, no credentials of its own.
func (b *Browsers) readable(req *policies.Request) policies.Headers {
	origin := b.listed(req)
	if origin == "" {
		return nil
	}
	return policies.Headers{
		{Name: "access-control-allow-origin", Value: origin},
		{Name: "access-control-expose-headers", Value: exposed},
		{Name: "vary", Value: "origin"},
	}
}

// listed returns the origin of the request if it is one of Origins, else "".
// Pages of this machine may send requests without being listed, as they always
// could, but may not read the replies.
func (b *Browsers) listed(req *policies.Request) string {
	origin := ""
	for _, h := range req.Headers {
		switch {
		case h.Name != "origin":
		case origin != "" || !b.lists(h.Value) || policies.Clean(h.Value) != h.Value:
			return "" // no browser sends two
		default:
			origin = h.Value
		}
	}
	return origin
}

// lists reports whether an origin is one of Origins.
func (b *Browsers) lists(origin string) bool {
	return slices.ContainsFunc(b.Origins, func(o string) bool { return o == "*" || strings.EqualFold(o, origin) })
}
