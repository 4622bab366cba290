package main

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/account"
)

// tokenVariable is the environment variable with the token of the admin listener,
// for commands that ask it.
const tokenVariable = "HEALD_ADMIN_TOKEN"

// adminLine are the flags of commands that ask a running heald.
type adminLine struct {
	address, file, token string
	ca, cert, key        string
}

func (a *adminLine) register(fs *pflag.FlagSet) {
	fs.StringVar(&a.address, "admin", "", "ask at `ADDRESS`: host:port, http(s)://host:port or unix:///path (default: listen.admin of --config, or "+config.DefaultAdmin+")")
	fs.StringVar(&a.file, "config", "", "take address and token from `FILE` (heald.yaml)")
	fs.StringVar(&a.token, "admin-token", "", "show the token in `env:VAR|file:PATH` (default: "+tokenVariable+", or admin.token of --config)")
	fs.StringVar(&a.ca, "admin-ca", "", "trust the authorities in `FILE` (PEM) at an https address")
	fs.StringVar(&a.cert, "admin-cert", "", "show the certificate in `FILE` (PEM) there")
	fs.StringVar(&a.key, "admin-key", "", "with the key in `FILE` (PEM)")
}

// client makes a client for the address that the flags name, with token and
// certificates.
func (a *adminLine) client() (*accounts.Client, error) {
	var cfg *config.Config
	if a.file != "" {
		var err error
		if cfg, err = config.Load(a.file); err != nil {
			return nil, err
		}
	}
	token, err := a.readToken(cfg)
	if err != nil {
		return nil, err
	}
	client, err := accounts.NewClient(a.where(cfg))
	if err != nil {
		return nil, &usageError{fmt.Errorf("--admin: %w", err)}
	}
	secure, err := a.tls(cfg)
	if err != nil {
		return nil, err
	}
	client.Show(token, secure)
	return client, nil
}

// where is the address to ask at. If it stands for all addresses of the
// machine, that is the loopback address.
func (a *adminLine) where(cfg *config.Config) string {
	if a.address != "" || cfg == nil {
		return cmp.Or(a.address, config.DefaultAdmin)
	}
	address := cfg.Listen.Admin
	if strings.HasPrefix(address, "unix://") {
		return address
	}
	if host, port, err := net.SplitHostPort(address); err == nil {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			address = net.JoinHostPort("127.0.0.1", port)
		}
	}
	if cfg.Admin.TLS != nil {
		return "https://" + address
	}
	return address
}

// readToken is the token of the flag, the environment or heald.yaml, in this order.
func (a *adminLine) readToken(cfg *config.Config) (account.Secret, error) {
	source, path := config.Source{}, "admin.token"
	switch {
	case a.token != "":
		var err error
		if source, err = config.ParseSource(a.token); err != nil {
			return account.Secret{}, &usageError{fmt.Errorf("--admin-token: %w", err)}
		}
		path = "--admin-token"
	case os.Getenv(tokenVariable) != "":
		source.Env = tokenVariable
	case cfg != nil:
		source = cfg.Admin.Token
	}
	if source == (config.Source{}) {
		return account.Secret{}, nil
	}
	token, err := source.Read(path)
	return account.NewSecret(token), err
}

// tls says whom to trust. With a heald.yaml, that is the certificate which it
// names, whatever names are in the certificate.
func (a *adminLine) tls(cfg *config.Config) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if (a.cert == "") != (a.key == "") {
		return nil, &usageError{errors.New("--admin-cert and --admin-key belong together")}
	}
	if a.cert != "" {
		pair, err := tls.LoadX509KeyPair(a.cert, a.key)
		if err != nil {
			return nil, fmt.Errorf("--admin-cert, --admin-key: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	switch {
	case a.ca != "":
		data, err := os.ReadFile(a.ca)
		if err != nil {
			return nil, fmt.Errorf("--admin-ca: %w", err)
		}
		if out.RootCAs = x509.NewCertPool(); !out.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("--admin-ca: %s holds no PEM certificate", a.ca)
		}
	case cfg != nil && cfg.Admin.TLS != nil:
		data, err := os.ReadFile(cfg.Admin.TLS.Cert)
		if err != nil {
			return nil, fmt.Errorf("admin.tls.cert: %w", err)
		}
		block, _ := pem.Decode(data)
		out.InsecureSkipVerify = true // only this certificate is accepted, byte by byte
		out.VerifyConnection = func(s tls.ConnectionState) error {
			if block == nil || len(s.PeerCertificates) == 0 || !bytes.Equal(block.Bytes, s.PeerCertificates[0].Raw) {
				return accounts.ErrCertificate
			}
			return nil
		}
	}
	return out, nil
}
