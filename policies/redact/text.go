package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Upstream's texts may identify the account: Google quotes suspended keys, and
// the numbers of projects in nearly every 429. Clients must see neither, and no
// key may be logged.

// ForLog removes credentials from a text for the log.
func ForLog(text string) string {
	text = forms.replace(text, mark)
	text = announced.replace(text, mark)
	return userInfo.replace(text, "${1}"+mark+"@")
}

var (
	links    = newPattern(`(?:https?://|\b[a-z0-9-]*\.?googleapis\.com/v\d)[^\s'"<>)\]]*[^\s'"<>)\].,;:]`, "/")
	buckets  = newPattern(`(?i)\bgs://[^\s'"<>)\]]*[^\s'"<>)\].,;:]`, "://")
	emails   = newPattern(`(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+`, "@")
	projects = newPattern(`(?i)\b(projects/)[a-z0-9](?:[a-z0-9.:_-]*[a-z0-9])?`, "/")

	projectNumbers = pattern{
		expr:  regexp.MustCompile(`(?i)\b(project(?:[_ ](?:number|id))?[\s:=#'"]*)\d{5,}`),
		signs: []string{"project"}, folded: true,
	}

	dotted    = newPattern(`(?i)\b[a-z0-9_-]+(?:\.[a-z0-9_-]+)+(?::\d+)?`, ".")
	colons    = newPattern(`(?i)\[?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\]?(?::\d+)?`, ":")
	localhost = newPattern(`(?i)\blocalhost:\d+`, ":")
)

// ForClient removes from a text for the client what only concerns the operator
// of the gateway: credentials, projects, accounts, buckets, hosts of its
// network, and links, which lead to its consoles.
func ForClient(text string) string {
	text = links.replace(text, "[link]")
	text = buckets.replace(text, mark)
	text = ForLog(text)
	text = emails.replace(text, mark)
	text = projects.replace(text, "${1}"+mark)
	text = projectNumbers.replace(text, "${1}"+mark)
	text = localhost.replace(text, mark)
	text = dotted.replaceFunc(text, hideInternal)
	return colons.replaceFunc(text, hideInternal)
}

func hideInternal(host string) string {
	if internal(host) {
		return mark
	}
	return host
}

// innerDomains are those that only a private network resolves.
var innerDomains = []string{"internal", "local", "localdomain", "svc", "intranet", "lan", "corp"}

// Internal reports whether a host, with or without a port, is of a private
// network: by its name, or by its address.
func Internal(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	return strings.EqualFold(name, "localhost") || !strings.Contains(strings.Trim(name, "."), ".") && name != "" && host[0] != '[' ||
		internal(host)
}

func internal(host string) bool {
	if addr, ok := address(host); ok {
		return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() || carrier.Contains(addr)
	}
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	name = strings.TrimSuffix(name, ".")
	return slices.Contains(innerDomains, name[strings.LastIndexByte(name, '.')+1:])
}

// carrier is the address range of carriers and of cloud networks (RFC 6598).
var carrier = netip.MustParsePrefix("100.64.0.0/10")

// address reads an address with or without a port.
func address(host string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(host); err == nil {
		return at.Addr().Unmap(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return addr.Unmap(), err == nil
}
