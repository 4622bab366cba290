package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Admin says who may ask the admin listener. If nothing is set, whoever reaches a
// loopback address or a Unix socket may, and no other address is allowed.
type Admin struct {
	// Token must be sent as Authorization: Bearer, or typed into the page's
	// form; at least 24 bytes (head -c 24 /dev/urandom | base64). A file is
	// watched. Default: there is none.
	Token Source `yaml:"token"`
	// TLS secures the listener's TCP address. Default: none, plain text. Unix
	// sockets are always plain text.
	TLS *AdminTLS `yaml:"tls"`
	// MetricsOpen serves /metrics to whoever reaches the listener, as /livez
	// and /readyz always are.
	MetricsOpen bool `yaml:"metrics_open"`
	// Open serves everything but profiles and bodies to whoever reaches the listener,
	// on any address: something else, such as a NetworkPolicy, must keep strangers out.
	Open bool `yaml:"open"`
}

// AdminTLS is how the admin listener speaks TLS.
type AdminTLS struct {
	// Cert is a PEM file: the chain of certificates that heald shows.
	Cert string `yaml:"cert"`
	// Key is a PEM file: the key of the certificate.
	Key string `yaml:"key"`
	// ClientCA is a PEM file of the authorities whose certificates are accepted in
	// place of the token. Default: none, client certificates are ignored.
	ClientCA string `yaml:"client_ca"`
}

// leastToken is the shortest token, in bytes: anybody may try guesses as often
// as they like.
const leastToken = 24

// Access is who may ask the admin listener, with the secrets read.
type Access struct {
	Token account.Secret
	TLS   *tls.Config // nil for plain text
	// Certificates says that one of ClientCA is as good as the token.
	Certificates      bool
	MetricsOpen, Open bool
}

// Asks reports whether anything is asked for.
func (a *Access) Asks() bool { return !a.Token.Empty() || a.Certificates }

// Access reads the secrets and certificates.
func (c *Config) Access() (Access, error) {
	a := Access{MetricsOpen: c.Admin.MetricsOpen, Open: c.Admin.Open}
	token, err := c.Admin.Token.optional("admin.token")
	if err == nil && token != "" {
		a.Token, err = account.NewSecret(token), checkToken(token)
	}
	errs := []error{err}
	if c.Admin.TLS != nil {
		a.TLS, err = c.Admin.TLS.Load()
		a.Certificates = c.Admin.TLS.ClientCA != ""
		errs = append(errs, err)
	}
	return a, errors.Join(errs...)
}

func checkToken(token string) error {
	if len(token) < leastToken {
		return &setting.Problem{Path: "admin.token", Found: fmt.Sprintf("the token has %d bytes, fewer than %d", len(token), leastToken),
			Consequence: "it could be guessed", Fix: "make one: head -c 24 /dev/urandom | base64"}
	}
	return headerSafe("admin.token", token)
}

// CheckAt names what is wrong with the access to an address; "" is the default.
func (a *Admin) CheckAt(address string) error {
	certificates := a.TLS != nil && a.TLS.ClientCA != ""
	if a.Token != (Source{}) || certificates || a.Open || address == "" || !Exposed(address) {
		return nil
	}
	return &setting.Problem{Path: "listen.admin (--admin)",
		Found:       redact.Text(address) + " can be reached from other machines, and there is neither admin.token nor admin.tls with a client_ca",
		Consequence: "whoever connects there reads who calls what, and the names of accounts and tenants",
		Fix:         "set admin.token {env: VARIABLE} (--admin-token; metrics_open: true lets a scraper in without it), or listen on 127.0.0.1 or on unix:///path; where a NetworkPolicy or a firewall keeps strangers out, set admin.open: true (--admin-open)"}
}

// Keep restores from the running configuration what cannot change (whether there
// is TLS), and reports whether it was different.
func (a *Admin) Keep(running *AdminTLS) (changed bool) {
	if changed = (a.TLS == nil) != (running == nil); changed {
		a.TLS = running
	}
	return changed
}

// notes names what is open to everybody, or readable on the network.
func (a *Admin) notes(address string) []*setting.Problem {
	var out []*setting.Problem
	exposed := address != "" && Exposed(address)
	asks := a.Token != (Source{}) || a.TLS != nil && a.TLS.ClientCA != ""
	if a.Open && !asks && exposed {
		out = append(out, &setting.Problem{Note: true, Path: "admin.open", Found: "the admin listener answers everybody who reaches " + redact.Text(address),
			Consequence: "whoever connects there reads who calls what, and the names of accounts and tenants", Fix: "keep strangers out by a NetworkPolicy or a firewall, or set admin.token"})
	}
	if a.Token != (Source{}) && a.TLS == nil && exposed {
		out = append(out, &setting.Problem{Note: true, Path: "admin.token", Found: "the token travels in plain text to " + redact.Text(address),
			Consequence: "whoever can read that network's traffic learns it", Fix: "set admin.tls {cert, key}"})
	}
	return out
}

// files are those that Load reads.
func (t *AdminTLS) files() []string {
	if t == nil {
		return nil
	}
	return []string{t.Cert, t.Key, t.ClientCA}
}

// files are all files that say who may ask.
func (a *Admin) files() []string { return append(a.TLS.files(), a.Token.File) }

// Load reads the files. A client without a certificate may connect, since probes
// have none; a certificate that no authority of ClientCA has signed is refused.
func (t *AdminTLS) Load() (*tls.Config, error) {
	var errs []error
	for _, f := range []struct{ name, value, why string }{
		{"cert", t.Cert, "the PEM file of the certificate that heald shows"}, {"key", t.Key, "the PEM file of its private key"},
	} {
		if f.value == "" {
			errs = append(errs, fmt.Errorf("admin.tls.%s: is empty; name %s", f.name, f.why))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	pair, err := keyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("admin.tls.cert, admin.tls.key (%s, %s): %w", t.Cert, t.Key, err)
	}
	out := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true} // a resumed session would skip what has changed since
	if t.ClientCA == "" {
		return out, nil
	}
	pem, err := readFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("admin.tls.client_ca: %w", err)
	}
	out.ClientCAs, out.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !out.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("admin.tls.client_ca: %s holds no PEM certificate", t.ClientCA)
	}
	return out, nil
}
