package bootstrap

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"

	"github.com/heald-proxy/heald/envoy"
)

// renderResume adds the listener through which heald fetches the rest of
// broken answers.
func renderResume(b *bootstrapv3.Bootstrap, p *Params) error {
	if p.Resume == "" {
		return nil
	}
	extra, err := Parse(envoy.Resume)
	if err != nil {
		return err
	}
	at, err := protoAddress(p.Resume)
	if err != nil {
		return err
	}
	if pipe := at.GetPipe(); pipe != nil {
		pipe.Mode = 0o600 // heald runs as the same user, and nobody else should
	}
	for _, l := range extra.GetStaticResources().GetListeners() {
		l.Address = at
		b.StaticResources.Listeners = append(b.StaticResources.Listeners, l)
	}
	return nil
}
