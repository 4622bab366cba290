package extproc

import (
	"crypto/tls"
	"errors"
	"io"
	"net"

	"go.uber.org/zap"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// transport secures connections that come by TCP, and leaves those of Unix
// sockets, which the file system guards, as they are.
type transport struct {
	credentials.TransportCredentials // TLS
	plain                            credentials.TransportCredentials
	log                              *zap.Logger
}

func newTransport(cfg *tls.Config, log *zap.Logger) *transport {
	return &transport{TransportCredentials: credentials.NewTLS(cfg), plain: insecure.NewCredentials(), log: log}
}

// ServerHandshake implements credentials.TransportCredentials. It logs a failed
// handshake: gRPC does not report it, and Envoy only reports that it failed.
func (t *transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if raw.LocalAddr().Network() == "unix" {
		return t.plain.ServerHandshake(raw)
	}
	conn, info, err := t.TransportCredentials.ServerHandshake(raw)
	if err != nil && !errors.Is(err, io.EOF) { // a port probe sends nothing
		t.log.Warn("connection refused: the TLS handshake failed", zap.Stringer("peer", raw.RemoteAddr()), zap.Error(err))
	}
	return conn, info, err
}

// Clone implements credentials.TransportCredentials.
func (t *transport) Clone() credentials.TransportCredentials {
	return &transport{TransportCredentials: t.TransportCredentials.Clone(), plain: t.plain.Clone(), log: t.log}
}
