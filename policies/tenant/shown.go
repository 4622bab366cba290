package tenant

import (
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies"
)

// mostShown is how many keys of one request are read. A client has one, and its
// SDK may repeat it in another header or send a placeholder beside it.
const mostShown = 16

// KeysOf returns the different API keys in a request, wherever one of the APIs
// expects a key: the client's library decides where, not the path. Anthropic's
// take x-api-key or a bearer token, OpenAI's a bearer token, Azure's api-key,
// Google's x-goog-api-key, a bearer token, or key in the query. At most
// mostShown are returned.
func KeysOf(req *policies.Request) []string {
	var keys []string
	add := func(key string) {
		if key == "" || len(keys) == mostShown {
			return
		}
		for _, k := range keys {
			if k == key {
				return
			}
		}
		keys = append(keys, key)
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
	_, query, found := strings.Cut(req.Path, "?")
	if !found {
		return keys
	}
	values, _ := url.ParseQuery(query) // use what could be parsed
	for _, key := range values["key"] {
		add(key)
	}
	return keys
}
