package main

import (
	"errors"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
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

// room holds the longest answer (10,000 events of 400 bytes) with the messages
// around it. An upstream that is faster than the sidecar for long, as no model
// is, would otherwise be paused at 1 MiB; then Envoy joins chunks, and more of
// them for the slower variant.
const room = 16 << 20

// configure makes the Envoy configuration of a variant: the one that users get,
// with two changes that hold for both variants. Between sidecar and upstream
// there is room for whole answers. And Envoy speaks HTTP/2 with the upstream:
// with Google that is agreed upon in TLS, which is absent here.
func configure(socket string, u *upstream) (*bootstrapv3.Bootstrap, error) {
	config, err := bootstrap.Render(bootstrap.Params{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0",
		Sidecars:    []string{"unix://" + socket},
		Backends:    []bootstrap.Backend{{Name: backend, URL: u.url}},
		BufferLimit: room,
	})
	if err != nil {
		return nil, err
	}
	options := &upstreamsv3.HttpProtocolOptions{UpstreamProtocolOptions: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_{
		ExplicitHttpConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig{
			ProtocolConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{
				// The window of a stream is also what Envoy keeps of it
				// before it pauses the other side.
				Http2ProtocolOptions: &corev3.Http2ProtocolOptions{
					InitialStreamWindowSize:     wrapperspb.UInt32(room),
					InitialConnectionWindowSize: wrapperspb.UInt32(4 * room),
				},
			},
		},
	}}
	packed, err := anypb.New(options)
	if err != nil {
		return nil, err
	}
	changed := 0
	for _, c := range config.GetStaticResources().GetClusters() {
		if name := c.GetName(); name == backend || name == sidecarCluster {
			c.TypedExtensionProtocolOptions = map[string]*anypb.Any{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed}
			changed++
		}
	}
	if changed != 2 {
		return nil, errors.New("the rendered Envoy configuration lacks the cluster of the sidecar or of the upstream")
	}
	return config, nil
}
