package exchange

import (
	"strings"
	"sync"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

// expectations estimate what a request will use from what earlier ones have
// used. It is safe for concurrent use.
type expectations struct {
	mu     sync.Mutex
	input  *account.Estimator
	output *account.Outputs
}

func newExpectations() *expectations {
	return &expectations{input: account.NewEstimator(), output: account.NewOutputs()}
}

// size holds the parts of a request that decide how much it will use.
type size struct {
	text  int64 // bytes, without media
	media []account.Media
	most  int64 // output tokens that the client allows; 0 if it does not say
}

// mostOutput is more output tokens than any model gives. Clients may send larger
// numbers, which would overflow when multiplied.
const mostOutput = 1 << 40

// sizeOf measures the client's body.
func (a *attempt) sizeOf(body []byte) size {
	s := size{text: int64(len(body))}
	limits := &a.req.Limits
	if d := a.features.Direct; d != nil {
		if !a.embeds() && len(a.caller.Tenant.Limits) > 0 { // else nobody asks
			limits = &d.Summary(body).Limits
		}
		for _, m := range d.Media(body) {
			s.add(&m)
		}
	}
	for i := range a.req.Messages {
		s.addParts(a.req.Messages[i].Parts)
	}
	if n := limits.MaxTokens; n != nil && *n > 0 {
		answers := min(max(limits.Candidates, 1), gemini.MaxCandidates)
		s.most = min(int64(*n), mostOutput) * int64(answers)
	}
	return s
}

func (s *size) addParts(parts []conversation.Part) {
	for i := range parts {
		if m := parts[i].Media; m != nil {
			s.add(m)
		}
		if r := parts[i].Result; r != nil {
			s.addParts(r.Parts)
		}
	}
}

// resolutions are what a client's detail of an image means.
var resolutions = map[string]account.Resolution{
	"low": account.LowResolution, "high": account.HighResolution, "max": account.UltraResolution,
}

// add moves media out of the text size. Text files stay in it.
func (s *size) add(m *conversation.Media) {
	kind := account.Image
	sort, _, _ := strings.Cut(m.MIME, "/")
	switch sort {
	case "video":
		kind = account.Video
	case "audio":
		kind = account.Audio
	case "text":
		return
	case "application":
		kind = account.Page
	}
	encoded := int64(len(m.Data))
	s.text = max(s.text-encoded, 0)
	s.media = append(s.media, account.Media{Kind: kind, Bytes: encoded / 4 * 3, Resolution: resolutions[m.Detail]})
}

// tokensOf estimates the tokens of the media for a model.
func (s *size) tokensOf(x *Exchange, model string) (sum int64) {
	if len(s.media) == 0 {
		return 0
	}
	fixed := x.catalog.Table().Capabilities(model).PartResolution
	for _, m := range s.media {
		sum += m.Tokens(fixed)
	}
	return sum
}

// expected is the usage of a model that the attempt reaches in few cases only:
// one in four for the input, one in twenty for the output.
func (a *attempt) expected(model string) record.Usage {
	e, t := a.x.expected, a.caller.Tenant.Name
	media := a.size.tokensOf(a.x, model)
	e.mu.Lock()
	defer e.mu.Unlock()
	u := record.Usage{Input: e.input.Tokens(t, model, a.size.text, media)}
	if a.embeds() || a.counts() {
		return u
	}
	u.Output = e.output.Tokens(t, model)
	if a.size.most > 0 {
		u.Output = min(u.Output, a.size.most)
	}
	return u
}

// room is how many tokens of a model's quota per minute to keep free for the
// attempt.
func (a *attempt) room(model string) int64 {
	e, media := a.x.expected, a.size.tokensOf(a.x, model)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.input.Room(a.caller.Tenant.Name, model, a.size.text, media)
}

// expect is the most that the attempt may use, whichever model of the plan it
// gets, in the tier that the chain asks for. An unknown price reserves nothing.
func (a *attempt) expect(order []route.Candidate) (all tenant.Estimate) {
	var seen route.Candidate
	for _, c := range order {
		if c.Model == seen.Model && c.Tier == seen.Tier { // those of one model stand together
			continue
		}
		seen = c
		u := a.expected(c.Model)
		certain := record.Usage{Input: u.Input}
		if u.Output == a.size.most {
			certain.Output = u.Output // the client asks for it
		}
		all.Input = max(all.Input, a.room(c.Model))
		all.Tokens, all.Certain = max(all.Tokens, u.Input+u.Output), max(all.Certain, certain.Input+certain.Output)
		all.Cost = maxCost(all.Cost, a.x.costOf(c.Model, pricedTier(c.Tier), &u).Nano)
		all.CertainCost = maxCost(all.CertainCost, a.x.costOf(c.Model, pricedTier(c.Tier), &certain).Nano)
	}
	return all
}

// maxCost is the larger of two costs; nil means unknown.
func maxCost(a, b *int64) *int64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

// learnUse records what an answer has used.
func (a *attempt) learnUse(outcome string) {
	if outcome != "passed" || a.answer == nil || a.resumption != nil || !a.answer.decoder.Usage().Known {
		return
	}
	u := a.answer.spent()
	if !a.promptCounted {
		a.learnInput(int64(u.Input))
	}
	e := a.x.expected
	e.mu.Lock()
	defer e.mu.Unlock()
	e.output.Note(a.caller.Tenant.Name, a.model, int64(u.Output))
}

// learnInput records how many tokens the request's input has.
func (a *attempt) learnInput(tokens int64) {
	e, media := a.x.expected, a.size.tokensOf(a.x, a.model)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.input.Note(a.caller.Tenant.Name, a.model, a.size.text, media, tokens)
}

// billed is what the attempt has used of its tenant's budgets, estimated where
// upstream did not say; nil if unknown.
func (a *attempt) billed() *tenant.Usage {
	if u := a.usageRecord(); u != nil {
		return &tenant.Usage{Input: u.Input, Output: u.Output, Cost: a.cost(u).Nano}
	}
	if status := a.response.Status; a.sentAt.IsZero() || a.counts() || status == 0 || succeeded(status) {
		return nil
	}
	return &tenant.Usage{Cost: new(int64)} // errors are not billed
}
