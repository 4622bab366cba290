package native

import (
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// framing is how a reply is laid out.
type framing uint8

const (
	document framing = iota // one GenerateContentResponse
	events                  // server-sent events
	array                   // a JSON array that grows: a stream without alt=sse
)

// framingOf reads the method and the query.
func framingOf(route dialect.Route) (framing, error) {
	alt := altOf(route.Query)
	switch {
	case alt != "" && alt != "json" && alt != "sse":
		return document, &conversation.Error{Kind: conversation.ErrInvalid, Param: "alt",
			Message: "alt=" + alt + " is not supported by this gateway; use alt=sse or alt=json"}
	case !route.Stream:
		return document, nil
	case alt == "sse":
		return events, nil
	}
	return array, nil
}

// altOf returns the system parameter alt, also named $alt, without its options.
// The raw query is read, since url.ParseQuery drops parameters with a
// semicolon, and Google's older Python SDKs send
// "$alt=json;enum-encoding%3Dint".
func altOf(query string) string {
	for param := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(param, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name != "alt" && name != "$alt" {
			continue
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			continue
		}
		value, _, _ = strings.Cut(value, ";")
		return strings.ToLower(value)
	}
	return ""
}
