package config

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Listen says where heald listens.
type Listen struct {
	// GRPC are the addresses for Envoy: host:port or unix:///path; default
	// 127.0.0.1:9000. Whoever connects to one of them and may ask gets the
	// accounts' credentials, since heald tells Envoy to send them.
	GRPC []string `yaml:"grpc"`
	// Admin serves the page, metrics and health, at host:port or unix:///path;
	// default 127.0.0.1:9001.
	Admin string `yaml:"admin"`
	// TLS secures the TCP addresses of GRPC by mutual TLS. Default: none, plain
	// text. Unix sockets are always plain text.
	TLS *TLS `yaml:"tls"`
}

// over returns l with what is set in set.
func (l Listen) over(set Listen) Listen {
	if len(set.GRPC) > 0 {
		l.GRPC = set.GRPC
	}
	if set.Admin != "" {
		l.Admin = set.Admin
	}
	return l
}

// Check lists what is wrong. hop says that there is a hop secret.
func (l *Listen) Check(hop bool) error {
	errs := []error{l.TLS.check()}
	for _, address := range l.GRPC {
		if l.TLS == nil && !hop && Exposed(address) {
			errs = append(errs, &setting.Problem{Path: "listen.grpc (--grpc)",
				Found:       redact.Text(address) + " can be reached from other machines, and there is neither listen.tls nor hop_secret",
				Consequence: "whoever connects there is given the accounts' credentials",
				Fix:         "listen on 127.0.0.1 or on unix:///path, or set listen.tls {cert, key, client_ca} for Envoys elsewhere (hop_secret alone does not encrypt)"})
		}
	}
	return errors.Join(errs...)
}

// notes lists addresses that every process of this machine reaches. hop says
// that there is a hop secret.
func (l *Listen) notes(hop bool) []*setting.Problem {
	var open []string
	for _, address := range l.GRPC {
		if !strings.HasPrefix(address, "unix://") {
			open = append(open, redact.Text(address))
		}
	}
	if hop || l.TLS != nil || len(open) == 0 {
		return nil
	}
	return []*setting.Problem{{Note: true, Path: "listen.grpc (--grpc)",
		Found:       strings.Join(open, ", ") + " can be reached by every process and user of this machine, and there is no hop_secret",
		Consequence: "whichever of them connects there is given the accounts' credentials",
		Fix:         "listen on unix:///path, which is for heald's user and group, or set hop_secret here and on Envoy's route; `heald up` does both by itself"}}
}

// Keep restores from the running configuration what cannot change, and reports
// whether it was different. Certificates and allowed peers can change, but not
// whether there is TLS.
func (l *Listen) Keep(running Listen) (changed bool) {
	same := slices.Equal(l.GRPC, running.GRPC) && l.Admin == running.Admin && (l.TLS == nil) == (running.TLS == nil)
	l.GRPC, l.Admin = running.GRPC, running.Admin
	if l.TLS == nil || running.TLS == nil {
		l.TLS = running.TLS
	}
	return !same
}

// resolveTimeout bounds the wait for a name server.
const resolveTimeout = 2 * time.Second

// Exposed reports whether other machines can reach an address to listen on:
// anything but a Unix socket and the loopback addresses. A name that cannot be
// resolved may be anything.
func Exposed(address string) bool {
	if strings.HasPrefix(address, "unix://") {
		return false
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return !ip.IsLoopback()
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	return err != nil || len(found) == 0 || slices.ContainsFunc(found, func(ip netip.Addr) bool { return !ip.Unmap().IsLoopback() })
}
