package redistest

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
)

// StartTLS starts an empty server that speaks TLS only, with the certificate and key
// of PEM files, which the authority of another file has signed. It asks clients for
// none.
func StartTLS(t testing.TB, authority, cert, key string, args ...string) *Server {
	t.Helper()
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(authority)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate of the authority: ", err)
	}
	s := newServer(t, append([]string{"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", authority, "--tls-auth-clients", "no"}, args...))
	s.tls = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	s.onFreePort()
	return s
}
