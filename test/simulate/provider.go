package simulate

import (
	"context"
	"sync"
	"time"
)

// Provider is the simulated upstream. It enforces its limits exactly.
type Provider struct {
	scenario *Scenario
	begin    time.Time // when requests began to arrive

	mu    sync.Mutex
	quota map[quotaKey]*quota
	cache map[cacheKey]cached
}

type quotaKey struct{ project, model int }

// quota is what was used of a model in a project.
type quota struct {
	requests, tokens window
	date             string // of the provider's day
	day              int64
	running          int
}

type cacheKey struct{ project, conversation int }

// cached is the longest beginning of a conversation that a project has read.
type cached struct {
	tokens int64
	used   time.Duration
}

// cacheLife is how long an implicit cache outlives its last use. The provider
// promises nothing; minutes are what is seen.
const cacheLife = 5 * time.Minute

// refusalTime is what an error takes to come back.
const refusalTime = 150 * time.Millisecond

// pacific is where the provider's day begins at midnight. The simulation lies in
// winter.
var pacific = time.FixedZone("PST", -8*60*60)

// Reply is what an attempt came to.
type Reply struct {
	// Status is 200, 429, 503, or 0 if nothing came before the client or the
	// gateway gave up.
	Status int
	// Limit is which one refused: "rpm", "tpm", "rpd" or "shared".
	Limit string
	// Value and After are the limit's value and the delay that the body states;
	// 0 if it states none.
	Value  int64
	After  time.Duration
	Cached int64 // input tokens read from the cache
	// Prompt are the input tokens, which the first piece of an answer reports; 0
	// without an answer.
	Prompt int64
	// Billed says that the input was paid for.
	Billed bool
	// Content is the time to first content.
	Content time.Duration
	// Canceled says that the client was gone before.
	Canceled bool
}

// NewProvider makes the scenario's provider. Time begins now.
func NewProvider(s *Scenario) *Provider {
	return &Provider{scenario: s, begin: time.Now(), quota: map[quotaKey]*quota{}, cache: map[cacheKey]cached{}}
}

func (p *Provider) now() time.Duration { return time.Since(p.begin) }

// Ask sends a request to a project, and returns at the first content, or at the
// failure. After a 200 the caller calls Finish at the answer's end.
func (p *Provider) Ask(ctx context.Context, project int, r *Request) Reply {
	reply, content := p.admit(project, r)
	where := &p.scenario.Projects[project]
	switch {
	case reply.Status == 0: // silence
		<-ctx.Done()
		return reply
	case reply.Status != 200:
		sleep(ctx, refusalTime)
		return reply
	}
	ok := sleep(ctx, content)
	failed := ok && where.Outage.has(p.now())
	if ok && !failed {
		reply.Content, reply.Prompt = content, r.Input
		return reply
	}
	p.Finish(project, r)
	if failed && where.Silent {
		<-ctx.Done()
	}
	reply.Status = 0
	if failed && !where.Silent {
		reply.Status = 503
	}
	return reply // admitted, so it is paid for
}

// admit decides at once; 200 counts against the limits.
func (p *Provider) admit(project int, r *Request) (Reply, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, where := p.now(), &p.scenario.Projects[project]
	if where.Outage.has(now) {
		if where.Silent {
			return Reply{}, 0
		}
		return Reply{Status: 503}, 0
	}
	q := p.of(quotaKey{project, r.Model})
	limits := where.at(now)
	if most := where.capacity(now); most > 0 && q.running >= most {
		return Reply{Status: 429, Limit: "shared"}, 0
	}
	refuse := func(limit string, value int64, after time.Duration) (Reply, time.Duration) {
		reply := Reply{Status: 429, Limit: limit}
		if p.scenario.Limits != Hidden {
			reply.Value, reply.After = value, after
		}
		return reply, 0
	}
	if limits.RPD > 0 && q.day >= limits.RPD {
		// Seen in the field: a delay of seconds for a quota of the day.
		return refuse("rpd", limits.RPD, 20*time.Second)
	}
	if after := q.requests.room(now, 1, limits.RPM); after > 0 {
		return refuse("rpm", limits.RPM, after)
	}
	if after := q.tokens.room(now, r.Input, limits.TPM); after > 0 {
		return refuse("tpm", limits.TPM, after)
	}
	q.requests.add(now, 1)
	q.tokens.add(now, r.Input)
	q.day++
	q.running++
	reply := Reply{Status: 200, Billed: true, Cached: p.read(project, r, now)}
	return reply, time.Duration(float64(r.Content) * where.slowness(now))
}

// read says how much of the request's input the project's cache has, and puts
// the whole there; p.mu is held.
func (p *Provider) read(project int, r *Request, now time.Duration) (tokens int64) {
	if r.Conversation < 0 || r.Input < cacheMinimum {
		return 0
	}
	k := cacheKey{project, r.Conversation}
	if c := p.cache[k]; now-c.used <= cacheLife && min(c.tokens, r.Prefix) >= cacheMinimum {
		tokens = min(c.tokens, r.Prefix)
	}
	p.cache[k] = cached{r.Input + r.Output, now}
	return tokens
}

// of is a quota's count; p.mu is held.
func (p *Provider) of(k quotaKey) *quota {
	q := p.quota[k]
	if q == nil {
		fixed := p.scenario.FixedMinutes
		q = &quota{requests: window{fixed: fixed}, tokens: window{fixed: fixed}}
		p.quota[k] = q
	}
	if date := time.Now().In(pacific).Format(time.DateOnly); date != q.date {
		q.date, q.day = date, 0
	}
	return q
}

// Finish ends an answer.
func (p *Provider) Finish(project int, r *Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(quotaKey{project, r.Model}).running--
}

// sleep waits; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
