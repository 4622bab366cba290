package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// What upstream says may name who asked: Google quotes suspended keys, and the
// numbers of projects in nearly every 429. Neither is the client's business,
// and no key belongs into a log.

// replace is ReplaceAllString, which allocates even where nothing matches: as
// in nearly every text.
func replace(re *regexp.Regexp, text, with string) string {
	if !re.MatchString(text) {
		return text
	}
	return re.ReplaceAllString(text, with)
}

// ForLog takes credentials out of a text for the log.
func ForLog(text string) string {
	text = replace(forms, text, mark)
	text = replace(announced, text, mark)
	return replace(userInfo, text, "${1}"+mark+"@")
}

var (
	links          = regexp.MustCompile(`(?:https?://|\b[a-z0-9-]*\.?googleapis\.com/v\d)[^\s'"<>)\]]*[^\s'"<>)\].,;:]`)
	buckets        = regexp.MustCompile(`(?i)\bgs://[^\s'"<>)\]]*[^\s'"<>)\].,;:]`)
	emails         = regexp.MustCompile(`(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+`)
	projects       = regexp.MustCompile(`(?i)\b(projects/)[a-z0-9](?:[a-z0-9.:_-]*[a-z0-9])?`)
	projectNumbers = regexp.MustCompile(`(?i)\b(project(?:[_ ](?:number|id))?[\s:=#'"]*)\d{5,}`)
	dotted         = regexp.MustCompile(`(?i)\b[a-z0-9_-]+(?:\.[a-z0-9_-]+)+(?::\d+)?`)
	colons         = regexp.MustCompile(`(?i)\[?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\]?(?::\d+)?`)
	localhost      = regexp.MustCompile(`(?i)\blocalhost:\d+`)
)

// ForClient takes out of a text for the client what only concerns who runs the
// gateway: credentials, projects, accounts, buckets, hosts of its network, and
// links, which lead to its consoles.
func ForClient(text string) string {
	text = replace(links, text, "[link]")
	text = replace(buckets, text, mark)
	text = ForLog(text)
	text = replace(emails, text, mark)
	text = replace(projects, text, "${1}"+mark)
	text = replace(projectNumbers, text, "${1}"+mark)
	text = replace(localhost, text, mark)
	if dotted.MatchString(text) {
		text = dotted.ReplaceAllStringFunc(text, hideInternal)
	}
	if colons.MatchString(text) {
		text = colons.ReplaceAllStringFunc(text, hideInternal)
	}
	return text
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
