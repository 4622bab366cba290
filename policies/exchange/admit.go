package exchange

import (
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// notFromOuter is all that whoever goes around the outer listener is told.
const notFromOuter = "this listener only takes requests from the gateway's outer listener"

// throughOuter reports whether a request came through the outer listener.
func (x *Exchange) throughOuter(req *policies.Request) bool {
	return len(x.hop) == 0 || req != nil && x.hop.has(req.Headers.Get(policies.HeaderHop))
}

// admit refuses whoever may not ask anything, and answers those who do not: nothing of the request but its
// path, for the dialect of the refusal, has been looked at before.
func (a *attempt) admit() *policies.Reply {
	if !a.x.throughOuter(a.in) {
		return a.refuse(heal.ReasonHop, &conversation.Error{Kind: conversation.ErrPermission, Message: notFromOuter})
	}
	if reply := a.greet(); reply != nil {
		return reply
	}
	if len(a.x.clientKeys) > 0 {
		return a.admitKey()
	}
	return a.admitBrowser()
}

// admitKey refuses requests without one of client_keys.
func (a *attempt) admitKey() *policies.Reply {
	shown := shownKeys(a.in)
	known := false
	for _, key := range shown {
		known = a.x.clientKeys.has(key) || known
	}
	switch {
	case known:
		return nil
	case len(shown) == 0:
		return a.refuse(heal.ReasonClientKey, &conversation.Error{Kind: conversation.ErrAuth,
			Message: "this gateway takes requests with one of its own API keys only, and this request has no key"})
	}
	return a.refuse(heal.ReasonClientKey, &conversation.Error{Kind: conversation.ErrAuth}) // in the API's own words
}

// shownKeys are the API keys that a request shows, wherever one of the APIs
// expects it: the client's library decides where, not the path. Anthropic's
// take x-api-key or a bearer token, OpenAI's a bearer token, Azure's api-key,
// Google's x-goog-api-key, a bearer token, or key in the query.
func shownKeys(req *policies.Request) (keys []string) {
	add := func(key string) {
		if key != "" {
			keys = append(keys, key)
		}
	}
	for _, h := range req.Headers {
		switch h.Name {
		case "x-api-key", "x-goog-api-key", "api-key":
			add(strings.TrimSpace(h.Value))
		case "authorization":
			scheme, token, _ := strings.Cut(strings.TrimSpace(h.Value), " ")
			if strings.EqualFold(scheme, "bearer") {
				add(strings.TrimSpace(token))
			}
		}
	}
	_, query, _ := strings.Cut(req.Path, "?")
	values, _ := url.ParseQuery(query) // what could be read of it
	for _, key := range values["key"] {
		add(key)
	}
	return keys
}
