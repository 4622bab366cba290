package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
)

// checkSidecarAddress compares where Envoy looks for heald with where heald
// listens.
func (c *checker) checkSidecarAddress() {
	cl := c.cluster(c.filter.cluster())
	if len(c.want.GRPC) == 0 || cl == nil || len(addresses(cl)) == 0 {
		return
	}
	for _, a := range addresses(cl) {
		if slices.ContainsFunc(c.want.GRPC, func(listen string) bool { return answersAt(listen, a) }) {
			return // the others may be other replicas
		}
	}
	path := clusterPath(cl.GetName()) + ".load_assignment"
	text := fmt.Sprintf("no endpoint is where heald listens (%s)", strings.Join(c.want.GRPC, ", "))
	const consequence, fix = "heald cannot be reached; every request ends with a 503", "the same address in both files: here and in listen.grpc of heald.yaml"
	if c.remote(cl) != "" {
		c.note(path, text, consequence+", unless ports are mapped in between", fix)
		return
	}
	c.problem(path, text, consequence, fix)
}

// answersAt reports whether a listener of heald may be behind an endpoint: the
// same socket, or the same port, since a host has many addresses.
func answersAt(listen string, a *corev3.Address) bool {
	at, err := parseAddress(listen)
	if err != nil { // ":9000", which means all addresses
		_, port, _ := strings.Cut(listen, ":")
		return fmt.Sprint(a.GetSocketAddress().GetPortValue()) == port
	}
	if at.pipe != "" {
		return a.GetPipe().GetPath() == at.pipe
	}
	return a.GetSocketAddress().GetPortValue() == at.port
}
