package simulate

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// provided runs a script against a provider of one project, in virtual time.
func provided(t *testing.T, p Project, change func(*Scenario), script func(*testing.T, *Provider)) {
	synctest.Test(t, func(t *testing.T) {
		s := Named("steady")
		s.Projects = []Project{p}
		if change != nil {
			change(s)
		}
		time.Sleep(s.Start)
		script(t, NewProvider(s))
	})
}

// request is one whose content comes after a second.
func request(input int64) *Request {
	return &Request{Input: input, Output: 100, Conversation: -1, Content: time.Second}
}

// ask sends a request and checks what comes.
func (p *Provider) expect(t *testing.T, r *Request, status int, limit string) Reply {
	t.Helper()
	reply := p.Ask(t.Context(), 0, r)
	if reply.Status != status || reply.Limit != limit {
		t.Fatalf("at %v: status %d, limit %q; want %d, %q", p.now(), reply.Status, reply.Limit, status, limit)
	}
	if status == 200 {
		p.Finish(0, r)
	}
	return reply
}

func TestProviderRates(t *testing.T) {
	provided(t, Project{Limits: Limits{RPM: 2, TPM: 1000}}, nil, func(t *testing.T, p *Provider) {
		if got := p.expect(t, request(100), 200, ""); got.Prompt != 100 { // at 0 s
			t.Errorf("the first piece tells of %d tokens, want 100", got.Prompt)
		}
		if got := p.expect(t, request(950), 429, "tpm"); got.Value != 1000 || got.After != 59*time.Second || got.Prompt != 0 {
			t.Errorf("told %+v, want the limit and 59 s", got)
		}
		p.expect(t, request(100), 200, "")
		got := p.expect(t, request(100), 429, "rpm")
		time.Sleep(got.After - refusalTime)
		p.expect(t, request(100), 200, "")
	})
}

func TestProviderHidesLimits(t *testing.T) {
	provided(t, Project{Limits: Limits{RPM: 1}}, func(s *Scenario) { s.Limits = Hidden }, func(t *testing.T, p *Provider) {
		p.expect(t, request(100), 200, "")
		if got := p.expect(t, request(100), 429, "rpm"); got.Value != 0 || got.After != 0 {
			t.Errorf("told %+v, want nothing", got)
		}
	})
}

// The day ends at midnight Pacific; what a 429 says of it is of no use.
func TestProviderDay(t *testing.T) {
	provided(t, Project{Limits: Limits{RPD: 1}}, func(s *Scenario) { s.Start = 7*time.Hour + 59*time.Minute }, func(t *testing.T, p *Provider) {
		p.expect(t, request(100), 200, "")
		if got := p.expect(t, request(100), 429, "rpd"); got.After != 20*time.Second {
			t.Errorf("told %v, want 20 s", got.After)
		}
		time.Sleep(time.Minute)
		p.expect(t, request(100), 200, "")
	})
}

func TestProviderTierDrop(t *testing.T) {
	provided(t, Project{Limits: Limits{RPM: 5}, Dropped: Limits{RPM: 1}, DropAt: 3 * time.Second}, nil, func(t *testing.T, p *Provider) {
		p.expect(t, request(1), 200, "")
		p.expect(t, request(1), 200, "")
		time.Sleep(time.Second)
		p.expect(t, request(1), 429, "rpm")
	})
}

func TestProviderCapacity(t *testing.T) {
	provided(t, Project{Capacity: []int{1}}, nil, func(t *testing.T, p *Provider) {
		r := request(100)
		if reply := p.Ask(t.Context(), 0, r); reply.Status != 200 {
			t.Fatalf("status %d, want 200", reply.Status)
		}
		p.expect(t, request(100), 429, "shared")
		p.Finish(0, r)
		p.expect(t, request(100), 200, "")
	})
}

// An outage refuses, and takes down what waits for its content.
func TestProviderOutage(t *testing.T) {
	out := Project{Outage: Period{500 * time.Millisecond, 10 * time.Second}}
	provided(t, out, nil, func(t *testing.T, p *Provider) {
		if got := p.expect(t, request(100), 503, ""); !got.Billed {
			t.Error("what was admitted before the outage is billed")
		}
		if got := p.expect(t, request(100), 503, ""); got.Billed {
			t.Error("what the outage refused is not billed")
		}
		time.Sleep(10 * time.Second)
		p.expect(t, request(100), 200, "")
	})
	out.Silent = true
	provided(t, out, nil, func(t *testing.T, p *Provider) {
		for range 2 {
			before := p.now()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			if reply := p.Ask(ctx, 0, request(100)); reply.Status != 0 || p.now()-before != 3*time.Second {
				t.Errorf("status %d after %v, want silence until it was given up", reply.Status, p.now()-before)
			}
			cancel()
		}
	})
}

// A project caches what it has read of a conversation, for a while.
func TestProviderCache(t *testing.T) {
	provided(t, Project{}, nil, func(t *testing.T, p *Provider) {
		turn := func(input, prefix int64, conversation int) *Request {
			r := request(input)
			r.Prefix, r.Conversation = prefix, conversation
			return r
		}
		for _, c := range []struct {
			what   string
			r      *Request
			cached int64
		}{
			{"first turn", turn(5000, 0, 1), 0},
			{"second turn", turn(6000, 5100, 1), 5100},
			{"a turn went elsewhere", turn(9000, 8000, 1), 6100},
			{"another conversation", turn(9000, 8000, 2), 0},
			{"too short to be cached", turn(3000, 2000, 2), 0},
		} {
			if got := p.expect(t, c.r, 200, ""); got.Cached != c.cached {
				t.Errorf("%s: %d cached, want %d", c.what, got.Cached, c.cached)
			}
		}
		time.Sleep(cacheLife + time.Second)
		if got := p.expect(t, turn(9900, 9000, 1), 200, ""); got.Cached != 0 {
			t.Errorf("after the cache's life %d are cached, want 0", got.Cached)
		}
	})
}
