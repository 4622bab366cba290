package bootstrap

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
)

// checkResume checks the listener through which heald fetches the rest of
// broken answers.
func (c *checker) checkResume() {
	if c.want.Resume == "" {
		return
	}
	found := false
	for _, ch := range c.chains {
		if !c.resumes(ch) {
			continue
		}
		found = true
		if !private(ch.listener.GetAddress()) {
			c.problem(fmt.Sprintf("static_resources.listeners[%s].address", ch.listener.GetName()), "can be reached from other machines",
				"whoever reaches it can use the gateway's way to the providers, past heald", "a loopback address or a Unix socket")
		}
		for _, r := range ch.routes() {
			if d := r.action().GetTimeout(); d == nil || d.AsDuration() != 0 {
				c.problem(r.field("timeout"), fmt.Sprintf("the rest of an answer ends after %s", durationText(d, "the default of 15s")),
					"longer ones break off a second time", "timeout: 0s; heald has deadlines of its own")
			}
		}
	}
	if !found {
		c.problem("static_resources.listeners", fmt.Sprintf("no listener at %s leads to the cluster that heald names", c.want.Resume),
			"answers that break off are not completed, though a policy says resume: text", "add the listener of envoy/resume.yaml, or set resume_via in heald.yaml")
	}
}

// resumes reports whether a chain is the one through which the rest of broken
// answers is fetched: it leads past heald, and must.
func (c *checker) resumes(ch *chain) bool {
	routes := ch.routes()
	return c.want.Resume != "" && ch != c.inner && sameAddress(ch.listener.GetAddress(), c.want.Resume) &&
		len(routes) > 0 && !slices.ContainsFunc(routes, func(r *routeRef) bool { return !named(r) })
}

// sameAddress reports whether a listener is what heald knows as via. A name
// may stand for any address.
func sameAddress(a *corev3.Address, via string) bool {
	at, err := parseAddress(via)
	if err != nil {
		return false
	}
	if at.pipe != "" {
		return a.GetPipe().GetPath() == at.pipe
	}
	s := a.GetSocketAddress()
	ip, err := netip.ParseAddr(s.GetAddress())
	return s.GetPortValue() == at.port && (s.GetAddress() == at.host || !at.ip || err == nil && ip.IsUnspecified())
}

// private reports whether only this machine reaches the address.
func private(a *corev3.Address) bool {
	if strings.HasPrefix(a.GetPipe().GetPath(), "/") || a.GetEnvoyInternalAddress() != nil {
		return true
	}
	ip, err := netip.ParseAddr(a.GetSocketAddress().GetAddress())
	return err == nil && ip.IsLoopback()
}
