package extproc_test

import (
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// play runs a trace against a server that follows the script, once with bodies
// that come whole and once with bodies in parts.
func play(t *testing.T, s *extproctest.Script, trace func(t *testing.T, e *extproctest.Envoy)) {
	t.Helper()
	t.Run("whole", func(t *testing.T) { playWhole(t, s, trace) })
	s.Forget()
	t.Run("parts", func(t *testing.T) { playParts(t, s, trace) })
}

// playWhole runs a trace with BUFFERED bodies.
func playWhole(t *testing.T, s *extproctest.Script, trace func(t *testing.T, e *extproctest.Envoy)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		trace(t, extproctest.Dial(t, newServer(t, s, extproc.Config{}, nil)))
	})
}

// playParts runs a trace with FULL_DUPLEX_STREAMED bodies.
func playParts(t *testing.T, s *extproctest.Script, trace func(t *testing.T, e *extproctest.Envoy)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		trace(t, extproctest.DialInParts(t, newServer(t, s, extproc.Config{}, nil)))
	})
}

func newServer(t testing.TB, s *extproctest.Script, cfg extproc.Config, r prometheus.Registerer) *extproc.Server {
	t.Helper()
	server, err := extproc.New(cfg, extproc.Deps{Policy: s.Policy(), Registerer: r})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// upTo plays an ordinary request until the provider has it.
func upTo(e *extproctest.Envoy) {
	e.SendHeaders("POST", "/v1/messages", "content-length", "2")
	e.WantContinue()
	e.SendBody("{}")
	e.WantForward(policies.HeaderCluster, "a1")
}

// send passes body; the first one of a response carries a head.
func send(body string) policies.Action {
	return policies.Action{Step: policies.Send, Head: &policies.Head{}, Body: []byte(body)}
}

func hold() policies.Action { return policies.Action{} }

func answer(r *policies.Reply) policies.Action {
	return policies.Action{Step: policies.Answer, Reply: r}
}

// overloaded is a marked reply with everything that one may carry.
func overloaded() *policies.Reply {
	return &policies.Reply{
		Status:  529,
		Headers: policies.Headers{{Name: "content-type", Value: "application/json"}},
		Body:    []byte(`{"type":"error"}`),
		Verdict: policies.Failover, Reason: "upstream_overloaded",
		Wait: 1500e6, Memory: "bWVtb3J5",
	}
}
