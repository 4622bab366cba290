package simulate

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// What clients and gateways do alike under every policy.
const (
	// attempts is a request's first try and three more.
	attempts = 4
	// patience is how long a client waits for the first content. Who waits longer
	// would only take the place of those for whom it is not too late.
	patience = goodWithin
	// silence is how long an attempt may be without content until it is given up.
	silence = 15 * time.Second
)

// backoff is the time before the next attempt: 1, 2, 4 s, of which chance takes
// up to a half. heald's own verdict table waits as long after a 429.
func backoff(rnd *rand.Rand, failed int) time.Duration {
	d := time.Second << (failed - 1)
	return d/2 + time.Duration(rnd.Float64()*float64(d/2))
}

// Told is what became of one request.
type Told struct {
	Request *Request
	// Answered says that content came before the client's patience ended, and
	// Content is when, from the arrival on. Waited is when the attempt was sent
	// that brought it.
	Answered        bool
	Content, Waited time.Duration
	At              time.Duration // of the content, within the scenario
	Cached          int64
	// Billed are input tokens that all attempts were billed for, those from the
	// cache at a tenth.
	Billed float64
	// Attempts went upstream; RateLimited of them ended with 429, Failed with
	// 5xx or in silence. Turned away counts the gateway's own refusals.
	Attempts, RateLimited, Failed, TurnedAway int
}

// cachedPrice is what a cached token costs of a token's price.
const cachedPrice = 0.1

// Run lets one policy serve the scenario's requests. It must be called in a
// bubble of testing/synctest.
func Run(s *Scenario, m Maker, requests []*Request) []Told {
	time.Sleep(s.Start)
	provider := NewProvider(s)
	replicas := m.Make(s)
	accounts := s.accounts()
	told := make([]Told, len(requests))
	var group sync.WaitGroup
	for i, r := range requests {
		time.Sleep(r.At - provider.now())
		group.Go(func() {
			told[i] = Told{Request: r}
			serve(provider, replicas[r.Replica], accounts, r, &told[i])
		})
	}
	group.Wait()
	for _, p := range replicas {
		p.Close()
	}
	return told
}

// serve is one client with one request.
func serve(provider *Provider, p Policy, accounts []Account, r *Request, told *Told) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rnd := rand.New(rand.NewPCG(r.Seed, 1))
	var tried []int
	for n := 1; n <= attempts; n++ {
		lease, err := p.Acquire(ctx, r, tried)
		if err == nil {
			if ask(ctx, provider, lease, accounts, told) {
				return
			}
			tried = append(tried, lease.Account())
		}
		wait := backoff(rnd, n)
		if refused := (*Refused)(nil); errors.As(err, &refused) {
			told.TurnedAway++
			wait = max(wait, refused.RetryAfter)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// ask is one attempt; it reports whether the request was answered.
func ask(ctx context.Context, provider *Provider, lease Lease, accounts []Account, told *Told) bool {
	r, project := told.Request, accounts[lease.Account()].Project
	waited := provider.now() - r.At
	deadline, cancel := context.WithTimeout(ctx, silence)
	reply := provider.Ask(deadline, project, r)
	cancel()
	reply.Canceled = reply.Status == 0 && ctx.Err() != nil
	told.Attempts++
	if reply.Billed {
		told.Billed += float64(r.Input-reply.Cached) + cachedPrice*float64(reply.Cached)
	}
	lease.Note(reply)
	switch {
	case reply.Canceled:
	case reply.Status == 429:
		told.RateLimited++
	case reply.Status != 200:
		told.Failed++
	default:
		told.Answered, told.Waited, told.Cached = true, waited, reply.Cached
		told.At = provider.now()
		told.Content = told.At - r.At
		time.Sleep(r.Stream)
		provider.Finish(project, r)
	}
	lease.Done(reply)
	return told.Answered
}
