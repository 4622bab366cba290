package exchange

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/tenant"
)

// shelf is a store of bodies.
type shelf struct {
	mu  sync.Mutex
	got []record.Bodies
}

func (s *shelf) WriteBodies(_ context.Context, list []record.Bodies) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, list...)
	return nil
}

// keeping gives the rig a keeper of bodies; kept returns what it got.
func (r rig) keeping(t *testing.T, all bool) (out rig, got func() []record.Bodies) {
	t.Helper()
	to := &shelf{}
	k := record.NewBodyKeeper(to, record.BodyOptions{All: all, Most: 1 << 16, Queue: record.QueueOptions{Metrics: record.NewMetrics(prometheus.NewRegistry()), Log: zap.NewNop()}})
	r.bodies = k
	return r, func() []record.Bodies {
		if err := k.Close(t.Context()); err != nil {
			t.Error(err)
		}
		return to.got
	}
}

// play runs a whole request through the policy as Envoy sees it.
func play(t *testing.T, r rig, id string, number int, status int, body string, pieces int) (sent string) {
	t.Helper()
	a := r.Begin(t.Context(), headOf(number, "", "x-request-id", id))
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	end := policies.EndComplete
	defer func() { a.Close(end) }()
	if _, reply := a.RequestBody(t.Context(), []byte(ask)); reply != nil {
		return string(reply.Body)
	}
	out := func(act policies.Action) bool {
		sent += string(act.Body)
		if act.Step == policies.Answer {
			sent += string(act.Reply.Body)
		}
		return act.End || act.Step == policies.Answer
	}
	if out(a.ResponseHeaders(&policies.Response{Status: status, Details: policies.ViaUpstream})) {
		return sent
	}
	chunks := slices.Collect(slices.Chunk([]byte(body), max(1, len(body)/pieces)))
	for i, c := range chunks {
		if out(a.ResponseBody(slices.Clone(c), i == len(chunks)-1)) {
			break
		}
	}
	return sent
}

const whole = `data: {"candidates":[{"content":{"role":"model","parts":[{"text":"the key is a-secret-key-of-some-length and AIzaSyA1234567890abcdefghij"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}` + "\n\n"

// Both bodies are kept as they came and went, without secrets; of requests that
// went well only where that is asked for.
func TestBodiesOfRequests(t *testing.T) {
	for _, all := range []bool{false, true} {
		r, got := newRig(t, nil).keeping(t, all)
		answer := play(t, r, "well", 1, 200, whole, 7)
		refusal := play(t, r, "badly", 1, 400, `{"error":{"code":400,"message":"No such thing.","status":"INVALID_ARGUMENT"}}`, 3)
		play(t, r, "again", 1, 503, overload, 1) // another attempt follows
		list := got()
		want := map[string]string{"badly": refusal}
		if all {
			want["well"] = answer
		}
		if len(list) != len(want) {
			t.Fatalf("all %v: %d are kept", all, len(list))
		}
		for _, b := range list {
			text := want[b.RequestID]
			if b.RequestID == "well" {
				if !strings.Contains(text, "AIzaSyA1234567890abcdefghij") {
					t.Fatalf("the client got %s", text)
				}
				text = strings.ReplaceAll(text, "AIzaSyA1234567890abcdefghij", "[redacted]")
			}
			if b.Request.Text != ask || b.Answer.Text != text || b.Tenant != "default" || b.API == "" || b.Outcome == "" || b.Time.IsZero() {
				t.Errorf("%+v\nwant %s", b, text)
			}
		}
	}
}

// A tenant may be excluded.
func TestBodiesOfATenant(t *testing.T) {
	no := false
	r, got := newRig(t, func(c *Config) {
		key := tenant.Key{ID: "k", Hash: tenant.HashOf("the-key-of-a-tenant-12345")}
		reg, err := tenant.New([]tenant.Tenant{{Name: "secretive", RecordBodies: &no, Keys: []tenant.Key{key}}})
		if err != nil {
			t.Fatal(err)
		}
		c.Tenants = reg
	}).keeping(t, true)
	a := r.Begin(t.Context(), headOf(1, "", "x-api-key", "the-key-of-a-tenant-12345"))
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	if _, reply := a.RequestBody(t.Context(), []byte(ask)); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(whole), true)
	a.Close(policies.EndComplete)
	if list := got(); len(list) != 0 {
		t.Errorf("kept %+v", list)
	}
}

// Where no bodies are kept, attempts are what they were, and nothing is copied.
func TestBodiesCostNothing(t *testing.T) {
	r := newRig(t, nil)
	if _, plain := r.Begin(t.Context(), headOf(1, "")).(*attempt); !plain {
		t.Error("the attempt is another one although no bodies are kept")
	}
	a := r.begin(1, "")
	body := make([]byte, 1<<20)
	if n := testing.AllocsPerRun(100, func() { a.bodies.Request(body) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkBodies compares a request whose bodies are kept with one whose are not.
func BenchmarkBodies(b *testing.B) {
	for _, name := range []string{"off", "failed", "all"} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, nil)
			if name != "off" {
				r.bodies = record.NewBodyKeeper(&shelf{}, record.BodyOptions{All: name == "all", Most: 256 << 10,
					Queue: record.QueueOptions{Metrics: record.NewMetrics(prometheus.NewRegistry()), Log: zap.NewNop()}})
				defer func() { _ = r.bodies.Close(context.Background()) }()
			}
			in := headOf(1, "")
			b.ReportAllocs()
			for b.Loop() {
				a := r.Begin(b.Context(), in)
				a.RequestHeaders()
				a.RequestBody(b.Context(), []byte(ask))
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				a.ResponseBody([]byte(whole), true)
				a.Close(policies.EndComplete)
			}
		})
	}
}
