package simulate

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// take lets a policy choose, and returns the account; -1 if it refused.
func take(t *testing.T, p Policy, r *Request, tried ...int) (int, Lease) {
	t.Helper()
	lease, err := p.Acquire(t.Context(), r, tried)
	if err != nil {
		return -1, nil
	}
	return lease.Account(), lease
}

// baselineOf makes one replica of a baseline with two projects of two accounts.
func baselineOf(t *testing.T, name string) Policy {
	t.Helper()
	s := Named("steady")
	s.Projects = []Project{
		{Name: "a", Accounts: 2, Limits: Limits{RPM: 4, TPM: 2000}}, {Name: "b", Accounts: 2, Limits: Limits{RPM: 4, TPM: 2000}},
	}
	for _, m := range Baselines {
		if m.Name == name {
			return m.Make(s)[0]
		}
	}
	t.Fatalf("no baseline %q", name)
	return nil
}

func TestRandomPrefersUntried(t *testing.T) {
	p := baselineOf(t, "random")
	for range 100 {
		if got, _ := take(t, p, request(1), 0, 1, 3); got != 2 {
			t.Fatalf("account %d, want the one not yet tried", got)
		}
	}
}

func TestRoundRobinTakesTurns(t *testing.T) {
	p := baselineOf(t, "round-robin")
	last, _ := take(t, p, request(1))
	for range 9 {
		got, _ := take(t, p, request(1))
		if got != (last+1)%4 {
			t.Fatalf("account %d after %d", got, last)
		}
		last = got
	}
}

// The one that just ended is the least loaded.
func TestLeastLoaded(t *testing.T) {
	p := baselineOf(t, "least-loaded")
	leases := map[int]Lease{}
	for range 4 {
		account, lease := take(t, p, request(1))
		if leases[account] != nil {
			t.Fatalf("account %d twice while another was idle", account)
		}
		leases[account] = lease
	}
	leases[2].Done(Reply{Status: 503})
	if got, _ := take(t, p, request(1)); got != 2 {
		t.Errorf("account %d, want 2, which is idle", got)
	}
}

// A failure rests the whole project; where all rest, the policy says until when.
func TestCooldownRestsProjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := baselineOf(t, "least-loaded+cooldown")
		first, lease := take(t, p, request(1))
		lease.Note(Reply{Status: 429, Limit: "rpm", After: 20 * time.Second})
		lease.Done(Reply{Status: 429})
		for range 4 {
			if got, _ := take(t, p, request(1)); got/2 == first/2 {
				t.Fatalf("account %d of the project that rests", got)
			}
		}
		_, lease = take(t, p, request(1))
		lease.Note(Reply{Status: 503})
		_, err := p.Acquire(t.Context(), request(1), nil)
		if refused := (*Refused)(nil); !errors.As(err, &refused) || refused.RetryAfter != 5*time.Second {
			t.Fatalf("%v, want a refusal for 5 s", err)
		}
		time.Sleep(5 * time.Second)
		if got, _ := take(t, p, request(1)); got < 0 || got/2 == first/2 {
			t.Errorf("account %d, want one of the project that is back", got)
		}
	})
}

func TestLowestTPM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := baselineOf(t, "lowest-tpm")
		r := request(800)
		r.Estimate = 800
		seen := map[int]int{}
		for range 4 {
			account, lease := take(t, p, r)
			seen[account]++
			lease.Note(Reply{Status: 200})
			lease.Done(Reply{Status: 200})
		}
		if len(seen) != 4 {
			t.Fatalf("accounts %v, want each once: it has the fewest tokens", seen)
		}
		if got, _ := take(t, p, r); got >= 0 {
			t.Fatalf("account %d, want none: 900 tokens of 1,000 are used everywhere", got)
		}
		time.Sleep(time.Minute)
		account, lease := take(t, p, r)
		lease.Note(Reply{Status: 429})
		lease.Done(Reply{Status: 429})
		for range 6 {
			if got, _ := take(t, p, r); got == account {
				t.Fatalf("account %d right after its 429", got)
			}
		}
		if got, _ := take(t, p, r); got >= 0 {
			t.Errorf("account %d, want none: two requests a minute each", got)
		}
	})
}
