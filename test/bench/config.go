package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	connectionsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/downstream_connections/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// Names of clusters: of the only backend, and of the sidecar in envoy.yaml.
const (
	backend        = "upstream"
	sidecarCluster = "heald"
)

// keyVariable is the variable that holds the API key of heald's only account.
// The upstream ignores it.
const keyVariable = "HEALD_BENCH_KEY=none"

// room holds the longest answer (10,000 events of 400 bytes) with the messages
// around it. An upstream that is faster than the sidecar for long, as no model
// is, would otherwise be paused at 1 MiB; then Envoy joins chunks, and more of
// them for the slower variant.
const room = 16 << 20

// usual are the windows of envoy.yaml, for where memory is measured.
const usual = 1 << 20

// render returns the Envoy configuration that a heald binary prints for its
// users, with further options of its command.
func render(ctx context.Context, binary, socket string, u *upstream, options []string) (*bootstrapv3.Bootstrap, error) {
	args := append([]string{"envoy", "--listen", "127.0.0.1:0", "--envoy-admin", "127.0.0.1:0", "--sidecar", "unix://" + socket}, settings(u)...)
	cmd := exec.CommandContext(ctx, binary, append(args, options...)...)
	cmd.Env = append(os.Environ(), keyVariable)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s envoy %v: %w\n%s", binary, options, err, &problems)
	}
	return bootstrap.Parse(out.Bytes())
}

// settings are heald's, as flags: one backend with one account.
func settings(u *upstream) []string {
	return []string{"--backend", backend + "=ai_studio," + u.url, "--account", backend + "=env:HEALD_BENCH_KEY"}
}

// adapt changes what has to differ from what users have, in the same way for
// all variants. The named clusters speak HTTP/2: with Google that is agreed
// upon in TLS, which is absent here. Where speed is measured, between sidecar
// and upstream there is room for whole answers.
//
// Each worker of Envoy gets as many connections as any other. The kernel deals
// them out by chance, for as long as they last: with all four clients at one of
// two workers, Envoy and sidecar needed up to a quarter less than with two at
// each, and a variant was as good as its luck.
func adapt(config *bootstrapv3.Bootstrap, window int, clusters ...string) error {
	for _, l := range config.GetStaticResources().GetListeners() {
		if l.GetInternalListener() != nil { // stays with the worker of its client
			continue
		}
		l.ConnectionBalanceConfig = &listenerv3.Listener_ConnectionBalanceConfig{
			BalanceType: &listenerv3.Listener_ConnectionBalanceConfig_ExactBalance_{ExactBalance: &listenerv3.Listener_ConnectionBalanceConfig_ExactBalance{}},
		}
	}
	if window > usual {
		limitBuffers(config, uint32(window))
	}
	options := &upstreamsv3.HttpProtocolOptions{UpstreamProtocolOptions: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_{
		ExplicitHttpConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig{
			ProtocolConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{
				// The window of a stream is also what Envoy keeps of it
				// before it pauses the other side.
				Http2ProtocolOptions: &corev3.Http2ProtocolOptions{
					InitialStreamWindowSize:     wrapperspb.UInt32(uint32(window)),
					InitialConnectionWindowSize: wrapperspb.UInt32(uint32(max(4*window, 8<<20))),
				},
			},
		},
	}}
	packed, err := anypb.New(options)
	if err != nil {
		return err
	}
	changed := 0
	for _, c := range config.GetStaticResources().GetClusters() {
		if slices.Contains(clusters, c.GetName()) {
			c.TypedExtensionProtocolOptions = map[string]*anypb.Any{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed}
			changed++
		}
	}
	if changed != len(clusters) {
		return fmt.Errorf("the Envoy configuration has %d of the clusters %v", changed, clusters)
	}
	return nil
}

func limitBuffers(config *bootstrapv3.Bootstrap, limit uint32) {
	for _, l := range config.GetStaticResources().GetListeners() {
		l.PerConnectionBufferLimitBytes = wrapperspb.UInt32(limit)
	}
	for _, c := range config.GetStaticResources().GetClusters() {
		c.PerConnectionBufferLimitBytes = wrapperspb.UInt32(limit)
	}
}

// allowConnections lets n clients connect, and as many again.
func allowConnections(config *bootstrapv3.Bootstrap, n int) error {
	for _, m := range config.GetOverloadManager().GetResourceMonitors() {
		limit := &connectionsv3.DownstreamConnectionsConfig{}
		if m.GetTypedConfig().MessageIs(limit) {
			limit.MaxActiveDownstreamConnections = int64(2 * n)
			return m.GetTypedConfig().MarshalFrom(limit)
		}
	}
	return errors.New("the Envoy configuration does not limit connections")
}
