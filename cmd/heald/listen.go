package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// openAll opens every listener or none.
func openAll(l config.Listen, log *zap.Logger) (grpc []net.Listener, adminListener net.Listener, err error) {
	var errs []error
	for _, address := range l.GRPC {
		ln, err := listen(address, log)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		grpc = append(grpc, ln)
	}
	adminListener, err = listen(l.Admin, log)
	if err = errors.Join(append(errs, err)...); err != nil {
		for _, ln := range grpc {
			_ = ln.Close()
		}
		if adminListener != nil {
			_ = adminListener.Close()
		}
		return nil, nil, err
	}
	return grpc, adminListener, nil
}

// listen opens host:port or unix:///path. A socket file that nobody listens
// on any more is replaced.
func listen(address string, log *zap.Logger) (net.Listener, error) {
	path, unix := strings.CutPrefix(address, "unix://")
	if !unix {
		l, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("listen on %s: the port is in use; stop what uses it or choose another address", address)
		}
		return l, err
	}
	if err := clearPath(path); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	l, err := listenUnix(path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; the directory must exist and be writable for heald's user", address, err)
	}
	mode, who := socketMode(path), "its owner"
	if mode&groupConnects != 0 {
		who = "its owner and group"
	}
	log.Info("socket made", zap.String("path", path), zap.String("mode", fmt.Sprintf("%#o", mode)), zap.String("may_connect", who))
	return l, nil
}

// clearPath removes a socket that nobody listens on, and nothing else: a file
// named by mistake refuses connections as well. A symbolic link is never
// removed, whatever it leads to.
func clearPath(path string) error {
	info, missing := os.Lstat(path)
	if missing == nil && info.Mode().Type() != os.ModeSocket {
		return errors.New("the path exists and is no socket; it is left as it is: choose another path, or remove what is there")
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		_ = conn.Close()
		return errors.New("another process listens there; stop it or choose another path")
	}
	if missing == nil && errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(path) // if this fails, listening fails and says why
	}
	return nil
}

// othersOut is the umask under which sockets are made: whoever can connect is
// given credentials, so only owner and group may. A stricter umask of the
// process stays: with the usual 022 only the owner can connect.
const othersOut = 0o117

// groupConnects is the bit of a socket's mode that lets its group connect.
const groupConnects = 0o020

func listenUnix(path string) (net.Listener, error) {
	old := syscall.Umask(othersOut)
	syscall.Umask(old | othersOut)
	defer syscall.Umask(old)
	return net.Listen("unix", path)
}

func socketMode(path string) os.FileMode {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Mode().Perm()
}
