package route

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// ValidateProxy checks the address of a proxy; "" is none. It does not repeat
// what may be a password.
func ValidateProxy(path, proxy string) error {
	if proxy == "" {
		return nil
	}
	u, err := url.Parse(proxy)
	p := &setting.Problem{Path: path, Fix: "write scheme, host and port, as in http://proxy.example:3128"}
	switch {
	case strings.Contains(proxy, "@"):
		p.Found, p.Consequence = "has a user or a password", "heald.yaml is read by many, and a password in it must be taken for known"
		p.Fix = "put user:password into a variable or a file, name that under backends[].proxy_login as {env: VARIABLE} or {file: /path}, and leave it out here"
	case err == nil && strings.HasPrefix(u.Scheme, "socks"):
		p.Found, p.Consequence = "is a SOCKS proxy", "Envoy cannot go through one"
		p.Fix = "name an HTTP proxy that takes CONNECT, as in http://proxy.example:3128"
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		p.Found = redact.Quote(proxy) + " is no http or https address"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		p.Found = redact.Quote(proxy) + " has a path or a query"
	case u.Port() == "":
		p.Found, p.Consequence = redact.Quote(proxy)+" has no port", "proxies have no usual one: most listen on 3128 or 8080"
	case !portNumber(u.Port()):
		p.Found = redact.Quote(proxy) + " has a port that is not between 1 and 65535"
	default:
		return nil
	}
	return p
}

func portNumber(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}
