package bootstrap

import (
	"fmt"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
)

// checkAdmin checks who reaches Envoy's admin interface.
func (c *checker) checkAdmin(b *bootstrapv3.Bootstrap) {
	const (
		path        = "admin.address"
		consequence = "whoever reaches it can read secrets, heald's credentials among them, and stop Envoy"
		fix         = "a Unix socket: admin: {address: {pipe: {path: /run/heald/envoy-admin.sock, mode: 384}}}, or no admin; envoy/stats.yaml serves only metrics"
	)
	at := b.GetAdmin().GetAddress()
	switch socket, pipe := at.GetSocketAddress(), at.GetPipe(); {
	case socket != nil && !loopback(socket.GetAddress()):
		c.problem(path, socket.GetAddress()+": other machines can reach it", consequence, fix)
	case socket != nil && c.dump != nil: // meshes have it so, and need it
	case socket != nil:
		c.note(path, "a port: every process of this machine can reach it", consequence, fix)
	case strings.HasPrefix(pipe.GetPath(), "@"), pipe.GetMode()&0o007 != 0:
		c.problem(path+".pipe", "a socket that every user of this machine may use", consequence, fix)
	}
}

// internalListener is the extension without which Envoy has no internal
// listeners.
const internalListener = "envoy.extensions.bootstrap.internal_listener.v3.InternalListener"

// checkExtensions checks that Envoy supports the internal listeners of the
// configuration.
func (c *checker) checkExtensions(b *bootstrapv3.Bootstrap) {
	if c.dump != nil {
		return // it runs
	}
	for _, e := range b.GetBootstrapExtensions() {
		if strings.HasSuffix(e.GetTypedConfig().GetTypeUrl(), internalListener) {
			return
		}
	}
	for _, l := range b.GetStaticResources().GetListeners() {
		if l.GetInternalListener() != nil {
			c.problem("bootstrap_extensions", fmt.Sprintf("no internal_listener, which listener %q needs", l.GetName()),
				"Envoy does not start", "copy bootstrap_extensions of envoy.yaml")
			return
		}
	}
}
