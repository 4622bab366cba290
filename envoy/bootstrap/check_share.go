package bootstrap

import "slices"

// toHeald are the routes of a listener to heald: with one hop all of its own.
func (c *checker) toHeald(ch *chain) []*routeRef {
	if c.want.OneHop {
		return ch.routes()
	}
	return slices.DeleteFunc(slices.Clone(c.outer), func(r *routeRef) bool { return r.chain != ch })
}

// ownDuration reports whether every route from the listener to heald has a
// max_stream_duration of its own, in whose place the listener's has no effect.
func (c *checker) ownDuration(ch *chain) bool {
	return !slices.ContainsFunc(c.toHeald(ch), func(r *routeRef) bool {
		return r.action().GetMaxStreamDuration().GetMaxStreamDuration() == nil
	})
}

// ownIDs reports whether every route from the listener to heald sets a request id
// of its own, so that it does not matter where the listener's come from.
func (c *checker) ownIDs(ch *chain) bool {
	return !slices.ContainsFunc(c.toHeald(ch), func(r *routeRef) bool {
		f := trace(r.requestLevels(), "x-request-id")
		return f.passes || f.value != "%UNIQUE_ID%"
	})
}

// ofOthers reports whether a chain is for other sites in the same Envoy: each of
// its routes leads to known places, none of which is the inner listener or a
// provider.
func (c *checker) ofOthers(ch, inner *chain) bool {
	return ch != inner && ch.hcm.GetRouteConfig() != nil && !slices.ContainsFunc(ch.routes(), func(r *routeRef) bool {
		cl := c.cluster(r.cluster)
		return cl == nil || c.provider(cl) || slices.Contains(c.want.Backends, r.cluster) || c.mayLeadTo(inner, r.cluster)
	})
}

// mayLeadTo reports whether a cluster's endpoints are a listener, or may be: they
// are not known, or have its port under some name.
func (c *checker) mayLeadTo(ch *chain, cluster string) bool {
	n := 0
	port := ch.listener.GetAddress().GetSocketAddress().GetPortValue()
	for _, group := range c.cluster(cluster).GetLoadAssignment().GetEndpoints() {
		for _, e := range group.GetLbEndpoints() {
			n++
			a := e.GetEndpoint().GetAddress()
			if ch.listensAt(a) || port != 0 && a.GetSocketAddress().GetPortValue() == port {
				return true
			}
		}
	}
	return n == 0
}
