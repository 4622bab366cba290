package bootstrap

import (
	"fmt"
	"strings"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/heald-proxy/heald/policies"
)

// Render returns envoy.yaml with p applied.
func Render(p Params) (*bootstrapv3.Bootstrap, error) {
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	b, err := Parse(p.template())
	if err != nil {
		return nil, err
	}
	if err := renderTracing(b, &p); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	if err := renderAdmin(b, &p); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	if err := renderResume(b, &p); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	if p.BufferLimit > 0 {
		limitBuffers(b, uint32(p.BufferLimit))
	}
	if err := renderOverload(b, &p); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	if err := renderClusters(b, &p); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	if err := renderListeners(b, &p); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	if err := renderLean(b, &p); err != nil {
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	if err := renderStats(b, &p); err != nil { // last: what is changed above is about requests
		return nil, fmt.Errorf("render Envoy configuration: %w", err)
	}
	return b, nil
}

// renderAdmin switches Envoy's admin interface on if it is asked for.
func renderAdmin(b *bootstrapv3.Bootstrap, p *Params) error {
	b.Admin = nil
	if p.Admin == "" {
		return nil
	}
	at, err := protoAddress(p.Admin)
	if err != nil {
		return err
	}
	if pipe := at.GetPipe(); pipe != nil {
		pipe.Mode = ownerOnly
	}
	b.Admin = &bootstrapv3.Admin{Address: at}
	return nil
}

func limitBuffers(b *bootstrapv3.Bootstrap, limit uint32) {
	for _, l := range b.GetStaticResources().GetListeners() {
		l.PerConnectionBufferLimitBytes = wrapperspb.UInt32(limit)
	}
	for _, c := range b.GetStaticResources().GetClusters() {
		c.PerConnectionBufferLimitBytes = wrapperspb.UInt32(limit)
	}
}

// renderListeners changes both listeners and packs them again.
func renderListeners(b *bootstrapv3.Bootstrap, p *Params) error {
	for _, c := range newView(b).chains {
		switch c.listener.GetName() {
		case outerName:
			if err := renderOuter(c, p); err != nil {
				return err
			}
		case innerName:
			if err := renderInner(c, p); err != nil {
				return err
			}
		}
		if err := c.pack(); err != nil {
			return err
		}
	}
	return nil
}

const (
	// timerSlack is added to the longest wait or silence: heald's timer, which
	// ends a stream better, must fire before Envoy's.
	timerSlack = time.Minute
	// longestMessage is Envoy's own limit on message_timeout.
	longestMessage = time.Hour
)

// longestSilence is that of the client's stream. To the waits that heald asks
// for, Envoy adds up to a half (JitteredLowerBoundBackOffStrategy).
func (p *Params) longestSilence() time.Duration {
	return max(p.Silence, p.Wait, p.RetryAfter*3/2)
}

func renderOuter(c *chain, p *Params) error {
	if p.Listen != "" {
		at, err := protoAddress(p.Listen)
		if err != nil {
			return err
		}
		c.listener.Address = at
	}
	if longest := p.longestSilence(); !unlimited(c.hcm.GetStreamIdleTimeout(), longest) {
		c.hcm.StreamIdleTimeout = durationpb.New(longest + timerSlack)
	}
	if p.RequestTimeout > 0 {
		c.hcm.RequestTimeout = durationpb.New(p.RequestTimeout)
	}
	if !p.AccessLog {
		c.hcm.AccessLog = nil
	}
	for _, vh := range c.hcm.GetRouteConfig().GetVirtualHosts() {
		limitBody(vh, p.MaxBody)
		for _, r := range vh.GetRoutes() {
			if p.Policy != "" {
				setHeader(r, policies.HeaderPolicy, p.Policy)
			}
			if p.Hop != "" {
				setHeader(r, policies.HeaderHop, p.Hop)
			}
			if p.Attempts > 0 {
				r.GetRoute().GetRetryPolicy().NumRetries = wrapperspb.UInt32(uint32(p.Attempts + 1))
			}
			if b := r.GetRoute().GetRetryPolicy().GetRateLimitedRetryBackOff(); b != nil && b.GetMaxInterval().AsDuration() < p.RetryAfter {
				b.MaxInterval = durationpb.New(p.RetryAfter)
			}
		}
	}
	return nil
}

func renderInner(c *chain, p *Params) error {
	for _, vh := range c.hcm.GetRouteConfig().GetVirtualHosts() {
		limitBody(vh, p.MaxBody)
	}
	for _, f := range c.hcm.GetHttpFilters() {
		filter, ok := decode[*extprocv3.ExternalProcessor](f.GetTypedConfig())
		if !ok {
			continue
		}
		if filter.GetMessageTimeout().AsDuration() < p.Wait {
			filter.MessageTimeout = durationpb.New(min(p.Wait+timerSlack, longestMessage))
		}
		if p.BufferRequests {
			filter.ProcessingMode.RequestBodyMode = extprocv3.ProcessingMode_BUFFERED
			filter.ProcessingMode.RequestTrailerMode = extprocv3.ProcessingMode_DEFAULT
			filter.AllowContentLengthHeader = false
		}
		for _, key := range sortedKeys(p.InitialMetadata) {
			filter.GrpcService.InitialMetadata = append(filter.GrpcService.InitialMetadata,
				&corev3.HeaderValue{Key: key, Value: p.InitialMetadata[key]})
		}
		if err := encode(f.GetTypedConfig(), filter); err != nil {
			return err
		}
	}
	return nil
}

func limitBody(vh *routev3.VirtualHost, bytes int) {
	if bytes > 0 {
		vh.RequestBodyBufferLimit = wrapperspb.UInt64(uint64(bytes))
	}
}

// setHeader makes the route send name with value, whatever the client sent.
func setHeader(r *routev3.Route, name, value string) {
	// A % starts one of Envoy's formatters; doubled it is only itself.
	value = strings.ReplaceAll(value, "%", "%%")
	for _, h := range r.GetRequestHeadersToAdd() {
		if h.GetHeader().GetKey() == name {
			h.Header.Value = value
			return
		}
	}
	r.RequestHeadersToAdd = append(r.RequestHeadersToAdd, &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	})
}

func protoAddress(s string) (*corev3.Address, error) {
	at, err := parseAddress(s)
	if err != nil {
		return nil, err
	}
	return at.proto(), nil
}

func (a address) proto() *corev3.Address {
	if a.pipe != "" {
		return &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: a.pipe}}}
	}
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address:       a.host,
		PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: a.port},
	}}}
}
