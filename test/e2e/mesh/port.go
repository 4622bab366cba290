package mesh

import (
	"fmt"
	"syscall"
	"testing"
)

// reserve returns a port of loopback for one Envoy to listen on. A socket is
// bound to it until the test ends, so that nobody else is given it; Envoy shares
// it because listeners of both set SO_REUSEPORT, and gets all connections
// because this one does not listen.
func reserve(t testing.TB) string {
	t.Helper()
	const reusePort = 0xf // SO_REUSEPORT of Linux, which package syscall lacks
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, reusePort, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	address, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", address.(*syscall.SockaddrInet4).Port)
}
