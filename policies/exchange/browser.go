package exchange

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/redact"
)

// Browsers say which web pages may send requests where no client keys are set,
// and, keys or not, which may read the replies.
// A page that somebody visits can send requests to addresses that only his
// machine reaches, and would spend the owner's quota. Tools do not send the
// headers by which this is found out, and are not concerned.
type Browsers struct {
	// Origins are further origins whose pages may send requests, such as
	// https://chat.example.com; "*" for all. Only for these CORS headers are
	// sent, so only their pages can read what they get. Pages from this machine
	// (localhost, 127.0.0.1, host.docker.internal) and desktop applications
	// always may.
	Origins []string `yaml:"origins" text:"address"`
	// Hosts are the names, without port, under which clients reach the
	// gateway. With one or more, requests for other names are refused: a page
	// can have its own name resolve to a local address (DNS rebinding), but not
	// to another name. IP addresses, localhost and what containers call their
	// host always may. Default: any name, except in heald up on a loopback
	// address.
	Hosts []string `yaml:"hosts"`
	// LocalHosts refuses other names also where Hosts is empty: the gateway
	// listens on a loopback address.
	LocalHosts bool `yaml:"-"`
}

// Validate names every entry that cannot be, with path as prefix.
func (b *Browsers) Validate(path string) error {
	var errs []error
	for i, o := range b.Origins {
		if o == "*" {
			continue
		}
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			errs = append(errs, fmt.Errorf(`%s.origins[%d]: %s is no origin; give scheme, host and port as browsers send them, such as https://chat.example.com, or "*" for all`, path, i, redact.Quote(o)))
		}
	}
	for i, h := range b.Hosts {
		if h == "" || strings.ContainsAny(h, ":/@* ") {
			errs = append(errs, fmt.Errorf("%s.hosts[%d]: %s is no host name; give the name alone, without port, such as llm.example.com", path, i, redact.Quote(h)))
		}
	}
	return errors.Join(errs...)
}

// admitBrowser refuses requests that a web page of another site has sent.
func (a *attempt) admitBrowser() *policies.Reply {
	b := &a.x.cfg.Browsers
	switch {
	case !b.knowsHost(a.in.Authority):
		return a.refuse(heal.ReasonForeignHost, &conversation.Error{Kind: conversation.ErrPermission,
			Message: "this gateway is not known under the host name of this request; use its IP address or localhost, or list the name under browsers.hosts"})
	case !b.trusts(a.in.Headers):
		return a.refuse(heal.ReasonCrossSite, &conversation.Error{Kind: conversation.ErrPermission,
			Message: "this gateway takes no requests from web pages of other sites; list the page's origin under browsers.origins"})
	}
	return nil
}

// knowsHost reports whether clients may use the host of :authority.
func (b *Browsers) knowsHost(authority string) bool {
	if len(b.Hosts) == 0 && !b.LocalHosts {
		return true
	}
	host := hostOf(authority)
	if _, err := netip.ParseAddr(host); err == nil {
		return true // no name, so nobody can have it resolve to something else
	}
	if dotless := host != "" && !strings.Contains(host, ".") && strings.ContainsFunc(host, unicode.IsLetter); dotless {
		return true // a service of Docker Compose, a machine of the house: no page of the Internet has such a name (RFC 7085)
	}
	return local(host) || slices.ContainsFunc(b.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// appSchemes are those of the pages of desktop applications (Electron, Tauri,
// Capacitor, VS Code). No web page has one of them: whoever sends it could as
// well send nothing.
var appSchemes = []string{"app", "capacitor", "file", "tauri", "vscode-file", "vscode-webview"}

// trusts reports whether the sender is no browser, or shows a page that may
// send requests. Browsers add Origin to every POST; sec-fetch-site, where they
// know it, to every request. With a trusted origin the latter is of no
// interest: to a browser localhost and 127.0.0.1 are two sites.
func (b *Browsers) trusts(headers policies.Headers) bool {
	found := false
	for _, h := range headers {
		if h.Name == "origin" {
			if !b.trustsOrigin(h.Value) {
				return false
			}
			found = true
		}
	}
	if found || slices.Contains(b.Origins, "*") {
		return true
	}
	site := strings.ToLower(headers.Get("sec-fetch-site"))
	// "none" is a person at the address bar. Pages of another port of this
	// machine are same-site, but any page of a company is that to another.
	return site != "cross-site" && site != "same-site"
}

// trustsOrigin reports whether pages of an origin may send requests. "null" is
// that of sandboxed frames, which any page can make.
func (b *Browsers) trustsOrigin(origin string) bool {
	if b.listsOrigin(origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.User == nil && local(hostOf(u.Host))
	}
	return slices.Contains(appSchemes, u.Scheme) && strings.HasPrefix(origin[len(u.Scheme):], "://")
}

// hostOf is the host of host:port, in lower case, without the brackets of an
// IPv6 address and the dot that ends an absolute name.
func hostOf(authority string) string {
	host, _, err := net.SplitHostPort(authority)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(authority, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// containerHosts are the names under which containers and virtual machines reach
// the machine that they run on: Docker, Podman, Lima, OrbStack, Rancher Desktop,
// minikube. The domain internal is in no public DNS (ICANN, 2024-07-29), so no
// page of the Internet has such a name.
var containerHosts = []string{
	"host.docker.internal", "gateway.docker.internal", "host.containers.internal", "host.lima.internal",
	"host.orb.internal", "host.rancher-desktop.internal", "host.minikube.internal",
}

// local reports whether a host is this machine, whatever a public name server
// says: loopback addresses, localhost and the names below it (RFC 6761, 6.3), and
// what containers call it.
func local(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(containerHosts, host)
}
