package bootstrap

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tracev3 "github.com/envoyproxy/go-control-plane/envoy/config/trace/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/heald-proxy/heald/envoy"
)

// otlpName is the cluster of the collector of traces.
const otlpName = "otlp"

// spanTimeout bounds one export of spans over HTTP.
const spanTimeout = time.Second

// template is the text from which a configuration is made.
func (p *Params) template() []byte {
	if p.OTLP != "" {
		return envoy.Traced()
	}
	return envoy.Config
}

// parseCollector reads the address of a collector; uri is "" for gRPC.
func parseCollector(s string) (at address, uri string, err error) {
	if !strings.HasPrefix(s, "http://") {
		if at, err = parseAddress(s); err == nil && at.pipe == "" && at.port == 0 {
			err = fmt.Errorf("%q has port 0; name the port for OTLP over gRPC, such as 127.0.0.1:4317", s)
		}
		if err != nil && strings.HasPrefix(s, "https://") {
			err = fmt.Errorf("%q: Envoy's spans go in plain text; name a collector of this machine, such as 127.0.0.1:4317, or write the TLS of cluster otlp by hand", s)
		}
		return at, "", err
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Hostname() == "" {
		return at, "", errors.New("is no http://host:port, without a login or a query") // which may be a credential
	}
	if u.Port() == "" {
		u.Host += ":80"
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	at, err = parseAddress(u.Host)
	return at, u.String(), err
}

// renderTracing sets where spans go, and how many.
func renderTracing(b *bootstrapv3.Bootstrap, p *Params) error {
	if p.OTLP == "" {
		return nil
	}
	at, uri, err := parseCollector(p.OTLP)
	if err != nil {
		return err
	}
	for _, c := range b.GetStaticResources().GetClusters() {
		if c.GetName() != otlpName {
			continue
		}
		if at.ip || at.pipe != "" {
			setDiscovery(c, clusterv3.Cluster_STATIC)
		}
		c.LoadAssignment = assignment(otlpName, at)
		if uri != "" {
			if err := speakHTTP1(c); err != nil {
				return err
			}
		}
	}
	for _, c := range newView(b).chains {
		tracing := c.hcm.GetTracing()
		if tracing == nil {
			continue
		}
		if p.Sampling > 0 && c.listener.GetName() == outerName {
			tracing.RandomSampling = &typev3.Percent{Value: p.Sampling}
		}
		if uri != "" {
			if err := overHTTP(c, uri); err != nil {
				return err
			}
		}
		if err := c.pack(); err != nil {
			return err
		}
	}
	return nil
}

// overHTTP makes a chain send its spans by OTLP over HTTP.
func overHTTP(c *chain, uri string) error {
	packed := c.hcm.GetTracing().GetProvider().GetTypedConfig()
	tracer, ok := decode[*tracev3.OpenTelemetryConfig](packed)
	if !ok {
		return fmt.Errorf("%s.tracing of envoy.yaml is not OpenTelemetry's", c.path)
	}
	tracer.GrpcService = nil
	tracer.HttpService = &corev3.HttpService{HttpUri: &corev3.HttpUri{
		Uri: uri, HttpUpstreamType: &corev3.HttpUri_Cluster{Cluster: otlpName}, Timeout: durationpb.New(spanTimeout),
	}}
	return encode(packed, tracer)
}
