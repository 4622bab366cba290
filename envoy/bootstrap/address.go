package bootstrap

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// address is where something listens: a Unix socket, or a host and port.
type address struct {
	pipe string
	host string
	port uint32
	ip   bool // host is an IP address
}

func parseAddress(s string) (address, error) {
	if path, ok := strings.CutPrefix(s, "unix://"); ok {
		// The kernel's sockaddr_un holds 107 bytes.
		if !strings.HasPrefix(path, "/") || len(path) > 107 {
			return address{}, fmt.Errorf("%q: want unix:// and an absolute path of at most 107 bytes, such as unix:///run/heald.sock", s)
		}
		return address{pipe: path}, nil
	}
	host, portText, err := net.SplitHostPort(s)
	if err != nil {
		return address{}, fmt.Errorf("%q: want host:port, such as 127.0.0.1:9000", s)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return address{}, fmt.Errorf("%q: the port is not a number from 0 to 65535", s)
	}
	return hostAddress(host, uint32(port))
}

func hostAddress(host string, port uint32) (address, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return address{host: host, port: port, ip: true}, nil
	}
	if !hostName(host) {
		return address{}, fmt.Errorf("%q is neither an IP address nor a host name", host)
	}
	return address{host: host, port: port}, nil
}

// endpoint is a provider's address.
type endpoint struct {
	address
	tls      bool
	explicit bool // the port was given
}

func parseEndpoint(s string) (endpoint, error) {
	u, err := url.Parse(s)
	if err != nil {
		return endpoint{}, fmt.Errorf("%q: want https://host or http://host:port", s)
	}
	if u.User != nil {
		return endpoint{}, errors.New("a URL with user or password; credentials belong in heald.yaml")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return endpoint{}, fmt.Errorf("%q: want https://host or http://host:port", s)
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return endpoint{}, fmt.Errorf("%q: only scheme, host and port; heald makes the path", s)
	}
	port := uint64(80)
	if u.Scheme == "https" {
		port = 443
	}
	if u.Port() != "" {
		if port, err = strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
			return endpoint{}, fmt.Errorf("%q: the port is not a number from 1 to 65535", s)
		}
	}
	at, err := hostAddress(u.Hostname(), uint32(port))
	if err != nil {
		return endpoint{}, err
	}
	return endpoint{address: at, tls: u.Scheme == "https", explicit: u.Port() != ""}, nil
}

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

func hostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}

// parseProxy reads the address of a proxy, which must name its port.
func parseProxy(s string) (endpoint, error) {
	at, err := parseEndpoint(s)
	if err != nil {
		return at, err
	}
	if !at.explicit {
		return at, errors.New("no port; want http://host:port")
	}
	return at, nil
}
