package allow

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/redact"
)

// address is a URI in parts that can be compared. The name of an uploaded file
// (files/abc) has neither scheme nor host.
type address struct{ scheme, host, path string }

// parseAddress reads a URI. It refuses everything that another parser may read
// as another address: users, steps upwards, and characters that have no place
// in a URI.
func parseAddress(uri string) (a address, ok bool) {
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return a, false
		}
	}
	scheme, rest, hasHost := strings.Cut(uri, "://")
	if !hasHost {
		a.path = uri
		return a, uri != "" && !strings.Contains(uri, ":") && plain(uri)
	}
	a.scheme = strings.ToLower(scheme)
	if a.scheme != "http" && a.scheme != "https" { // names of objects are not paths: nothing in them is escaped
		a.host, a.path, _ = strings.Cut(rest, "/")
		return a, a.scheme != "" && validHost(a.host) && plain(a.path)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	a.host, ok = hostOf(strings.ToLower(rest[:end]), a.scheme)
	path, _, _ := strings.Cut(rest[end:], "#")
	path, _, _ = strings.Cut(path, "?")
	path, err := url.PathUnescape(path)
	a.path = strings.TrimPrefix(path, "/")
	return a, ok && err == nil && validHost(a.host) && plain(a.path) && !strings.Contains(a.path, `\`)
}

// hostOf brings host and port into one form: no dot at the end of the name, and
// no port that is the scheme's own. Empty labels, and ports that readers may take
// for another, are refused.
func hostOf(authority, scheme string) (host string, ok bool) {
	name, port, found := strings.Cut(authority, ":")
	name = strings.TrimSuffix(name, ".")
	if slices.Contains(strings.Split(name, "."), "") {
		return "", false
	}
	if !found {
		return name, true
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port || n == 0 {
		return "", false
	}
	if port == map[string]string{"http": "80", "https": "443"}[scheme] {
		return name, true
	}
	return name + ":" + port, true
}

// validHost accepts names and IPv4 addresses in ASCII. In other scripts a host
// may be another one.
func validHost(host string) bool {
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") == ""
}

// plain reports whether a path has no steps upwards.
func plain(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == ".." || segment == "." {
			return false
		}
	}
	return true
}

func validPrefix(prefix string) bool {
	_, ok := parseAddress(prefix)
	return ok
}

// below reports whether a is the prefix or lies below it.
func (a address) below(prefix address) bool {
	folder := strings.TrimSuffix(prefix.path, "/")
	return a.scheme == prefix.scheme && a.host == prefix.host &&
		(folder == "" || a.path == prefix.path || strings.HasPrefix(a.path, folder+"/"))
}

// rightful are hosts whose answers depend on the caller's rights.
var rightful = []string{"googleapis.com", "storage.cloud.google.com", "localhost"}

// openStorage is the host of public objects, the one of Google's APIs that is
// read without rights.
const openStorage = "storage.googleapis.com"

// public reports an address whose answer does not depend on the rights of the
// account.
func (a address) public() bool {
	if a.scheme != "http" && a.scheme != "https" || !strings.Contains(a.host, ".") {
		return false
	}
	host, _, _ := strings.Cut(a.host, ":")
	if host == openStorage {
		return true
	}
	for _, r := range rightful {
		if host == r || strings.HasSuffix(host, "."+r) {
			return false
		}
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsGlobalUnicast() && !redact.Internal(host)
	}
	return !numeric(host) && !redact.Internal(host)
}

// numeric reports a host that many readers take for an IPv4 address, in one of
// the short, octal and hexadecimal forms of inet_aton: its last label is a
// number.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == ""
}

// reads reports whether an address may be read.
func (r *Rules) reads(uri string) bool {
	if slices.Contains(r.FileURIs, every) {
		return true
	}
	a, ok := parseAddress(uri)
	if !ok {
		return false
	}
	for _, prefix := range r.FileURIs {
		switch p, ok := parseAddress(prefix); {
		case prefix == none:
		case prefix == public && a.public():
			return true
		case prefix != public && ok && a.below(p):
			return true
		}
	}
	return false
}
