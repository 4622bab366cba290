package otlp

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Protocols for spans, as in OTEL_EXPORTER_OTLP_PROTOCOL.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
	JSON = "http/json"
)

// DefaultTimeout bounds one export.
const DefaultTimeout = 10 * time.Second

// Settings are what heald.yaml says about the collector. Empty fields are taken
// from the OTEL_* variables.
type Settings struct {
	// Endpoint is the collector's URL. Over HTTP, /v1/traces is added if it has
	// no path; over gRPC, host:port is enough.
	Endpoint string
	// Protocol is GRPC, HTTP or JSON; "" for HTTP.
	Protocol string
	// Headers are sent along, for example for authentication. A header of
	// heald.yaml replaces the variable's of that name.
	Headers map[string]string
	// Timeout bounds one export; 0 for DefaultTimeout.
	Timeout time.Duration
	// CA is a PEM file of the authorities whose certificates are accepted; "" for
	// the system's. Cert and Key are PEM files of heald's client certificate; they
	// are read for each connection.
	CA, Cert, Key string
}

// Options say where spans go, and which.
type Options struct {
	Endpoint string // a URL, complete
	Protocol string
	Headers  map[string]string
	Timeout  time.Duration
	Gzip     bool
	TLS      *tls.Config // nil for http URLs
	Sampler  Sampler
	// Version is heald's, for the resource.
	Version string
}

// where is the place of a setting, for messages.
type where struct{ path, fix string }

// Resolve combines heald.yaml with the variables of the environment. file is nil
// if heald.yaml has no record.otlp: then spans are sent if a variable names a
// collector. nil options send nothing. Errors are setting.Problems.
//
// heald.yaml wins, setting by setting; but OTEL_SDK_DISABLED=true and
// OTEL_TRACES_EXPORTER=none always switch traces off.
func Resolve(file *Settings, getenv func(string) string) (*Options, error) {
	e := environment{get: getenv}
	if e.off(file != nil) {
		return nil, errors.Join(e.errs...)
	}
	if file == nil {
		file = &Settings{}
	}
	o := &Options{Gzip: e.gzip(), Sampler: e.sampler()}
	o.Protocol = e.protocol(file.Protocol)
	o.Endpoint = e.endpoint(file.Endpoint, o.Protocol)
	o.Headers = e.headers(file.Headers)
	o.Timeout = e.timeout(file.Timeout)
	o.TLS = e.tls(file, o.Endpoint)
	e.resource()
	if err := errors.Join(e.errs...); err != nil {
		return nil, err
	}
	return o, nil
}

// Endpoint completes a collector's URL of heald.yaml.
func Endpoint(s, protocol string) (string, error) {
	if protocol == GRPC && !strings.Contains(s, "://") {
		return "", errors.New("is no URL of a collector") // the URL must say whether there is TLS
	}
	return completed(s, protocol, true)
}

// completed checks a URL and completes it: over gRPC with the port, over HTTP
// with /v1/traces, which is added to any path, or, if whole is true, only if
// there is none.
func completed(s, protocol string, whole bool) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("is no URL of a collector") // not quoted: it may hold a password
	case u.User != nil || u.RawQuery != "":
		return "", errors.New("has a login or a query, which is not sent")
	}
	switch {
	case protocol == GRPC:
		u.Path = ""
		if u.Port() == "" {
			u.Host += ":4317" // the registered one; gRPC's own default is that of https
		}
	case !whole:
		u.Path = strings.TrimSuffix(u.Path, "/") + "/v1/traces"
	case u.Path == "" || u.Path == "/":
		u.Path = "/v1/traces"
	}
	return u.String(), nil
}

func knownProtocol(p string) error {
	switch p {
	case GRPC, HTTP, JSON:
		return nil
	}
	return fmt.Errorf("%s is none of %s, %s and %s", redact.Quote(p), GRPC, HTTP, JSON)
}

// bad notes what is wrong with a setting.
func (e *environment) bad(at where, found string) {
	e.errs = append(e.errs, &setting.Problem{Path: at.path, Found: found, Fix: cmp.Or(at.fix, "correct it, or unset it")})
}
