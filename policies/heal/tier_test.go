package heal

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/gemini"
)

// exceedsBoughtError is what Vertex AI says where nothing but provisioned
// throughput was asked for, and none is left.
var exceedsBoughtError = gemini.Status{Code: 429, Status: "RESOURCE_EXHAUSTED", Message: "Too many requests. Exceeded the Provisioned Throughput."}

// Bought throughput may be used up without a fault: the next attempt comes at
// once, and nothing is kept back. The text alone does not count for an attempt
// that did not ask for it.
func TestProvisionedThroughput(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Seen)
		want   string
	}{
		{"at Vertex AI", func(*Seen) {}, ReasonProvisioned},
		{"with a long delay", func(s *Seen) { s.Delay = time.Hour }, ReasonProvisioned},
		{"asked for shared capacity", func(s *Seen) { s.Unprovisioned = true }, ReasonRateLimit},
		{"at AI Studio", func(s *Seen) { s.SharedCapacity = false }, ReasonRateLimit},
		{"a quota is named", func(s *Seen) {
			named := exceedsBoughtError
			named.Quotas = []gemini.Quota{{ID: "RequestsPerMinute", Value: "5"}}
			s.Error = &named
		}, ReasonRateLimit},
		{"the client's words", func(s *Seen) {
			s.Error = &gemini.Status{Message: "Resource exhausted: 'Exceeded the Provisioned Throughput.'"}
		}, ReasonRateLimit},
	} {
		s := Seen{Status: 429, Error: &exceedsBoughtError, SharedCapacity: true, Attempt: 1, MaxWait: time.Second}
		c.change(&s)
		r := Judge(s)
		if r.Row != c.want {
			t.Errorf("%s: the row is %s, want %s", c.name, r.Row, c.want)
		}
		if r.Row == ReasonProvisioned && (r.Verdict != policies.Retry || r.Wait != 0 || r.Rotate || r.Failure != Passing ||
			r.Account.Scope != NoEffect || r.Backend.Scope != NoEffect) {
			t.Errorf("%s: %+v, want a retry at once without an effect", c.name, r)
		}
	}
}

// Another tier may have capacity. A limit of the account in every tier is not
// one of the tier.
func TestNextTier(t *testing.T) {
	overloaded, capacity := Seen{Status: 503}, Seen{Status: 429, Error: &gemini.Status{Reason: "MODEL_CAPACITY_EXHAUSTED"}}
	limited, shared := Seen{Status: 429}, Seen{Status: 429, SharedCapacity: true}
	rotates := shared
	rotates.OtherAccount, rotates.Group.Ready = true, true
	for _, c := range []struct {
		name string
		seen Seen
		goes bool
	}{
		{"overloaded", overloaded, true},
		{"no capacity", capacity, true},
		{"shared capacity", shared, true},
		{"provisioned throughput", Seen{Status: 429, SharedCapacity: true, Error: &exceedsBoughtError}, true},
		{"shared capacity, with another account", rotates, false},
		{"the account's rate limit", limited, false},
		{"an error of the server", Seen{Status: 500}, false},
		{"a bad request", Seen{Status: 400}, false},
	} {
		c.seen.Attempt, c.seen.MaxWait = 1, time.Second
		if r := Judge(c.seen); r.OfTier {
			t.Errorf("%s: goes on to a tier that is not there", c.name)
		}
		c.seen.OtherTier = true
		r := Judge(c.seen)
		if r.OfTier != c.goes {
			t.Errorf("%s: to another tier %v, want %v", c.name, r.OfTier, c.goes)
		}
		if c.goes && (r.Verdict != policies.Failover || r.Wait != 0 || r.Rotate || r.Failure != Passing ||
			r.Account.Scope != NoEffect || r.Backend.Scope != NoEffect) {
			t.Errorf("%s: %+v, want a move at once without an effect", c.name, r)
		}
	}
}
