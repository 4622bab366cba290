package bootstrap

import (
	"net/netip"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
)

// listensAt reports whether an endpoint's address is this listener.
func (ch *chain) listensAt(a *corev3.Address) bool {
	l := ch.listener
	if name := a.GetEnvoyInternalAddress().GetServerListenerName(); name != "" {
		return l.GetInternalListener() != nil && l.GetName() == name
	}
	if path := a.GetPipe().GetPath(); path != "" {
		return l.GetAddress().GetPipe().GetPath() == path
	}
	if a.GetSocketAddress() == nil || l.GetAddress().GetSocketAddress() == nil {
		return false
	}
	from, to := a.GetSocketAddress(), l.GetAddress().GetSocketAddress()
	if from.GetPortValue() != to.GetPortValue() {
		return false
	}
	return from.GetAddress() == to.GetAddress() || loopback(from.GetAddress()) && (loopback(to.GetAddress()) || anyAddress(to.GetAddress()))
}

// loopback reports whether a host is this one. Envoy's resolver makes names
// below localhost 127.0.0.1.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func anyAddress(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsUnspecified()
}
