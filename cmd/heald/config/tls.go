package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// TLS is mutual TLS for the gRPC listeners. The files are watched; new ones
// take effect for new connections.
type TLS struct {
	// Cert is a PEM file: the chain of certificates that heald shows.
	Cert string `yaml:"cert"`
	// Key is a PEM file: the key of the certificate.
	Key string `yaml:"key"`
	// ClientCA is a PEM file of the authorities that sign Envoy's certificates.
	ClientCA string `yaml:"client_ca"`
	// Allow are the peers that may connect, by a name in their certificate:
	// SPIFFE ids such as spiffe://cluster.local/ns/gateway/sa/envoy, or DNS
	// names. Default: every peer with a certificate of ClientCA, so give its
	// certificates only to Envoys.
	Allow []string `yaml:"allow"`
}

func (t *TLS) check() error {
	if t == nil {
		return nil
	}
	var errs []error
	for _, f := range []struct{ name, value, why string }{
		{"cert", t.Cert, "the PEM file of the certificate that heald shows to Envoy"},
		{"key", t.Key, "the PEM file of its private key"},
		{"client_ca", t.ClientCA, "the PEM file of the authority that signs Envoy's certificates: without it anybody could connect and be given the accounts' credentials"},
	} {
		if f.value == "" {
			errs = append(errs, fmt.Errorf("listen.tls.%s: is empty; name %s", f.name, f.why))
		}
	}
	for i, name := range t.Allow {
		if !peerName(name) {
			errs = append(errs, fmt.Errorf("listen.tls.allow[%d]: %q is neither a SPIFFE id (spiffe://domain/path) nor a DNS name; nobody could connect under it", i, name))
		}
	}
	return errors.Join(errs...)
}

func peerName(name string) bool {
	if strings.Contains(name, "://") {
		u, err := url.Parse(name)
		return err == nil && u.Scheme == "spiffe" && u.Host != "" && u.Port() == "" && u.RawQuery == "" && u.Fragment == ""
	}
	return name != "" && !strings.ContainsAny(name, ":/@* ")
}

// files are those that Load reads.
func (t *TLS) files() []string {
	if t == nil {
		return nil
	}
	return []string{t.Cert, t.Key, t.ClientCA}
}

// Load reads the files. The configuration that it returns accepts only HTTP/2
// with a certificate of ClientCA.
func (t *TLS) Load() (*tls.Config, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	var errs []error
	pair, err := keyPair(t.Cert, t.Key)
	if err != nil {
		errs = append(errs, fmt.Errorf("listen.tls.cert, listen.tls.key (%s, %s): %w", t.Cert, t.Key, err))
	}
	pem, err := readFile(t.ClientCA)
	authorities := x509.NewCertPool()
	if err != nil {
		errs = append(errs, fmt.Errorf("listen.tls.client_ca: %w", err))
	} else if !authorities.AppendCertsFromPEM(pem) {
		errs = append(errs, fmt.Errorf("listen.tls.client_ca: %s holds no PEM certificate", t.ClientCA))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    authorities,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2"},
		// A resumed session would miss what has changed since; connections live
		// long, so resumption gains nothing.
		SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			return t.admit(s.PeerCertificates[0])
		},
	}, nil
}

func keyPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := readFile(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := readFile(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// admit refuses peers whose certificate has none of the allowed names.
func (t *TLS) admit(peer *x509.Certificate) error {
	if len(t.Allow) == 0 {
		return nil
	}
	var names []string
	for _, u := range peer.URIs {
		names = append(names, u.String())
	}
	names = append(names, peer.DNSNames...)
	for _, name := range names {
		if slices.ContainsFunc(t.Allow, func(a string) bool { return samePeer(a, name) }) {
			return nil
		}
	}
	return fmt.Errorf("the peer's certificate is for %q, none of which listen.tls.allow lists", names)
}

// samePeer compares SPIFFE ids as they are and DNS names without case.
func samePeer(a, b string) bool {
	if strings.Contains(a, "://") {
		return a == b
	}
	return strings.EqualFold(a, b)
}
