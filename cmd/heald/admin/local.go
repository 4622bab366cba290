package admin

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// loopback reports whether only this machine reaches an address, by TCP. Web
// pages do not reach Unix sockets.
func loopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && t.IP.IsLoopback()
}

// localOnly refuses what other web pages send: a browser on this machine reaches
// loopback addresses, and a foreign page that has its own name resolve to one
// (DNS rebinding) could read the answers. Probes and scrapers on this machine use
// an address or localhost, and send neither Origin nor Sec-Fetch-Site.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r.Host) {
			http.Error(w, "the admin port is not known under this host name; ask by IP address or as localhost, or set --admin (listen.admin) to an address that other machines reach", http.StatusForbidden)
			return
		}
		sameSite(next).ServeHTTP(w, r)
	})
}

// sameSite refuses what pages of other sites send. If other machines reach the
// listener, its names are not known, so it cannot recognize a page whose own name
// resolves to it (DNS rebinding); but no browser sends the session's cookie for
// such a page.
func sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if crossSite(r) {
			http.Error(w, "the admin port takes no requests from web pages of other sites", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localHost reports whether a Host header is one that nobody can make resolve
// to another address: an address, localhost or a name below it (RFC 6761, 6.3),
// or none, which HTTP/1.0 allows and browsers never send.
func localHost(authority string) bool {
	host, _, err := net.SplitHostPort(authority)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(authority, "["), "]")
	}
	if _, err := netip.ParseAddr(host); err == nil || authority == "" {
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// crossSite reports whether a web page other than the admin port's own has sent
// the request. "none" is a person at the address bar, "same-origin" a page of the
// admin port itself; to a browser, pages of another port of this machine are
// same-site. A person who follows a link from elsewhere must open the address
// again by hand.
func crossSite(r *http.Request) bool {
	if site := strings.ToLower(r.Header.Get("Sec-Fetch-Site")); site != "" && site != "none" && site != "same-origin" {
		return true
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return false
	}
	u, err := url.Parse(origins[0])
	return len(origins) > 1 || err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
}
