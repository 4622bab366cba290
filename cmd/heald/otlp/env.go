package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/redact"
)

// The variables that are read, from
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
// Those of the exporter have a form for traces alone, which wins. Empty is unset.
const (
	envDisabled   = "OTEL_SDK_DISABLED"
	envExporter   = "OTEL_TRACES_EXPORTER"
	envSampler    = "OTEL_TRACES_SAMPLER"
	envSamplerArg = "OTEL_TRACES_SAMPLER_ARG"
	envService    = "OTEL_SERVICE_NAME"
	envResource   = "OTEL_RESOURCE_ATTRIBUTES"

	envOf       = "OTEL_EXPORTER_OTLP_"
	envOfTraces = "OTEL_EXPORTER_OTLP_TRACES_"

	envEndpoint = "ENDPOINT"
	envProtocol = "PROTOCOL"
	envHeaders  = "HEADERS"
	envTimeout  = "TIMEOUT" // milliseconds
	envGzip     = "COMPRESSION"
	envInsecure = "INSECURE" // of a gRPC endpoint without a scheme
	envCA       = "CERTIFICATE"
	envCert     = "CLIENT_CERTIFICATE"
	envKey      = "CLIENT_KEY"
)

// environment reads the variables, and lists what is wrong with them.
type environment struct {
	get  func(string) string
	errs []error
}

// of is a variable of the exporter and its name.
func (e *environment) of(name string) (value string, at where) {
	if v := e.get(envOfTraces + name); v != "" {
		return v, where{path: envOfTraces + name}
	}
	return e.get(envOf + name), where{path: envOf + name}
}

// off reports whether spans are switched off. asked says that heald.yaml asks for them.
func (e *environment) off(asked bool) bool {
	if strings.EqualFold(e.get(envDisabled), "true") {
		return true
	}
	switch v := e.get(envExporter); v {
	case "none":
		return true
	case "otlp":
		return false
	case "":
		named, _ := e.of(envEndpoint)
		return !asked && named == ""
	default:
		e.bad(where{path: envExporter, fix: "write otlp or none"}, redact.Quote(v)+" is an exporter that heald does not have")
		return false
	}
}

func (e *environment) protocol(file string) string {
	p, at := file, where{"record.otlp.protocol", "write one of them"}
	if p == "" {
		p, at = e.of(envProtocol)
	}
	if p == "" {
		return HTTP
	}
	if err := knownProtocol(p); err != nil {
		e.bad(at, err.Error())
	}
	return p
}

func (e *environment) endpoint(file, protocol string) string {
	if file != "" {
		to, err := Endpoint(file, protocol)
		if err != nil {
			e.bad(where{"record.otlp.endpoint", "write one as in http://127.0.0.1:4318, or http://127.0.0.1:4317 with protocol: grpc; a credential goes into record.otlp.headers"}, err.Error())
		}
		return to
	}
	s, at := e.of(envEndpoint)
	at.fix = "write one as in http://127.0.0.1:4318, or http://127.0.0.1:4317 for gRPC"
	if s == "" { // the standard's default
		s = "http://localhost:4318"
		if protocol == GRPC {
			s = "http://localhost:4317"
		}
		at.path = envOf + envEndpoint
	}
	if protocol == GRPC && !strings.Contains(s, "://") {
		scheme := "https://"
		if insecure, _ := e.of(envInsecure); strings.EqualFold(insecure, "true") {
			scheme = "http://"
		}
		s = scheme + s
	}
	to, err := completed(s, protocol, at.path == envOfTraces+envEndpoint)
	if err != nil {
		e.bad(at, err.Error())
	}
	return to
}

// headers are those of the variable and of heald.yaml. The variable has the form of
// W3C baggage: name=value,name=value, with values in percent-encoding.
func (e *environment) headers(file map[string]string) map[string]string {
	out := map[string]string{}
	text, at := e.of(envHeaders)
	at.fix = "write name=value,name=value"
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || !token(name) || strings.IndexFunc(value, unprintable) >= 0 {
			e.bad(at, "is no list of headers") // not quoted: it may hold a credential
			return out
		}
		out[name] = value
	}
	for name, value := range file {
		out[strings.ToLower(name)] = value
	}
	return out
}

// token reports whether s is a header's name (RFC 9110, section 5.6.2).
func token(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") == ""
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }

func (e *environment) timeout(file time.Duration) time.Duration {
	if file != 0 {
		return file // config has checked it
	}
	text, at := e.of(envTimeout)
	if text == "" {
		return DefaultTimeout
	}
	ms, err := strconv.ParseUint(text, 10, 31)
	if err != nil || ms == 0 {
		at.fix = "write milliseconds, as in 10000"
		e.bad(at, "is no number of milliseconds")
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// gzip is the default: the standard leaves it to the implementation.
func (e *environment) gzip() bool {
	text, at := e.of(envGzip)
	switch text {
	case "", "gzip":
		return true
	case "none":
		return false
	}
	at.fix = "write gzip or none"
	e.bad(at, redact.Quote(text)+" is no compression that heald has")
	return false
}

// resource checks the attributes of the service; the SDK reads them.
func (e *environment) resource() {
	for pair := range strings.SplitSeq(e.get(envResource), ",") {
		name, _, ok := strings.Cut(pair, "=")
		if strings.TrimSpace(pair) != "" && (!ok || strings.TrimSpace(name) == "") {
			e.bad(where{path: envResource, fix: "write name=value,name=value"}, "is no list of attributes")
			return
		}
	}
}

// tls is the TLS configuration for a collector at https; nil for plain text.
func (e *environment) tls(file *Settings, endpoint string) *tls.Config {
	choose := func(own, path, name string) (string, where) {
		if own != "" {
			return own, where{path, "name a PEM file that heald may read"}
		}
		v, at := e.of(name)
		at.fix = "name a PEM file that heald may read"
		return v, at
	}
	ca, caAt := choose(file.CA, "record.otlp.ca", envCA)
	cert, certAt := choose(file.Cert, "record.otlp.cert", envCert)
	key, keyAt := choose(file.Key, "record.otlp.key", envKey)
	if !strings.HasPrefix(endpoint, "https://") {
		if file.CA+file.Cert+file.Key != "" && endpoint != "" {
			e.bad(where{"record.otlp.endpoint", "write https://, or leave ca, cert and key out"}, "is plain text, and there are files for TLS")
		}
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		c.RootCAs = x509.NewCertPool()
		pem, err := os.ReadFile(ca)
		switch {
		case err != nil:
			e.bad(caAt, fault(err))
		case !c.RootCAs.AppendCertsFromPEM(pem):
			e.bad(caAt, "the file holds no certificate")
		}
	}
	switch {
	case cert == "" && key == "":
	case cert == "":
		e.bad(keyAt, "there is a key, and no certificate")
	case key == "":
		e.bad(certAt, "there is a certificate, and no key")
	default:
		if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
			e.bad(certAt, fault(err))
		}
		// Certificates are renewed while heald runs.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(cert, key)
			return &pair, err
		}
	}
	return c
}

// fault says what is wrong with a file, without its name.
func fault(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return "a file cannot be read: " + p.Err.Error()
	}
	return redact.Text(err.Error())
}
