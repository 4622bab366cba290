package main

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies/redact"
)

// fit compares the Envoy that `up` has started with what heald.yaml needs: a
// reload changes heald's settings, but not Envoy.
type fit struct {
	envoy *bootstrapv3.Bootstrap
	// maxMessage is the longest message that heald receives, which no reload changes.
	maxMessage int
	ways       map[string]way // to the backends, by cluster
	// known is what was logged before, so that a reload logs only what it changes.
	known map[bootstrap.Problem]bool
}

// way is how Envoy reaches a backend.
type way struct{ url, proxy, login string }

func wayOf(b *config.Backend) way { return way{b.URL, b.Proxy, b.ProxyAuthorization()} }

func newFit(envoy *bootstrapv3.Bootstrap, cfg *config.Config) *fit {
	f := &fit{envoy: envoy, maxMessage: wantOf(cfg).MaxMessage, ways: map[string]way{}}
	for _, b := range cfg.Backends {
		f.ways[b.Cluster] = wayOf(&b)
	}
	return f
}

// check lists what does not fit. Only Envoy's configuration has the addresses
// of backends.
func (f *fit) check(cfg *config.Config) []bootstrap.Problem {
	want := wantOf(cfg)
	want.MaxMessage = f.maxMessage
	problems := bootstrap.Check(f.envoy, want)
	for _, b := range cfg.Backends {
		runs, ok := f.ways[b.Cluster]
		if !ok {
			continue
		}
		found := func(problem, consequence string) {
			problems = append(problems, bootstrap.Problem{Path: "static_resources.clusters[" + b.Cluster + "]", Problem: problem, Consequence: consequence})
		}
		switch wants := wayOf(&b); {
		case runs.url != wants.url:
			found("it leads to "+redact.Text(runs.url), "requests go there, and not to the url in heald.yaml")
		case runs.proxy != wants.proxy && wants.proxy == "":
			found("it leads through the proxy "+redact.Text(runs.proxy), "requests go that way, though heald.yaml names no proxy")
		case runs.login != wants.login && runs.proxy == wants.proxy:
			found("its proxy gets another login than heald.yaml names now", "requests fail once the proxy refuses the old one")
		}
	}
	return problems
}

// tell logs what does not fit and was not logged the last time.
func (f *fit) tell(log *zap.Logger, cfg *config.Config) {
	if f == nil {
		return
	}
	found := map[bootstrap.Problem]bool{}
	for _, p := range f.check(cfg) {
		if found[p] = true; p.Note || f.known[p] {
			continue
		}
		log.Warn("the Envoy that runs does not fit heald.yaml: restart heald up",
			zap.String("setting", p.Path), zap.String("found", p.Problem), zap.String("consequence", p.Consequence))
	}
	f.known = found
}
